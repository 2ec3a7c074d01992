from odoo import models

from odoo.addons.crm_loyalty.engine.ledger import to_points
from odoo.addons.crm_loyalty.engine.returns import PostedPoints, get_posted_points

from .sale_order_change import LEAST_SPEND


class SaleOrder(models.Model):
    """Take back and give back the points of cancelled orders.

    The points to post are computed from the ledger: those that should be back, less
    those that are. So processing a return twice posts it once.
    """

    _inherit = "sale.order"

    # ------------------------------------------------------------
    # Cancelling
    # ------------------------------------------------------------

    def _action_cancel(self):
        """Reverse all points that are not back yet, based on the ledger.

        Odoo subtracts all points of the order, including those that are back already.
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
                    values_list += order._get_cancel_postings(points)
            others = {card: u for card, u in changes.items() if card not in known}
            return self._sort_postings(values_list) + self._get_other_postings(others)

        with self.env["loyalty.card"]._collect_points(resolve):
            result = super()._action_cancel()
        for order in orders.filtered(lambda order: order.state == "cancel"):
            # Users can't write it, because posting keys depend on it.
            order.sudo().crm_loyalty_points_round += 1
        return result

    def _get_cancel_postings(self, points):
        """Return the postings so that all posted units and their spend are back."""
        earning = None
        if points.kind == "earn" and points.spend is not None:
            is_counted = points.back < points.units or (
                abs(points.spend) >= LEAST_SPEND and self._counts_spend(points)
            )
            earning = {"spend": -points.spend} if is_counted else None
        return self._get_reversal_postings(points, points.units, earning=earning)

    # ------------------------------------------------------------
    # Changes of rewards on confirmed orders
    # ------------------------------------------------------------

    def _get_change_postings(self, changes):
        """Return the postings for rewards added to or removed from confirmed orders.

        The cost of a removed reward goes back to the lots that it was taken from.
        """
        values_list = []
        orders = self.exists().filtered(lambda order: order.state == "sale")
        left = dict(changes)
        for order in orders:
            for points in reversed(order._get_posted_points()):
                units = left.get(points.card, 0)
                if points.kind != "burn" or units <= 0:
                    continue
                back = min(units, points.units - points.returned)
                if back > 0:
                    values_list += order._get_reversal_postings(
                        points, points.returned + back
                    )
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
        # Only counts the entries.
        count = (
            self.env["crm.loyalty.entry"]
            .sudo()
            .search_count(
                [("source_model", "=", self._name), ("source_id", "=", self.id)]
            )
        )
        return f"{self._get_entry_key_prefix()}change:{count}"

    # ------------------------------------------------------------
    # Posted points
    # ------------------------------------------------------------

    def _get_posted_points(self):
        """Return the `PostedPoints` of the current confirmation on each card."""
        self.ensure_one()
        # A user who changes an order need not have access to its entries.
        Entry = self.env["crm.loyalty.entry"].sudo()
        prefix = self._get_entry_key_prefix()
        entries = Entry.search(
            [("source_model", "=", self._name), ("source_id", "=", self.id)], order="id"
        ).filtered(lambda entry: (entry.key or "").startswith(prefix))
        posted = get_posted_points(
            entries.filtered(
                lambda entry: entry.kind in ("earn", "burn") and not entry.origin_id
            )
        )
        return [*posted, *self._get_points_before_ledger(posted)]

    def _get_points_before_ledger(self, posted):
        """Return the `PostedPoints` of an order confirmed before the ledger existed."""
        # A user who changes an order need not have access to its entries.
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
                    key = f"{self._get_entry_key_prefix()}back:{name}:"
                    for entry in Entry.search(
                        [("card_id", "=", card.id), ("key", "=like", f"{key}%")]
                    ):
                        points.add_reversal(entry)
                    before.append(points)
        return before

    def _get_reversal_postings(self, points, target, source=None, earning=None):
        """Return the postings so that ``target`` of the posted units are back."""
        return points.get_postings(
            target,
            prefix=self._get_entry_key_prefix(),
            source=source or self,
            reason=source.name if source else self.name,
            earning=earning,
        )

    def _sort_postings(self, values_list):
        """Sort points given back first, since they may cover points to take back."""
        return sorted(values_list, key=lambda values: values["points"] < 0)
