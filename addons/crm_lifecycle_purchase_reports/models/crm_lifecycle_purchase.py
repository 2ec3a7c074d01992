from odoo import api, models
from odoo.tools import SQL


class CrmLifecyclePurchase(models.Model):
    _inherit = "crm.lifecycle.purchase"

    @api.model
    def _after_update(self, is_first):
        """Have the purchases by month of the changed customers refreshed."""
        result = super()._after_update(is_first)
        if is_first:
            # sudo: a mark of the engine on all companies.
            marked = [("lifecycle_purchase_watermark", "!=", False)]
            companies = self.env["res.company"].sudo().search(marked)
            companies.lifecycle_purchase_watermark = False
        self.env.cr.execute(
            SQL(
                "INSERT INTO crm_lifecycle_purchase_month_pending "
                "(company_id, partner_id) "
                "SELECT DISTINCT company_id, partner_id FROM lifecycle_changed"
            )
        )
        return result
