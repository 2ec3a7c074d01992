from odoo import models

from odoo.addons.crm_loyalty.engine.returns import (
    get_posted_points,
    get_returned_cost_share,
    get_returned_share,
    get_target_units,
)


class PosOrder(models.Model):
    """Take points of refunded goods back, and give points of refunded rewards back.

    Odoo doesn't change the points on a refund.
    """

    _inherit = "pos.order"

    def action_pos_order_paid(self):
        """Update the points of the orders that were refunded."""
        result = super().action_pos_order_paid()
        for order in self:
            order.lines.refunded_orderline_id.order_id._sync_returned_points(order)
        return result

    def _sync_returned_points(self, refund):
        """Post the difference between the points to be back and those that are."""
        values_list = []
        for order in self:
            returned = order._get_returned_lines()
            for points in order._get_posted_points():
                share = order._get_returned_share(points, returned)
                target = get_target_units(points.units, share)
                values_list += order._get_reversal_postings(points, target, refund)
        # Give points back first, since they may cover points to take back.
        values_list.sort(key=lambda values: values["points"] < 0)
        self.env["loyalty.card"]._post_many(values_list)

    def _get_returned_lines(self):
        """Return the refunded part of the lines: ``{line: (amount, quantity)}``."""
        self.ensure_one()
        returned = {}
        for line in self.lines:
            back = line.refund_orderline_ids.filtered(
                lambda refund: refund.order_id.state in ("paid", "done", "invoiced")
            )
            if back:
                returned[line] = (
                    min(
                        abs(sum(back.mapped("price_subtotal"))),
                        line._get_absolute_subtotal(),
                    ),
                    min(abs(sum(back.mapped("qty"))), abs(line.qty)),
                )
        return returned

    def _get_returned_share(self, points, returned):
        """Return the refunded share (0 to 1) of lines that earned or cost points."""
        if points.kind == "earn":
            # The user need not have access to the program.
            lines = self._get_earning_lines(points.card.sudo().program_id)
            return get_returned_share(lines, returned)
        rewards = self.lines.filtered(lambda line: line.coupon_id == points.card)
        return get_returned_cost_share(rewards, returned)

    def _get_earning_lines(self, program):
        """Return the lines of products that earn points in a program."""
        lines = self.lines.filtered(lambda line: not line.is_reward_line)
        return program._filter_earning_lines(lines)

    def _get_posted_points(self):
        """Return the `PostedPoints` that the order earned and spent on each card."""
        self.ensure_one()
        # A user who refunds an order need not have access to its entries.
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
        return get_posted_points(entries)

    def _get_reversal_postings(self, points, target, refund):
        """Return the postings so that ``target`` of the posted units are back."""
        return points.get_postings(
            target,
            prefix=self._get_entry_key_prefix(),
            source=refund,
            reason=refund.display_name,
        )


class PosOrderLine(models.Model):
    _inherit = "pos.order.line"

    def _get_absolute_subtotal(self):
        self.ensure_one()
        return abs(self.price_subtotal)
