from datetime import date

from odoo import api, models

from ..engine.ledger import to_points
from ..models.crm_loyalty_bounded_mixin import FIRST_DAY

# Maximum number of cards to generate at once.
MAX_CARDS = 100_000


class LoyaltyGenerateWizard(models.TransientModel):
    _name = "loyalty.generate.wizard"
    _inherit = ["loyalty.generate.wizard", "crm.loyalty.bounded.mixin"]

    @api.model
    def _get_bounds(self):
        return {
            **super()._get_bounds(),
            "coupon_qty": (0, MAX_CARDS),
            "valid_until": (FIRST_DAY, date(9999, 12, 31)),
        }

    def generate_coupons(self):
        """Post the points of the new cards, with the reason of the wizard."""
        Card = self.env["loyalty.card"]

        def resolve(changes):
            if not self.env.su:
                Card._check_may_adjust(changes)
            return [
                {
                    "card": card,
                    "points": to_points(units),
                    "kind": "bonus" if units > 0 else "adjust",
                    "manual_user": None if self.env.su else self.env.user,
                    "reason": self[:1].description or self.env._("Generated"),
                }
                for card, units in changes.items()
                if units
            ]

        with Card._collect_points(resolve):
            return super().generate_coupons()
