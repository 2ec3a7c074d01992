from odoo import models


class ResCompany(models.Model):
    _inherit = "res.company"

    def write(self, vals):
        """Compare all documents again if the days of their purchases may differ."""
        if "lifecycle_tz" in vals:
            # sudo: a change of company settings, by users who may change them.
            self.env["crm.lifecycle.purchase.watermark"].sudo()._reset()
        return super().write(vals)
