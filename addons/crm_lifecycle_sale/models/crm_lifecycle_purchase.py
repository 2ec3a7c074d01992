from odoo import api, models
from odoo.tools import SQL


class CrmLifecyclePurchase(models.Model):
    _inherit = "crm.lifecycle.purchase"

    @api.model
    def _get_claimed_moves(self):
        """Count invoice lines of orders with the orders, and no down payments."""
        return [
            *super()._get_claimed_moves(),
            SQL(
                "EXISTS (SELECT FROM sale_order_line_invoice_rel AS r "
                "WHERE r.invoice_line_id = i.id)"
            ),
            SQL("i.is_downpayment IS TRUE"),
        ]
