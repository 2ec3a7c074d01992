from odoo import api, models

from ..engine.ledger import MAX_BALANCE


class LoyaltyMail(models.Model):
    """Keep milestones of mails within the balance that a card can have."""

    _name = "loyalty.mail"
    _inherit = ["loyalty.mail", "crm.loyalty.bounded.mixin"]

    _points_bounds = models.Constraint(
        f"CHECK (points BETWEEN -{MAX_BALANCE} AND {MAX_BALANCE})",
        "A milestone is a balance that a card can have: at most 10,000,000,000 points.",
    )

    @api.model
    def _get_bounds(self):
        return {**super()._get_bounds(), "points": (-MAX_BALANCE, MAX_BALANCE)}
