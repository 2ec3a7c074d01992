from odoo import api, models

from odoo.addons.crm_loyalty.engine.ledger import MAX_BALANCE
from odoo.addons.crm_loyalty.models.crm_loyalty_bounded_mixin import check_values

# Fields of lines that decide what an order earns and spends.
EARNING_FIELDS = {
    "product_id",
    "product_uom_qty",
    "product_uom_id",
    "price_unit",
    "discount",
    "tax_ids",
    "points_cost",
    "coupon_id",
    "reward_id",
}
# A reward costs points. A negative cost would let a line give points by hand.
COST_BOUNDS = {"points_cost": (0, MAX_BALANCE)}


class SaleOrderLine(models.Model):
    """Post changes of rewards on confirmed orders."""

    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            check_values(self, vals, COST_BOUNDS)
        orders = self.env["sale.order"].browse(
            {vals["order_id"] for vals in vals_list if vals.get("order_id")}
        )
        with orders._sync_changed_points():
            if not any(vals.get("points_cost") for vals in vals_list):
                return super().create(vals_list)
            with self.env["loyalty.card"]._collect_points(orders._get_change_postings):
                return super().create(vals_list)

    def write(self, vals):
        check_values(self, vals, COST_BOUNDS)
        if not EARNING_FIELDS & vals.keys():
            return super().write(vals)
        orders = self.order_id
        with orders._sync_changed_points():
            if "points_cost" not in vals or not self._is_points_posted():
                return super().write(vals)
            with self.env["loyalty.card"]._collect_points(orders._get_change_postings):
                return super().write(vals)

    def unlink(self):
        orders = self.order_id
        with orders._sync_changed_points():
            if not self._is_points_posted():
                return super().unlink()
            with self.env["loyalty.card"]._collect_points(orders._get_change_postings):
                return super().unlink()

    def _is_points_posted(self):
        """Return whether changing the reward lines changes balances."""
        return any(line.state == "sale" and line.coupon_id for line in self)

    def _compute_invoice_status(self):
        """Update points when nothing more of a line will be delivered or invoiced."""
        result = super()._compute_invoice_status()
        short = self.filtered(lambda line: line.id and line._is_short())
        if short:
            short.order_id._sync_points_later()
        return result

    def _is_short(self):
        """Return whether less than ordered was invoiced, and nothing more will be."""
        self.ensure_one()
        return (
            self.state == "sale"
            and self.invoice_status == "invoiced"
            and self.qty_invoiced < self.product_uom_qty
        )

    def _get_returned_parts(self):
        """Return the ``(amount, quantity)`` of the line that came back."""
        self.ensure_one()
        sold, back = [0.0, 0.0], [0.0, 0.0]
        # A user who changes an order need not have access to its invoices.
        for line in self.sudo().invoice_lines:
            if line.parent_state != "posted":
                continue
            quantity = line.product_uom_id._compute_quantity(
                line.quantity, self.product_uom_id
            )
            if self.product_uom_qty < 0:
                quantity = -quantity
            is_back = (line.move_type == "out_refund") != (quantity < 0)
            parts = back if is_back else sold
            parts[0] += abs(self._get_billed_amount(line))
            parts[1] += abs(quantity)
        ordered = abs(self.product_uom_qty)
        left = min(ordered, sold[1]) if self._is_short() else ordered
        share = left / ordered if ordered else 1
        amount = abs(self.price_subtotal)
        return (
            _get_returned(amount * share, sold[0], back[0]) + amount * (1 - share),
            _get_returned(left, sold[1], back[1]) + ordered - left,
        )

    def _get_billed_amount(self, line):
        """Return the amount of an invoice line in the currency of the order."""
        if line.currency_id == self.currency_id:
            return line.price_subtotal
        return line.balance * (self.order_id.currency_rate or 1)


def _get_returned(ordered, sold, back):
    """Return the credited part of what was ordered, less what was invoiced again."""
    again = max(sold - ordered, 0)
    return min(max(back - again, 0), ordered)
