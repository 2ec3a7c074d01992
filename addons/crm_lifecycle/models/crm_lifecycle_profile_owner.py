"""Salespeople who keep their customers although the contact got another salesperson."""

from markupsafe import Markup

from odoo import fields, models


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _notify_kept_owners(self, new_owner):
        """Ask salespeople and their team leaders what to do about changed contacts.

        The user, without write access to these profiles, has given their contacts to
        another salesperson. The profiles keep theirs, who gets a to-do on the profile,
        as does the leader of their team. Each reads it in their own language.

        :param new_owner: the salesperson of the contacts now, perhaps empty
        """
        receivers = {}
        for profile in self:
            owner = profile.user_id
            for user in owner | profile._get_leaders(owner):
                if user != self.env.user and profile._can_act(user):
                    receivers[user] = receivers.get(user, self.browse()) | profile
        todo = self.env.ref("mail.mail_activity_data_todo")
        vals_list = []
        for user, profiles in receivers.items():
            # Only what the receiver may open.
            readable = profiles.with_user(user)._filtered_access("read")
            words = self._get_kept_texts(user, new_owner)
            vals_list += [
                {
                    "activity_type_id": todo.id,
                    "res_model_id": self.env["ir.model"]._get_id(self._name),
                    "res_id": profile.id,
                    "user_id": user.id,
                    "date_deadline": fields.Date.context_today(self),
                    "automated": True,
                    **words,
                }
                for profile in readable
            ]
        # For colleagues, about customers that the user does not see.
        self.env["mail.activity"].sudo().create(vals_list)

    def _get_leaders(self, owner):
        """Return the leaders of the teams of a salesperson in the profile's company."""
        self.ensure_one()
        teams = owner.sudo().crm_team_member_ids.crm_team_id
        return teams.filtered(
            lambda team: not team.company_id or team.company_id == self.company_id
        ).user_id

    def _get_kept_texts(self, receiver, new_owner):
        """Return summary and note of the to-do in the language of the receiver."""
        env = self.with_context(lang=receiver.lang).env
        # Names of colleagues, which every user may see.
        names = {
            "user": self.env.user.sudo().name,
            "salesperson": new_owner.sudo().name,
        }
        if new_owner:
            note = env._(
                "%(user)s has made %(salesperson)s the salesperson of the contact. The "
                "customer profile keeps its salesperson. Assign the profile to "
                "%(salesperson)s, or change the contact back.",
                **names,
            )
        else:
            note = env._(
                "%(user)s has removed the salesperson of the contact. The customer "
                "profile keeps its salesperson. Change the profile too, or change the "
                "contact back.",
                **names,
            )
        return {
            "summary": env._("Another salesperson for the contact"),
            "note": Markup("<p>%s</p>") % note,
        }
