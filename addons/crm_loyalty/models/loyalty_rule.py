from odoo import api, models

from ..engine.ledger import MAX_POINTS, UNIT


class LoyaltyRule(models.Model):
    """Keep the numbers of rules within what the ledger can hold."""

    _name = "loyalty.rule"
    _inherit = ["loyalty.rule", "crm.loyalty.bounded.mixin"]

    _points_bounds = models.Constraint(
        f"CHECK (reward_point_amount <= {MAX_POINTS} "
        f"AND minimum_amount BETWEEN -{MAX_POINTS} AND {MAX_POINTS})",
        "A rule gives at most 1,000,000,000 points, and asks for no more than that.",
    )

    @api.model
    def _get_bounds(self):
        return {**super()._get_bounds(), "reward_point_amount": (1 / UNIT, MAX_POINTS)}
