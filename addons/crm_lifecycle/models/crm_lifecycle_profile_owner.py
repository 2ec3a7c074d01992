"""Salespeople who keep their customers when the contact is reassigned."""

from markupsafe import Markup

from odoo import fields, models


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _in_all_companies(self):
        """Return the profiles with access to all companies of the user."""
        companies = list(self.env.user._get_company_ids())
        return self.with_context(allowed_company_ids=companies)

    def _filter_writable(self):
        """Return the profiles that the user may write, in any company of the user.

        A contact is changed for all companies at once.
        """
        if self.env.su:
            return self
        mine = self._in_all_companies()._filtered_access("write")
        return self.browse(mine.ids)

    def _notify_kept_owners(self, new_owner):
        """Notify salespeople and their team leaders about reassigned contacts.

        The user has no write access to these profiles, but has reassigned their
        contacts to another salesperson. The profiles keep their salesperson, who gets a
        to-do on the profile, like the leader of the salesperson's team. The to-do is in
        the language of its receiver.

        :param new_owner: the new salesperson of the contacts, possibly empty
        """
        receivers = {}
        for profile in self:
            owner = profile.user_id
            for user in owner | profile._get_leaders(owner):
                if user != self.env.user and profile._can_act(user):
                    receivers.setdefault(user, []).append(profile.id)
        todo = self.env.ref("mail.mail_activity_data_todo")
        vals_list = []
        for user, ids in receivers.items():
            # Only profiles that the receiver may open.
            theirs = self.browse(ids).with_user(user)
            readable = theirs._in_all_companies()._filtered_access("read")
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
        # sudo: to-dos of colleagues, about customers that the user does not see.
        self.env["mail.activity"].sudo().create(vals_list)

    def _get_leaders(self, owner):
        """Return the leaders of the teams of a salesperson in the profile's company."""
        self.ensure_one()
        return owner._get_lifecycle_teams(self.company_id).user_id

    def _get_kept_texts(self, receiver, new_owner):
        """Return summary and note of the to-do in the language of the receiver."""
        env = self.with_context(lang=receiver.lang).env
        # sudo: names of colleagues, which every user may see.
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
