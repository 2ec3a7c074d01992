from odoo import models
from odoo.tools import SQL

from .crm_lifecycle_source import watermark_index


class MailMessage(models.Model):
    _name = "mail.message"
    _inherit = ["crm.lifecycle.owner.mixin", "mail.message"]

    _lifecycle_owner_fields = frozenset({"model", "res_id"})

    _lifecycle_written_idx = watermark_index("write_date, date")

    def _mark_owners_pending(self, vals_list):
        """Put the customers of the old and the new documents on the work list."""
        Source = self.env["crm.lifecycle.source.contact"]
        rows = self.env.execute_query(
            SQL(
                """
                SELECT o.model, array_agg(o.res_id)
                  FROM %s
                  CROSS JOIN LATERAL (SELECT old.* UNION ALL SELECT new.*) AS o
                 WHERE o.res_id IS NOT NULL
                 GROUP BY o.model
                """,
                self._get_owner_changes(vals_list),
            )
        )
        for model, res_ids in rows:
            Source._mark_documents_pending(model, res_ids)

    def unlink(self):
        """Update the work list first: a deleted message leaves no row to find."""
        Source = self.env["crm.lifecycle.source.contact"]
        # sudo: includes messages that the user may not read.
        for model, messages in self.sudo().grouped("model").items():
            Source._mark_documents_pending(model, messages.mapped("res_id"))
        return super().unlink()
