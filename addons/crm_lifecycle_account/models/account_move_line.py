from odoo import api, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["crm.lifecycle.owner.mixin", "account.move.line"]

    _lifecycle_owner_fields = frozenset({"partner_id", "company_id", "account_id"})
    _triggers_lifecycle_run = False

    _lifecycle_written_idx = watermark_index("write_date")
    _lifecycle_due_idx = models.Index(
        "(account_id, date_maturity) WHERE date_maturity IS NOT NULL"
    )
    _lifecycle_set_back_idx = models.Index(
        "(id) WHERE parent_state <> 'posted' AND matching_number IS NOT NULL"
    )

    @api.model
    def _get_owners_sql(self):
        """Return the customer of receivable lines that were posted before."""
        return SQL(
            """
            SELECT o.company_id, o.partner_id, NULL::int
             WHERE EXISTS (SELECT FROM account_account AS a
                            WHERE a.id = o.account_id
                              AND a.account_type = 'asset_receivable')
               AND EXISTS (SELECT FROM account_move AS m
                            WHERE m.id = o.move_id AND m.posted_before)
            """
        )

    def unlink(self):
        self._mark_posted_pending()
        return super().unlink()

    def _mark_posted_pending(self):
        """Add the customers of lines that were posted before to the work list."""
        self.filtered(lambda line: line.move_id.posted_before)._mark_lifecycle_pending()

    def _mark_lifecycle_pending(self):
        """Add the customers of receivable lines to the work list.

        Return whether there are any customers.
        """
        Pending = self.env["crm.lifecycle.pending"]
        # `sudo()` also queues customers that the user may not read.
        lines = self.sudo().filtered(
            lambda line: line.partner_id and line.account_type == "asset_receivable"
        )
        for company, owed in lines.grouped("company_id").items():
            Pending._mark_pending(company, partners=owed.partner_id)
        return bool(lines)
