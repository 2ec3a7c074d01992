from odoo import models


class AccountMove(models.Model):
    """Update points from invoices and credit notes."""

    _inherit = "account.move"

    def _post(self, soft=True):
        posted = super()._post(soft=soft)
        posted._sync_returned_points()
        posted._sync_paid_points()
        return posted

    def button_draft(self):
        result = super().button_draft()
        self._sync_returned_points()
        self._sync_paid_points()
        return result

    def button_cancel(self):
        result = super().button_cancel()
        self._sync_returned_points()
        self._sync_paid_points()
        return result

    def _invoice_paid_hook(self):
        result = super()._invoice_paid_hook()
        self._sync_paid_points()
        return result

    def _sync_paid_points(self):
        """Release or suspend points of the orders, as they are paid or not.

        The orders are those of these invoices, and of invoices that these moves pay.
        """
        moves = self | self._get_reconciled_moves()
        moves._get_loyalty_orders()._sync_paid_points()

    def _get_reconciled_moves(self):
        """Return the moves that pay these moves, or are paid by them."""
        # Moves of the same reconciliation: access to one is access to its payment.
        lines = self.sudo().line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        return (
            lines.matched_debit_ids.debit_move_id
            | lines.matched_credit_ids.credit_move_id
        ).move_id

    def _is_paid_for_points(self):
        """Return whether the invoice is paid.

        A payment that is reset to draft stays reconciled, but is no payment.
        """
        self.ensure_one()
        return self.payment_state in ("in_payment", "paid", "reversed") and all(
            move.state == "posted" for move in self._get_reconciled_moves()
        )

    def _get_loyalty_orders(self):
        """Return the orders of the invoices and credit notes."""
        moves = self.filtered(lambda m: m.move_type in ("out_invoice", "out_refund"))
        # Accountants need not have access to the orders of their invoices.
        return moves.sudo().invoice_line_ids.sale_line_ids.order_id

    def _sync_returned_points(self):
        for move in self:
            orders = move._get_loyalty_orders()
            if orders:
                orders._sync_returned_points(move)
