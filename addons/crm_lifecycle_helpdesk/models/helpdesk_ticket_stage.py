from odoo import models


class HelpdeskTicketStage(models.Model):
    _inherit = "helpdesk.ticket.stage"

    def write(self, vals):
        """Refresh the customers of the tickets if the stage becomes closed or open."""
        result = super().write(vals)
        if "closed" in vals:
            # `sudo()` also queues customers of tickets that the user may not read.
            tickets = (
                self.env["helpdesk.ticket"]
                .sudo()
                .with_context(active_test=False)
                .search([("stage_id", "in", self.ids)])
            )
            tickets._log_lifecycle_state()
            tickets._mark_lifecycle_pending()
        return result
