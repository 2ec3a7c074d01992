from odoo import models

from .crm_lifecycle_source import watermark_index


class CalendarEvent(models.Model):
    _inherit = "calendar.event"

    _lifecycle_written_idx = watermark_index("write_date, start, stop")

    def write(self, vals):
        if "partner_ids" in vals or "opportunity_id" in vals:
            self._mark_lifecycle_pending()
        return super().write(vals)

    def unlink(self):
        """Update the work list first: a deleted meeting leaves no row to find."""
        self._mark_lifecycle_pending()
        return super().unlink()

    def _mark_lifecycle_pending(self):
        """Put the present attendees and leads of the meetings on the work list."""
        Source = self.env["crm.lifecycle.source.contact"]
        meetings = self.sudo()  # sudo: private meetings count too; none is shown
        Source._mark_documents_pending("res.partner", meetings.partner_ids.ids)
        Source._mark_documents_pending("crm.lead", meetings.opportunity_id.ids)
