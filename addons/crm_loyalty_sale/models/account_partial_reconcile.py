from odoo import models


class AccountPartialReconcile(models.Model):
    """Suspend points of invoices that lose a payment."""

    _inherit = "account.partial.reconcile"

    def unlink(self):
        moves = (self.debit_move_id | self.credit_move_id).move_id
        result = super().unlink()
        moves.exists()._sync_paid_points()
        return result
