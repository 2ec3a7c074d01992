from odoo import models


class AccountAccount(models.Model):
    _inherit = "account.account"

    def write(self, vals):
        """What is owed is what stands on receivable accounts, whichever these are."""
        if "account_type" in vals:
            changed = self.filtered(lambda a: a.account_type != vals["account_type"])
            if "asset_receivable" in (
                *changed.mapped("account_type"),
                vals["account_type"],
            ):
                # Which companies use an account is configuration; runs start anew.
                self.env["crm.lifecycle.run"]._forget_watermark(
                    changed.sudo().company_ids
                )
        return super().write(vals)
