from odoo import models

from odoo.addons.crm_loyalty.engine.ledger import to_points


class PosOrder(models.Model):
    """What the till does to points, as entries of the ledger."""

    _inherit = "pos.order"

    def validate_coupon_programs(self, point_changes, new_codes):
        """Refuse to spend points that are pending, while there is still time."""
        result = super().validate_coupon_programs(point_changes, new_codes)
        if not result["successful"]:
            return result
        spent = {int(key): -units for key, units in point_changes.items() if units < 0}
        cards = self.env["loyalty.card"].browse(spent).exists()
        short = cards.filtered(lambda c: c.points - c.points_locked < spent[c.id])
        if not short:
            return result
        return {
            "successful": False,
            "payload": {
                "message": self.env._(
                    "Points on the card %(card)s are still pending: %(points)s can be "
                    "spent today.",
                    card=short[0].code,
                    points=f"{short[0].points_available:g}",
                ),
                "updated_points": {card.id: card.points_available for card in short},
            },
        }

    def confirm_coupon_programs(self, coupon_data):
        """Post the changes once for each order and card, with the order named."""
        with self.env["loyalty.card"]._collect_points(self._get_points_postings):
            return super().confirm_coupon_programs(coupon_data)

    def _get_points_postings(self, changes):
        """Return postings of what the order has changed on cards."""
        is_refund = bool(self.lines.refunded_orderline_id) or self.amount_total < 0
        order = self[:1]
        return [
            {
                "card": card,
                "points": to_points(units),
                "kind": "reverse" if is_refund else "earn" if units > 0 else "burn",
                "key": f"pos.order:{order.id}" if order else None,
                "source": order or None,
                "reason": order.display_name if order else None,
                # The goods are over the counter: what is there is taken.
                "raw": True,
            }
            for card, units in changes.items()
            if units
        ]
