from odoo import api, models

from ..engine.ledger import MAX_POINTS, UNIT


class LoyaltyReward(models.Model):
    """Keep the numbers of rewards within what the ledger can hold."""

    _name = "loyalty.reward"
    _inherit = ["loyalty.reward", "crm.loyalty.bounded.mixin"]

    _points_bounds = models.Constraint(
        f"CHECK (required_points BETWEEN {1 / UNIT:.4f} AND {MAX_POINTS} "
        f"AND (discount IS NULL OR discount BETWEEN 0 AND {MAX_POINTS}) "
        "AND (discount_max_amount IS NULL "
        f"OR discount_max_amount BETWEEN -{MAX_POINTS} AND {MAX_POINTS}))",
        "A reward costs from 0.0001 to 1,000,000,000 points, and gives no more than "
        "that.",
    )

    @api.model
    def _get_bounds(self):
        return {
            **super()._get_bounds(),
            "required_points": (1 / UNIT, MAX_POINTS),
            "discount": (0, MAX_POINTS),
        }
