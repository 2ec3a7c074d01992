from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.fields import Domain

# Points or spend of a period.
MAX_THRESHOLD = 10**12
MAX_MULTIPLIER = 1000


class CrmLoyaltyTier(models.Model):
    """A tier of a program, reached with enough points or spend.

    Tiers are ordered by threshold. Every member has a tier of threshold 0; without
    one, customers start with no tier.
    """

    _name = "crm.loyalty.tier"
    _description = "Loyalty Tier"
    _inherit = ["crm.loyalty.company.mixin", "crm.loyalty.bounded.mixin"]
    _order = "program_id, threshold, id"

    _company_fields = frozenset({"company_id", "program_id"})

    name = fields.Char(translate=True, required=True)
    active = fields.Boolean(default=True)
    program_id = fields.Many2one(
        comodel_name="loyalty.program",
        required=True,
        index=True,
        ondelete="cascade",
    )
    # Stored for use in the record rule.
    company_id = fields.Many2one(
        related="program_id.company_id", store=True, index="btree_not_null"
    )
    currency_id = fields.Many2one(related="program_id.currency_id")
    basis = fields.Selection(related="program_id.crm_loyalty_tier_basis")
    threshold = fields.Float(
        required=True,
        aggregator=None,
        help="Points or spend in the period that a customer needs for this tier. With "
        "0 every member has it.",
    )
    multiplier = fields.Float(
        default=1.0,
        required=True,
        aggregator=None,
        help="Customers in this tier earn so many times the points of an order.",
    )
    pricelist_id = fields.Many2one(
        comodel_name="product.pricelist",
        index="btree_not_null",
        ondelete="restrict",
        domain="[('company_id', 'in', (company_id, False))]",
        help="Prices of customers in this tier, unless a pricelist was chosen for the "
        "customer.",
    )
    perks = fields.Html(
        translate=True, help="What customers of this tier get, as they read it."
    )
    color = fields.Integer()
    card_ids = fields.One2many(
        comodel_name="loyalty.card", inverse_name="crm_loyalty_tier_id"
    )
    card_count = fields.Integer(string="Cards", compute="_compute_card_count")

    _threshold_unique = models.UniqueIndex(
        "(program_id, threshold) WHERE active",
        "Two tiers of a program can't have the same threshold.",
    )
    _threshold_check = models.Constraint(
        "CHECK (threshold >= 0)", "The threshold of a tier can't be negative."
    )
    _multiplier_check = models.Constraint(
        "CHECK (multiplier > 0)", "The multiplier of a tier must be more than 0."
    )

    _numbers_bounds = models.Constraint(
        f"CHECK (threshold <= {MAX_THRESHOLD} AND multiplier <= {MAX_MULTIPLIER})",
        "The threshold of a tier is at most 1,000,000,000,000, its multiplier 1,000.",
    )

    @api.model
    def _get_bounds(self):
        return {
            **super()._get_bounds(),
            "threshold": (0, MAX_THRESHOLD),
            "multiplier": (0.0001, MAX_MULTIPLIER),
        }

    @api.depends("card_ids")
    def _compute_card_count(self):
        counts = dict(
            self.env["loyalty.card"]._read_group(
                [("crm_loyalty_tier_id", "in", self.ids)],
                ["crm_loyalty_tier_id"],
                ["__count"],
            )
        )
        for tier in self:
            tier.card_count = counts.get(tier, 0)

    @api.model
    @tools.ormcache()
    def _get_multipliers(self):
        """Return ``{tier id: multiplier}``. Each order reads them."""
        # The cached multipliers are the same for all users. Archived tiers count, too,
        # since members keep them to the last day.
        tiers = self.sudo().with_context(active_test=False)
        return {tier.id: tier.multiplier for tier in tiers.search([])}

    @api.model_create_multi
    def create(self, vals_list):
        tiers = super().create(vals_list)
        self.env.registry.clear_cache()  # multipliers and programs with tiers
        return tiers

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"active", "program_id", "multiplier"}:
            self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        """Refuse to delete tiers that appear in the history of customers."""
        History = self.env["crm.loyalty.tier.history"].sudo()  # only counted
        for tier in self:
            had = Domain("to_tier_id", "=", tier.id) | Domain(
                "from_tier_id", "=", tier.id
            )
            if tier.card_ids or History.search_count(had, limit=1):
                raise UserError(
                    self.env._(
                        "“%(tier)s” is in the history of customers and can't be "
                        "deleted. Archive it instead.",
                        tier=tier.name,
                    )
                )

    def action_open_cards(self):
        """Open the cards of the customers in this tier."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Cards: %(tier)s", tier=self.name),
            "res_model": "loyalty.card",
            "view_mode": "list,form",
            "domain": [("crm_loyalty_tier_id", "=", self.id)],
            "context": {"create": False},
        }
