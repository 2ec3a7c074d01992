from odoo import models

from .crm_lifecycle_source import watermark_index


class MailMessage(models.Model):
    _inherit = "mail.message"

    _lifecycle_written_idx = watermark_index("write_date, date")

    def unlink(self):
        """Update the work list first: a deleted message leaves no row to find."""
        Source = self.env["crm.lifecycle.source.contact"]
        # sudo: includes messages that the user may not read.
        for model, messages in self.sudo().grouped("model").items():
            Source._mark_documents_pending(model, messages.mapped("res_id"))
        return super().unlink()
