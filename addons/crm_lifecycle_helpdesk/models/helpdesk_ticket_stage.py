from odoo import models


class HelpdeskTicketStage(models.Model):
    _inherit = "helpdesk.ticket.stage"

    def write(self, vals):
        """A stage that is closed from now on closes its tickets, and the reverse."""
        result = super().write(vals)
        if "closed" in vals:
            # All of them are noted for the runs, whatever the user may see.
            tickets = (
                self.env["helpdesk.ticket"]
                .sudo()
                .with_context(active_test=False)
                .search([("stage_id", "in", self.ids)])
            )
            tickets._note_lifecycle_state()
            tickets._touch_lifecycle()
        return result
