from odoo import models

from .crm_lifecycle_source import watermark_index


class MailMessage(models.Model):
    _name = "mail.message"
    _inherit = ["crm.lifecycle.owner.mixin", "mail.message"]

    _lifecycle_owner_fields = frozenset({"model", "res_id"})

    _lifecycle_written_idx = watermark_index("write_date, date")

    def _mark_owners_pending(self, vals_list):
        """Put the customers of the old and the new documents on the work list."""
        self.env["crm.lifecycle.source.contact"]._mark_changed_documents_pending(
            self._get_owner_changes(vals_list), "model"
        )

    def unlink(self):
        """Update the work list first: a deleted message leaves no row to find."""
        Source = self.env["crm.lifecycle.source.contact"]
        # sudo: includes messages that the user may not read.
        for model, messages in self.sudo().grouped("model").items():
            Source._mark_documents_pending(model, messages.mapped("res_id"))
        return super().unlink()
