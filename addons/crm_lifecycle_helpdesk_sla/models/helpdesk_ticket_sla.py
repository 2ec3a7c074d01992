from odoo import models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class HelpdeskTicketSla(models.Model):
    _inherit = "helpdesk.ticket.sla"

    _lifecycle_written_idx = watermark_index("write_date, deadline")
    _lifecycle_ticket_idx = models.Index("(ticket_id)")

    def unlink(self):
        """Refresh the customers of deleted levels, which leave no row to find."""
        self.ticket_id._mark_lifecycle_pending()
        return super().unlink()
