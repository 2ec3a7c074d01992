from odoo import models

from odoo.addons.crm_loyalty.engine.returns import (
    get_cost_share,
    get_posted,
    get_share,
    get_target,
)


class PosOrder(models.Model):
    """Goods that come back to the till: points go back to where they came from.

    Odoo leaves the points of what is refunded with the customer.
    """

    _inherit = "pos.order"

    def action_pos_order_paid(self):
        """Have the points of an order follow what was refunded of it."""
        result = super().action_pos_order_paid()
        for order in self:
            order.lines.refunded_orderline_id.order_id._sync_returned_points(order)
        return result

    def _sync_returned_points(self, refund):
        """Post what of the points should be back by now, less what is."""
        values_list = []
        for order in self:
            returned = order._get_returned_lines()
            for points in order._get_posted_points():
                share = order._get_returned_share(points, returned)
                target = get_target(points.units, share)
                values_list += order._get_back_postings(points, target, refund)
        # What is given back first may cover what is taken.
        values_list.sort(key=lambda values: values["points"] < 0)
        self.env["loyalty.card"]._post_many(values_list)

    def _get_returned_lines(self):
        """Return how much of each line was refunded: ``{line: (amount, quantity)}``."""
        self.ensure_one()
        returned = {}
        for line in self.lines:
            back = line.refund_orderline_ids.filtered(
                lambda refund: refund.order_id.state in ("paid", "done", "invoiced")
            )
            if back:
                returned[line] = (
                    min(abs(sum(back.mapped("price_subtotal"))), line._get_worth()),
                    min(abs(sum(back.mapped("qty"))), abs(line.qty)),
                )
        return returned

    def _get_returned_share(self, points, returned):
        """Return which share of what earned, or cost, the points came back."""
        if points.kind == "earn":
            # What came back follows from the programme, whoever may read it.
            lines = self._get_earning_lines(points.card.sudo().program_id)
            return get_share(lines, returned)
        rewards = self.lines.filtered(lambda line: line.coupon_id == points.card)
        return get_cost_share(rewards, returned)

    def _get_earning_lines(self, program):
        """Return the lines whose products earn points in a programme."""
        lines = self.lines.filtered(lambda line: not line.is_reward_line)
        return program._filter_earning_lines(lines)

    def _get_posted_points(self):
        """Return what the order has earned and spent, card by card."""
        self.ensure_one()
        # The ledger of an order belongs to whoever refunds it.
        Entry = self.env["crm.loyalty.entry"].sudo()
        entries = Entry.search(
            [
                ("source_model", "=", self._name),
                ("source_id", "=", self.id),
                ("kind", "in", ("earn", "burn")),
                ("origin_id", "=", False),
            ],
            order="id",
        )
        return get_posted(entries)

    def _get_back_postings(self, points, target, refund):
        """Return postings for ``target`` units of what was posted to be back."""
        return points.get_postings(
            target,
            prefix=self._get_points_prefix(),
            source=refund,
            reason=refund.display_name,
        )


class PosOrderLine(models.Model):
    _inherit = "pos.order.line"

    def _get_worth(self):
        self.ensure_one()
        return abs(self.price_subtotal)
