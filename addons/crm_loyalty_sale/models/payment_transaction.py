from odoo import models


class PaymentTransaction(models.Model):
    """Update points of orders that are paid online."""

    _inherit = "payment.transaction"

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            self._sync_paid_points()
        return result

    def _post_process(self):
        """Release points of orders that post-processing has confirmed."""
        result = super()._post_process()
        self._sync_paid_points()
        return result

    def _sync_paid_points(self):
        # Users who process payments need not have access to orders. A refund is linked
        # to its order by the transaction that it refunds.
        transactions = self.sudo()
        orders = (transactions | transactions.source_transaction_id).sale_order_ids
        orders._sync_paid_points()
