from odoo import api, models
from odoo.tools import SQL


class CrmLifecyclePurchaseChannelPos(models.AbstractModel):
    """Till orders without lines that settle orders of Sales or are down payments."""

    _inherit = "crm.lifecycle.purchase.channel.pos"

    @api.model
    def _get_is_own_line(self):
        return SQL("(%s AND l.sale_order_line_id IS NULL)", super()._get_is_own_line())
