from odoo import models

from .crm_lifecycle_source import watermark_index


class CalendarAttendee(models.Model):
    _inherit = "calendar.attendee"

    _lifecycle_written_idx = watermark_index("write_date")

    def unlink(self):
        """Update the work list first: a deleted answer leaves no row to find."""
        self.event_id._mark_lifecycle_pending()
        return super().unlink()
