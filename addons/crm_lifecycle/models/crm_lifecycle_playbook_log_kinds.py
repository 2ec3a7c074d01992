"""Kinds of playbook steps.

Each kind has a method ``_perform_<kind>(row, record)``. It returns values for the log
or nothing, raises `StepSkipped` if there is nothing to do, or fails.
"""

from odoo import api, models
from odoo.fields import Command
from odoo.tools.mail import email_normalize, email_split_and_format

from ..engine.responsibles import SALESPERSON
from .crm_lifecycle_playbook_log import StepSkipped


class CrmLifecyclePlaybookLog(models.Model):
    _inherit = "crm.lifecycle.playbook.log"

    @api.model
    def _perform_close(self, row, activities):
        """Delete open activities: marking them as done would count as a contact."""
        names = [item.summary or item.activity_type_id.name for item in activities]
        activities.unlink()
        return {
            "reason": self.env._(
                "No longer due: %(activities)s", activities=", ".join(names)
            )
        }

    @api.model
    def _perform_exit(self, row, action):
        self._run_action(row.profile_id, action)

    @api.model
    def _perform_enter(self, row, action):
        self._run_action(row.profile_id, action)

    @api.model
    def _run_action(self, profile, action):
        """Run a server action on the customer, as automation rules run theirs."""
        action.with_context(
            active_model=profile._name, active_id=profile.id, active_ids=profile.ids
        ).run()

    @api.model
    def _perform_plan(self, row, line):
        """Schedule one activity of a plan, like Odoo's own wizard."""
        profile, plan = row.profile_id, line.plan_id
        if not plan.active:
            raise StepSkipped(self.env._("The plan is archived."))
        # sudo: the parent of a company is not confidential.
        if plan.company_id and plan.company_id not in row.company_id.sudo().parent_ids:
            raise StepSkipped(self.env._("The plan is another company's."))
        # No user can choose the responsible “on demand” here: use the salesperson.
        asked = profile._find_responsible(SALESPERSON)
        if line.responsible_type == "on_demand" and asked.error:
            raise StepSkipped(asked.error)
        answer = line._determine_responsible(asked.user, profile)
        if line.responsible_type == "on_demand":
            answer["warning"] = asked.warning
        if answer["error"]:
            raise StepSkipped(answer["error"])
        found = profile._find_fixed_responsible(answer["responsible"])
        if found.error:
            raise StepSkipped(found.error)
        user = self._check_user(found.user)
        activity = profile.activity_schedule(
            activity_type_id=line.activity_type_id.id,
            summary=line.summary,
            note=line.note,
            user_id=user.id,
            date_deadline=line._get_date_deadline(row.date),
        )
        return {
            "activity_id": activity.id,
            "reason": found.warning or answer.get("warning"),
        }

    @api.model
    def _check_user(self, user):
        """Return the user of an activity; skip the step if there is no active one."""
        if not user:
            raise StepSkipped(self.env._("Nobody is responsible."))
        if not user.active:
            raise StepSkipped(
                self.env._("%(user)s is archived.", user=user.display_name)
            )
        return user

    @api.model
    def _perform_mail(self, row, template):
        """Queue an email to the customer, in the customer's language."""
        profile = row.profile_id
        if not template.active:
            raise StepSkipped(self.env._("The email template is archived."))
        if not profile.partner_id:
            # Odoo only finds the language of contacts by itself.
            template = template.with_context(lang=profile.lead_id.lang_code)
        values = self._get_recipients(profile, template)
        if not values["email_to"] and not values["recipient_ids"]:
            raise StepSkipped(self.env._("The customer has no email address."))
        values = self._exclude_blacklisted(profile, values)
        if not values["email_to"] and not values["recipient_ids"]:
            raise StepSkipped(
                self.env._("The customer's email address is on the blacklist.")
            )
        if not template.email_from:
            sender = profile.user_id.partner_id
            sender = sender if sender.email else row.company_id.partner_id
            if sender.email:
                values.update(email_from=sender.email_formatted, author_id=sender.id)
        template.send_mail(profile.id, force_send=False, email_values=values)

    @api.model
    def _get_recipients(self, profile, template):
        """Return the recipients of an email: the template's, or else the customer."""
        named = template.email_to or template.partner_to or template.email_cc
        if template.use_default_to or not named:
            found = profile._message_get_default_recipients()[profile.id]
        else:
            found = template._generate_template(
                profile.ids, ("email_cc", "email_to", "partner_to")
            )[profile.id]
        partners = self.env["res.partner"].browse(found.get("partner_ids") or [])
        return {
            "email_to": found.get("email_to") or False,
            "email_cc": found.get("email_cc") or False,
            "recipient_ids": [
                Command.link(partner.id)
                for partner in partners
                if partner.email_normalized
            ],
        }

    @api.model
    def _exclude_blacklisted(self, profile, values):
        """Return the recipients without blacklisted addresses."""
        partners = self.env["res.partner"].browse(
            command[1] for command in values["recipient_ids"]
        )
        texts = [values["email_to"], values["email_cc"]]
        blacklisted = profile._get_blacklisted([*texts, *partners.mapped("email")])
        if not blacklisted:
            return values

        def exclude(text):
            return ", ".join(
                address
                for address in email_split_and_format(text or "")
                if email_normalize(address) not in blacklisted
            )

        return {
            "email_to": exclude(values["email_to"]),
            "email_cc": exclude(values["email_cc"]),
            "recipient_ids": [
                Command.link(partner.id)
                for partner in partners
                if partner.email_normalized not in blacklisted
            ],
        }
