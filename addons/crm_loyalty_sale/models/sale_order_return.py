from collections import defaultdict

from odoo import models

from odoo.addons.crm_loyalty.engine.ledger import to_points
from odoo.addons.crm_loyalty.engine.returns import (
    PostedPoints,
    get_cost_share,
    get_posted,
    get_share,
    get_target,
)


class SaleOrder(models.Model):
    """Cancelled and returned orders: points go back to where they came from.

    All of it is worked out from what was posted: how much should be back by now,
    less what is. So whatever is told twice is done once.
    """

    _inherit = "sale.order"

    # ------------------------------------------------------------
    # Cancelling
    # ------------------------------------------------------------

    def _action_cancel(self):
        """Take all back that is not back yet, by the ledger and not by the lines.

        Odoo subtracts what the order has given, whatever came back before.
        """
        orders = self.filtered(lambda order: order.state == "sale")
        if not orders:
            return super()._action_cancel()
        posted = {order: order._get_posted_points() for order in orders}

        def resolve(changes):
            values_list = []
            known = set()
            for order in orders.filtered(lambda order: order.state == "cancel"):
                for points in posted[order]:
                    known.add(points.card)
                    values_list += order._get_back_postings(points, points.units)
            others = {card: u for card, u in changes.items() if card not in known}
            return self._sort_postings(values_list) + self._get_other_postings(others)

        with self.env["loyalty.card"]._collect_points(resolve):
            result = super()._action_cancel()
        for order in orders.filtered(lambda order: order.state == "cancel"):
            # The keys of what is posted depend on it: people don't write it.
            order.sudo().crm_loyalty_points_round += 1
        return result

    # ------------------------------------------------------------
    # Returns
    # ------------------------------------------------------------

    def _sync_returned_points(self, move):
        """Have points follow what was credited on confirmed orders by now."""
        for order in self.filtered(lambda order: order.state == "sale"):
            if all(move.move_type != "out_refund" for move in order.invoice_ids):
                continue
            order = order.with_company(order.company_id)
            posted = order._get_posted_points()
            if not posted:
                continue
            returned = order._get_returned_lines()
            if not any(returned.values()) and not any(p.count for p in posted):
                continue
            values_list = []
            for points in posted:
                share = order._get_returned_share(points, returned)
                target = get_target(points.units, share)
                values_list += order._get_back_postings(points, target, move)
            self.env["loyalty.card"]._post_many(self._sort_postings(values_list))

    def _get_returned_lines(self):
        """Return how much of each line was returned: ``{line: (amount, quantity)}``.

        Credited by posted credit notes, less what was invoiced again.
        """
        returned = {}
        for line in self.order_line:
            amounts, quantities = defaultdict(float), defaultdict(float)
            for invoice_line in line.invoice_lines:
                if invoice_line.parent_state == "posted":
                    move_type = invoice_line.move_type
                    amounts[move_type] += abs(invoice_line.price_subtotal)
                    quantities[move_type] += abs(
                        invoice_line.product_uom_id._compute_quantity(
                            invoice_line.quantity, line.product_uom_id
                        )
                    )
            if not quantities["out_refund"]:
                continue
            returned[line] = (
                _get_returned(abs(line.price_subtotal), amounts),
                _get_returned(abs(line.product_uom_qty), quantities),
            )
        return {line: parts for line, parts in returned.items() if any(parts)}

    def _get_returned_share(self, points, returned):
        """Return which share of what earned, or cost, the points came back."""
        if points.kind == "earn":
            # What came back follows from the programme, whoever may read it.
            program = points.card.sudo().program_id
            lines = self._get_earning_lines(program)
            return get_share(lines, returned, program._get_earning_weight)
        rewards = self.order_line.filtered(lambda line: line.coupon_id == points.card)
        return get_cost_share(rewards, returned)

    def _get_earning_lines(self, program):
        """Return the lines whose products earn points in a programme."""
        lines = self.order_line.filtered(
            lambda line: (
                line.product_id
                and not line.is_reward_line
                and not line.display_type
                and line.product_uom_qty > 0
            )
        )
        if program._gives_cash_back():
            return lines
        return program._filter_earning_lines(lines)

    # ------------------------------------------------------------
    # Rewards that change on a confirmed order
    # ------------------------------------------------------------

    def _get_change_postings(self, changes):
        """Return postings of rewards that came on or off confirmed orders.

        What a reward cost goes back to the lots that it was taken from.
        """
        values_list = []
        orders = self.exists().filtered(lambda order: order.state == "sale")
        left = dict(changes)
        for order in orders:
            for points in reversed(order._get_posted_points()):
                units = left.get(points.card, 0)
                if points.kind != "burn" or units <= 0:
                    continue
                back = min(units, points.units - points.back)
                if back > 0:
                    values_list += order._get_back_postings(points, points.back + back)
                    left[points.card] -= back
        for card, units in left.items():
            if units:
                values_list.append(
                    {
                        "card": card,
                        "points": to_points(units),
                        "kind": "burn" if units < 0 else "reverse",
                        "key": orders and orders[0]._get_change_key(),
                        "source": orders[:1] or None,
                        "reason": orders[:1].name or None,
                    }
                )
        return values_list

    def _get_change_key(self):
        self.ensure_one()
        # Counted for a key, not shown.
        count = (
            self.env["crm.loyalty.entry"]
            .sudo()
            .search_count(
                [("source_model", "=", self._name), ("source_id", "=", self.id)]
            )
        )
        return f"{self._get_points_prefix()}change:{count}"

    # ------------------------------------------------------------
    # What was posted
    # ------------------------------------------------------------

    def _get_posted_points(self):
        """Return what the present confirmation has earned and spent, card by card."""
        self.ensure_one()
        # The ledger of an order belongs to whoever may change the order.
        Entry = self.env["crm.loyalty.entry"].sudo()
        prefix = self._get_points_prefix()
        entries = Entry.search(
            [("source_model", "=", self._name), ("source_id", "=", self.id)], order="id"
        ).filtered(lambda entry: (entry.key or "").startswith(prefix))
        posted = get_posted(
            entries.filtered(
                lambda entry: entry.kind in ("earn", "burn") and not entry.origin_id
            )
        )
        return [*posted, *self._get_points_before(posted)]

    def _get_points_before(self, posted):
        """Return the same for what was confirmed before there was a ledger."""
        # The ledger of an order belongs to whoever may change the order.
        Entry = self.env["crm.loyalty.entry"].sudo()
        known = {(points.card, points.kind) for points in posted}
        before = []
        for kind, units in (
            ("earn", self._get_units_earned()),
            ("burn", self._get_units_spent()),
        ):
            for card, amount in units.items():
                if (
                    amount
                    and not self.crm_loyalty_points_round
                    and (card, kind) not in known
                ):
                    name = f"before:{kind}"
                    points = PostedPoints(card, kind, None, amount, name)
                    key = f"{self._get_points_prefix()}back:{name}:"
                    for entry in Entry.search(
                        [("card_id", "=", card.id), ("key", "=like", f"{key}%")]
                    ):
                        points.note(entry)
                    before.append(points)
        return before

    def _get_back_postings(self, points, target, source=None):
        """Return postings for ``target`` units of what was posted to be back."""
        return points.get_postings(
            target,
            prefix=self._get_points_prefix(),
            source=source or self,
            reason=source.name if source else self.name,
        )

    def _sort_postings(self, values_list):
        """Give points back first: what is taken back may be covered by them."""
        return sorted(values_list, key=lambda values: values["points"] < 0)

    # ------------------------------------------------------------
    # Pending until paid
    # ------------------------------------------------------------

    def _release_points(self):
        """Let points be spent that waited for the payment of these orders."""
        if not self:
            return
        # Payments are entered by people who need not see points.
        Entry = self.env["crm.loyalty.entry"].sudo()
        waiting = Entry.search(
            [*Entry._get_unpaid_domain(), ("source_id", "in", self.ids)]
        )
        if not waiting:
            return
        paid = self.filtered(lambda order: order._is_paid_for_points())
        waiting.filtered(lambda entry: entry.source_id in paid.ids)._release()

    def _is_paid_for_points(self):
        """Extension point: whether points of the order may be spent."""
        self.ensure_one()
        # Whether they are paid, whoever may see invoices.
        invoices = self.sudo().invoice_ids.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_invoice"
        )
        return (
            bool(invoices)
            and self.invoice_status != "to invoice"
            and all(
                move.payment_state in ("in_payment", "paid", "reversed")
                for move in invoices
            )
        )


def _get_returned(ordered, parts):
    """Return how much of what was ordered came back for good."""
    again = max(parts["out_invoice"] - ordered, 0)
    return min(max(parts["out_refund"] - again, 0), ordered)
