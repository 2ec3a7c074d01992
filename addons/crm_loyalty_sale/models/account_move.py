from odoo import models


class AccountMove(models.Model):
    """Update points from invoices and credit notes."""

    _inherit = "account.move"

    def _post(self, soft=True):
        posted = super()._post(soft=soft)
        posted._sync_returned_points()
        return posted

    def button_draft(self):
        result = super().button_draft()
        self._sync_returned_points()
        return result

    def button_cancel(self):
        result = super().button_cancel()
        self._sync_returned_points()
        return result

    def _invoice_paid_hook(self):
        result = super()._invoice_paid_hook()
        self._get_loyalty_orders()._release_points()
        return result

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
