from odoo import models

from ..engine.ledger import to_points


class LoyaltyGenerateWizard(models.TransientModel):
    _inherit = "loyalty.generate.wizard"

    def generate_coupons(self):
        """Post what the cards are generated with, with the reason given."""
        Card = self.env["loyalty.card"]

        def resolve(changes):
            if not self.env.su:
                Card._check_may_adjust(changes)
            return [
                {
                    "card": card,
                    "points": to_points(units),
                    "kind": "bonus" if units > 0 else "adjust",
                    "by_hand": None if self.env.su else self.env.user,
                    "reason": self[:1].description or self.env._("Generated"),
                }
                for card, units in changes.items()
                if units
            ]

        with Card._collect_points(resolve):
            return super().generate_coupons()
