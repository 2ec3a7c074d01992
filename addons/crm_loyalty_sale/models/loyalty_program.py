from odoo import api, fields, models
from odoo.tools import float_round


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    # Users who may read points but not orders open the form of a program.
    total_order_count = fields.Integer(compute_sudo=True)
    crm_loyalty_earn_base = fields.Selection(
        selection=[
            ("ordered", "All that is ordered"),
            ("paid", "What is not paid with points"),
        ],
        string="Points Are Earned On",
        required=True,
        default="ordered",
        help="What is not paid with points: an order of which a part is paid with "
        "points, eWallets or gift cards earns that part less.",
    )
    crm_loyalty_cashback_percent = fields.Float(
        string="Cash Back",
        digits=(16, 2),
        help="This share of what an order comes to goes into the wallet, without what "
        "is paid with points, eWallets or gift cards, and without top-ups.",
    )

    _cashback_percent_range = models.Constraint(
        "CHECK (crm_loyalty_cashback_percent BETWEEN 0 AND 100)",
        "Cash back is between 0 and 100 percent.",
    )

    @api.model
    def _get_bounds(self):
        return {**super()._get_bounds(), "crm_loyalty_cashback_percent": (0, 100)}

    def _earns_on_payment(self):
        """Return whether the points of an order depend on how it is paid."""
        self.ensure_one()
        return self.crm_loyalty_earn_base == "paid" or self._gives_cash_back()

    def _gives_cash_back(self):
        self.ensure_one()
        return self.program_type == "ewallet" and self.crm_loyalty_cashback_percent > 0

    def _get_points_on_paid_share(self, order, points):
        """Return the points of an order for the part that is paid with money.

        ``points`` are those that Odoo computed from the rules.
        """
        self.ensure_one()
        parts = order._get_payment_parts(self)
        if self.crm_loyalty_earn_base == "paid":
            points *= parts.share
        if self._gives_cash_back():
            paid = parts.goods * parts.share * order._get_points_rate(self)
            points += paid * self.crm_loyalty_cashback_percent / 100
        return float_round(points, precision_digits=2, rounding_method="DOWN")
