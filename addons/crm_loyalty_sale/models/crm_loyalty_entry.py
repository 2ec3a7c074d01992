from odoo import api, models
from odoo.tools import split_every


class CrmLoyaltyEntry(models.Model):
    _inherit = "crm.loyalty.entry"

    @api.model
    def _cron_release(self):
        """Release pending points of all orders that are paid by now."""
        Order = self.env["sale.order"]
        for order_ids in split_every(500, self._get_unpaid_document_ids(Order._name)):
            orders = Order.browse(order_ids).exists()
            orders._sync_paid_points()
            if not self.env["ir.cron"]._commit_progress(len(orders)):
                break
