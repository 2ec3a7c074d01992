from odoo import models

from odoo.addons.crm_loyalty.engine.ledger import to_points, to_units


class PosOrder(models.Model):
    """Ledger entries for the points of PoS orders."""

    _inherit = "pos.order"

    def validate_coupon_programs(self, point_changes, new_codes):
        """Refuse to spend pending points before the order is paid."""
        result = super().validate_coupon_programs(point_changes, new_codes)
        if not result["successful"]:
            return result
        spent = {int(key): -units for key, units in point_changes.items() if units < 0}
        cards = self.env["loyalty.card"].browse(spent).exists()
        short = cards.filtered(
            lambda c: c.points - c.crm_loyalty_points_locked < spent[c.id]
        )
        if not short:
            return result
        return {
            "successful": False,
            "payload": {
                "message": self.env._(
                    "Points on the card %(card)s are still pending: %(points)s can be "
                    "spent today.",
                    card=short[0].code,
                    points=f"{short[0].crm_loyalty_points_available:g}",
                ),
                "updated_points": {
                    card.id: card.crm_loyalty_points_available for card in short
                },
            },
        }

    def confirm_coupon_programs(self, coupon_data):
        """Post the changes once per order and card, with the order as their source."""
        with self.env["loyalty.card"]._collect_points(self._get_points_postings):
            return super().confirm_coupon_programs(coupon_data)

    def _get_entry_key_prefix(self):
        """Return the prefix of the order's posting keys."""
        self.ensure_one()
        return f"pos.order:{self.id}:"

    def _get_points_postings(self, changes):
        """Return the postings for the order's changes of cards.

        The PoS only sends the difference of earned and spent points. The order lines
        have the spent points.
        """
        order = self[:1]
        spent = {}
        for line in order.lines.filtered("coupon_id"):
            cost = to_units(line.points_cost)
            spent[line.coupon_id.id] = spent.get(line.coupon_id.id, 0) + cost
        is_refund = bool(order.lines.refunded_orderline_id) or order.amount_total < 0
        values_list = []
        for card, units in changes.items():
            burned = max(spent.get(card.id, 0), -units, 0)
            parts = {"earn": units + burned, "burn": -burned}
            if is_refund:
                parts = {"reverse": units}
            values_list += [
                order._prepare_points_values(card, kind, part)
                for kind, part in parts.items()
                if part
            ]
        return values_list

    def _prepare_points_values(self, card, kind, units):
        return {
            "card": card,
            "points": to_points(units),
            "kind": kind,
            "key": f"{self._get_entry_key_prefix()}{kind}" if self else None,
            "source": self or None,
            "reason": self.display_name if self else None,
            # The customer already has the goods, so take whatever points there are.
            "unchecked": True,
        }
