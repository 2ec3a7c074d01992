from odoo import api, models


class SaleOrderLine(models.Model):
    """Rewards that are put on, changed on or taken off a confirmed order."""

    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        if not any(vals.get("points_cost") for vals in vals_list):
            return super().create(vals_list)
        orders = self.env["sale.order"].browse(
            {vals["order_id"] for vals in vals_list if vals.get("order_id")}
        )
        with self.env["loyalty.card"]._collect_points(orders._get_change_postings):
            return super().create(vals_list)

    def write(self, vals):
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
        """Whether changing the rewards among the lines changes balances."""
        return any(line.state == "sale" and line.coupon_id for line in self)
