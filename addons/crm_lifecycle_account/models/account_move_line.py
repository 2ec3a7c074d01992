from odoo import models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    _lifecycle_written_idx = watermark_index("write_date")
    _lifecycle_due_idx = models.Index(
        "(account_id, date_maturity) WHERE date_maturity IS NOT NULL"
    )
    _lifecycle_set_back_idx = models.Index(
        "(id) WHERE parent_state <> 'posted' AND matching_number IS NOT NULL"
    )

    def write(self, vals):
        """The customer, or the account, that a line leaves has no row to find."""
        if vals.keys() & {"partner_id", "account_id"}:
            self._touch_counted()
        return super().write(vals)

    def unlink(self):
        self._touch_counted()
        return super().unlink()

    def _touch_counted(self):
        """Put on the work list whom lines that were posted once counted for."""
        self.filtered(lambda line: line.move_id.posted_before)._touch_lifecycle()

    def _touch_lifecycle(self):
        """Put the customers on the work list who owe what these lines say.

        Return whether there are any.
        """
        Touch = self.env["crm.lifecycle.touch"]
        # Which customer a line belongs to is noted for the runs, not shown.
        lines = self.sudo().filtered(
            lambda line: line.partner_id and line.account_type == "asset_receivable"
        )
        for company, owed in lines.grouped("company_id").items():
            Touch._touch(company, partners=owed.partner_id)
        return bool(lines)
