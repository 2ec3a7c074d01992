from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _mark_till_orders_pending(self):
        """Read the orders of Sales again that the till orders settle."""
        orders = super()._mark_till_orders_pending()
        settled = orders.lines.sale_order_line_id.order_id
        self.env["crm.lifecycle.purchase.pending"]._mark_pending("sale", settled.ids)
        return orders
