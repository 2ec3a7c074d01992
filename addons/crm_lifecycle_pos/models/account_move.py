from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def write(self, vals):
        """Read till orders again when a credit note of their invoice is posted."""
        result = super().write(vals)
        if "state" in vals:
            self._mark_till_orders_pending()
        return result

    def _mark_till_orders_pending(self):
        """Extension point: have the next run read again what credit notes return."""
        # sudo: purchases follow the invoices, regardless of the user's access.
        reversed_moves = self.sudo().filtered("reversed_entry_id").reversed_entry_id
        orders = reversed_moves.pos_order_ids
        self.env["crm.lifecycle.purchase.pending"]._mark_pending("pos", orders.ids)
        return orders
