from odoo import models

from .crm_lifecycle_source import watermark_index


class CalendarEvent(models.Model):
    _inherit = "calendar.event"

    _lifecycle_written_idx = watermark_index("write_date, start")

    def write(self, vals):
        if "partner_ids" in vals or "opportunity_id" in vals:
            self._touch_lifecycle()
        return super().write(vals)

    def unlink(self):
        """A deleted meeting leaves no row for the next run to find."""
        self._touch_lifecycle()
        return super().unlink()

    def _touch_lifecycle(self):
        """Have the next run look at those invited until now."""
        Source = self.env["crm.lifecycle.source.contact"]
        meetings = self.sudo()  # private meetings count as well, none is shown
        Source._touch_documents("res.partner", meetings.partner_ids.ids)
        Source._touch_documents("crm.lead", meetings.opportunity_id.ids)
