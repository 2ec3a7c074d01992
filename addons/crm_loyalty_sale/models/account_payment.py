from odoo import models


class AccountPayment(models.Model):
    """Update points when a payment is cancelled, rejected, reset or confirmed.

    A payment need not have a journal entry that is reconciled with the invoice.
    """

    _inherit = "account.payment"

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            self._sync_paid_points()
        return result

    def unlink(self):
        moves, orders = self._get_paid_documents()
        result = super().unlink()
        moves.exists()._sync_paid_points()
        orders._sync_paid_points()
        return result

    def _sync_paid_points(self):
        moves, orders = self._get_paid_documents()
        moves._sync_paid_points()
        orders._sync_paid_points()

    def _get_paid_documents(self):
        """Return the invoices, and the orders paid by transactions."""
        # Accountants need not have access to transactions and orders.
        payments = self.sudo()
        return (
            payments.invoice_ids | payments.reconciled_invoice_ids,
            payments.payment_transaction_id.sale_order_ids,
        )
