from odoo import api, fields, models


class LoyaltyProgram(models.Model):
    """Programs with coupons and cards that only their owner redeems."""

    _inherit = "loyalty.program"

    crm_loyalty_owner_only = fields.Boolean(
        string="Redeemed by Owner Only",
        compute="_compute_crm_loyalty_owner_only",
        store=True,
        readonly=False,
        help="A coupon or card with a customer is redeemed by this customer only, and "
        "by the contacts of the same company. Off: by any customer with the code.",
    )

    @api.depends("applies_on", "program_type")
    def _compute_crm_loyalty_owner_only(self):
        """Reserve cards of customers by default: points cards and eWallets."""
        for program in self:
            program.crm_loyalty_owner_only = program.is_nominative
