from odoo import api, models
from odoo.tools import SQL


class CrmLifecyclePurchaseChannelPos(models.AbstractModel):
    """Till orders without lines that settle orders of Sales or are down payments."""

    _inherit = "crm.lifecycle.purchase.channel.pos"

    @api.model
    def _get_is_own_line(self):
        return SQL("(%s AND l.sale_order_line_id IS NULL)", super()._get_is_own_line())

    @api.model
    def _get_is_own_credit(self):
        return SQL(
            """
            (%s AND NOT EXISTS (
                SELECT FROM pos_order AS b
                  JOIN pos_order_line AS l ON l.order_id = b.id
                 WHERE b.account_move = r.reversed_entry_id
                   AND l.sale_order_line_id IS NOT NULL
                   AND l.product_id = i.product_id))
            """,
            super()._get_is_own_credit(),
        )
