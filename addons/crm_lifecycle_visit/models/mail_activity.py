from odoo import models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    def _get_planned_visits(self):
        """Return the planned visits of these activities, of any user."""
        # `sudo()`: users who may close the activity may close its visit.
        return (
            self.env["crm.lifecycle.visit"]
            .sudo()
            .search([("activity_id", "in", self.ids), ("state", "=", "planned")])
        )

    def write(self, vals):
        """Give planned visits to the new user of their activity."""
        result = super().write(vals)
        if vals.get("user_id"):
            self._get_planned_visits().filtered(
                lambda visit: visit.user_id.id != vals["user_id"]
            ).user_id = vals["user_id"]
        return result

    def _action_done(self, feedback=False, attachment_ids=None):
        """Mark the visits of the activities as done."""
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
        """Cancel the visits of deleted activities."""
        self._get_planned_visits().write({"state": "cancelled"})
        return super().unlink()
