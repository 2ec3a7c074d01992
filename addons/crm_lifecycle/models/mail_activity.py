from odoo import models

from .crm_lifecycle_source import watermark_index


class MailActivity(models.Model):
    _inherit = "mail.activity"

    _lifecycle_written_idx = watermark_index("write_date, create_date, date_done")

    def unlink(self):
        """A cancelled activity leaves no row for the next run to find."""
        Source = self.env["crm.lifecycle.source.contact"]
        for model, activities in self.grouped("res_model").items():
            Source._touch_documents(model, activities.mapped("res_id"))
        return super().unlink()
