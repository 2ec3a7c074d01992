from odoo import api, models

from odoo.addons.crm_loyalty.engine.ledger import MAX_BALANCE
from odoo.addons.crm_loyalty.models.crm_loyalty_bounded_mixin import check_values

# A reward costs points. A negative cost would let a line give points by hand.
COST_BOUNDS = {"points_cost": (0, MAX_BALANCE)}


class SaleOrderLine(models.Model):
    """Post changes of rewards on confirmed orders."""

    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            check_values(self, vals, COST_BOUNDS)
        if not any(vals.get("points_cost") for vals in vals_list):
            return super().create(vals_list)
        orders = self.env["sale.order"].browse(
            {vals["order_id"] for vals in vals_list if vals.get("order_id")}
        )
        with self.env["loyalty.card"]._collect_points(orders._get_change_postings):
            return super().create(vals_list)

    def write(self, vals):
        check_values(self, vals, COST_BOUNDS)
        if "points_cost" not in vals or not self._is_points_posted():
            return super().write(vals)
        orders = self.order_id
        with self.env["loyalty.card"]._collect_points(orders._get_change_postings):
            return super().write(vals)

    def unlink(self):
        if not self._is_points_posted():
            return super().unlink()
        orders = self.order_id
        with self.env["loyalty.card"]._collect_points(orders._get_change_postings):
            return super().unlink()

    def _is_points_posted(self):
        """Return whether changing the reward lines changes balances."""
        return any(line.state == "sale" and line.coupon_id for line in self)
