from odoo import models


class AccountAccount(models.Model):
    _inherit = "account.account"

    def write(self, vals):
        """Refresh all facts if an account becomes, or stops being, receivable."""
        if "account_type" in vals:
            changed = self.filtered(lambda a: a.account_type != vals["account_type"])
            if "asset_receivable" in (
                *changed.mapped("account_type"),
                vals["account_type"],
            ):
                # `sudo()`: the companies of an account are configuration. Their next
                # run refreshes all customers.
                self.env["crm.lifecycle.run"]._reset_watermark(
                    changed.sudo().company_ids
                )
        return super().write(vals)
