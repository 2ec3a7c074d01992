from odoo import models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    def _get_planned_visits(self):
        """Return the visits that wait for these activities, whoever's they are."""
        # Whoever may close an activity closes the visit that it stands for.
        return (
            self.env["crm.lifecycle.visit"]
            .sudo()
            .search([("activity_id", "in", self.ids), ("state", "=", "planned")])
        )

    def _action_done(self, feedback=False, attachment_ids=None):
        """A visit that is marked as done on the list of activities was one."""
        visits = self._get_planned_visits()
        result = super()._action_done(feedback, attachment_ids)
        for company, members in visits.grouped("company_id").items():
            members.write(
                {
                    "state": "done",
                    "result": "reached",
                    "date_done": company._lifecycle_today(),
                }
            )
            if feedback:
                members.filtered(lambda visit: not visit.note).note = feedback
        return result

    def unlink(self):
        """A visit whose activity is cancelled is not made."""
        self._get_planned_visits().write({"state": "cancelled"})
        return super().unlink()
