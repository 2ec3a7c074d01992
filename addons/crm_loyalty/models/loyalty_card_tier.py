from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

# Fields that only the evaluation of tiers writes.
TIER_FIELDS = {
    "crm_loyalty_tier_id",
    "crm_loyalty_tier_since",
    "crm_loyalty_tier_until",
    "crm_loyalty_tier_period_end",
    "crm_loyalty_tier_warned_until",
    "crm_loyalty_tier_mailed_until",
    "crm_loyalty_qualifying_points",
    "crm_loyalty_qualifying_spend",
    "crm_loyalty_tier_keep_needed",
    "crm_loyalty_projected_tier_id",
}


class LoyaltyCard(models.Model):
    """The tier of a member, written by the evaluation of tiers."""

    _inherit = "loyalty.card"

    crm_loyalty_member_since = fields.Date(
        string="Member Since",
        compute="_compute_crm_loyalty_member_since",
        precompute=True,
        store=True,
        readonly=False,
        help="The day from which years of membership are counted.",
    )
    crm_loyalty_tier_id = fields.Many2one(
        string="Tier",
        comodel_name="crm.loyalty.tier",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    crm_loyalty_tier_since = fields.Date(
        string="In tier since", readonly=True, copy=False
    )
    crm_loyalty_tier_until = fields.Date(
        string="Tier until",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The last day of the tier, grace days included, if the customer earns "
        "nothing more. Empty: it has no end.",
    )
    crm_loyalty_tier_period_end = fields.Date(
        string="Period until",
        readonly=True,
        copy=False,
        help="The last day on which what counts today still counts.",
    )
    crm_loyalty_tier_warned_until = fields.Date(
        string="Tier Warned Until",
        readonly=True,
        copy=False,
        help="The last day of the tier that a task was planned about.",
    )
    crm_loyalty_tier_mailed_until = fields.Date(
        string="Tier Mailed Until",
        readonly=True,
        copy=False,
        help="The last day of the tier that the customer got a mail about.",
    )
    crm_loyalty_qualifying_points = fields.Float(
        string="Qualifying Points",
        readonly=True,
        copy=False,
        aggregator="sum",
        help="Points of the period that count for tiers: what orders earned, before "
        "the multiplier, less what was taken back.",
    )
    crm_loyalty_qualifying_spend = fields.Monetary(
        string="Qualifying Spend",
        readonly=True,
        copy=False,
        aggregator="sum",
        help="What the customer spent in the period on orders that earn points.",
    )
    crm_loyalty_tier_keep_needed = fields.Float(
        string="Missing to keep the tier",
        readonly=True,
        copy=False,
        aggregator=None,
        help="Points or spend that are missing to keep the tier beyond its last day.",
    )
    crm_loyalty_projected_tier_id = fields.Many2one(
        comodel_name="crm.loyalty.tier",
        string="Projected tier",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The tier at the end of the period, in 90 days with rolling months, if "
        "the customer goes on as in the last year.",
    )
    crm_loyalty_next_tier_id = fields.Many2one(
        comodel_name="crm.loyalty.tier",
        string="Next tier",
        compute="_compute_next_tier",
    )
    crm_loyalty_points_needed = fields.Float(
        string="Points to next tier", compute="_compute_next_tier"
    )
    crm_loyalty_spend_needed = fields.Monetary(
        string="Spend to next tier", compute="_compute_next_tier"
    )
    crm_loyalty_date_needed = fields.Date(
        string="Needed by",
        compute="_compute_next_tier",
        help="The day by which the next tier has to be reached.",
    )
    crm_loyalty_tier_progress = fields.Float(
        string="Progress",
        compute="_compute_next_tier",
        aggregator=None,
        help="How far the customer is on the way to the next tier, in percent.",
    )
    crm_loyalty_tier_basis = fields.Selection(
        related="program_id.crm_loyalty_tier_basis"
    )
    crm_loyalty_has_manual_bonus = fields.Boolean(
        string="Has Manual Bonus",
        compute="_compute_crm_loyalty_has_manual_bonus",
        compute_sudo=True,
    )
    crm_loyalty_tier_history_ids = fields.One2many(
        string="Tier History",
        comodel_name="crm.loyalty.tier.history",
        inverse_name="card_id",
    )

    _member_since_bounds = models.Constraint(
        "CHECK (crm_loyalty_member_since BETWEEN '1900-01-01' AND '2199-12-31')",
        "A membership begins on a day from 1900 to 2199.",
    )
    _tier_until_idx = models.Index("(program_id, crm_loyalty_tier_until) WHERE active")

    @api.model
    def _check_new_tiers(self, vals_list):
        """Refuse cards that are created with a tier, see `_check_tier_values`."""
        # The client may also send values as defaults.
        defaults = {
            name.removeprefix("default_"): value
            for name, value in self.env.context.items()
            if name.startswith("default_")
        }
        for vals in vals_list:
            self._check_tier_values({**defaults, **vals})

    @api.model
    def _check_tier_values(self, vals):
        """Refuse to set a tier by hand, since all salespeople may write on cards."""
        if self.env.su:
            return
        kept = TIER_FIELDS & vals.keys()
        if not self.env.user.has_group("crm_loyalty.group_points_manager"):
            kept |= {"crm_loyalty_member_since"} & vals.keys()
        if kept:
            field = self._fields[min(kept)]
            raise UserError(
                self.env._(
                    "“%(field)s” of a card follows from its points and spend, and "
                    "can't be written by hand. Give points with a reason instead.",
                    field=field._description_string(self.env),
                )
            )

    @api.depends("program_id")
    def _compute_crm_loyalty_member_since(self):
        for card in self:
            if not card.crm_loyalty_member_since:
                company = card.program_id.company_id or self.env.company
                card.crm_loyalty_member_since = company._get_loyalty_day(
                    card.create_date or fields.Datetime.now()
                )

    @api.depends(
        "crm_loyalty_tier_id",
        "crm_loyalty_qualifying_points",
        "crm_loyalty_qualifying_spend",
        "crm_loyalty_tier_period_end",
        "program_id.crm_loyalty_tier_ids.threshold",
        "program_id.crm_loyalty_tier_basis",
    )
    def _compute_next_tier(self):
        for card in self:
            by_spend = card.crm_loyalty_tier_basis == "spend"
            value = (
                card.crm_loyalty_qualifying_spend
                if by_spend
                else card.crm_loyalty_qualifying_points
            )
            reached = max(
                value,
                card.crm_loyalty_tier_id.threshold
                if card.crm_loyalty_tier_id
                else value,
            )
            # Users who may read a card may read the tiers of its program.
            ladder = card.program_id.sudo().crm_loyalty_tier_ids.sorted("threshold")
            following = ladder.filtered(lambda tier, r=reached: tier.threshold > r)[:1]
            needed = max(following.threshold - value, 0) if following else 0
            card.crm_loyalty_next_tier_id = following
            card.crm_loyalty_points_needed = 0 if by_spend else needed
            card.crm_loyalty_spend_needed = needed if by_spend else 0
            card.crm_loyalty_date_needed = (
                card.crm_loyalty_tier_period_end if following else False
            )
            card.crm_loyalty_tier_progress = (
                min(max(value, 0) / following.threshold * 100, 100)
                if following
                else 100
            )

    @api.model
    def _evaluate_posted(self, posting):
        """Evaluate the tiers of the cards of a posting.

        Use the rows of the posting, so that programs without tiers cost no query.
        """
        cards = {}
        tiered = self.env["loyalty.program"]._get_tier_program_ids()
        kinds = self._get_qualifying_kinds()
        for row in posting.entries:
            if row["program_id"] in tiered and row["kind"] in kinds:
                cards.setdefault(row["program_id"], set()).add(row["card_id"])
        # The caller may post, and the tier depends only on the points.
        programs = self.env["loyalty.program"].sudo()
        for program_id, card_ids in cards.items():
            programs.browse(program_id)._evaluate_tiers(
                cards=programs.env["loyalty.card"].browse(card_ids),
                qualified=not posting.has_uncounted_entries,
            )

    def _transfer_qualifying(self, card):
        """Count what these cards earned for the tier of another card.

        Use SQL, because the ORM refuses to write the ledger. The entries stay on their
        cards, only the card that they count for changes.
        """
        Entry = self.env["crm.loyalty.entry"]
        Entry._store_qualifying(SQL("e.card_id = ANY(%s)", self.ids))
        self.env.cr.execute(
            SQL(
                "UPDATE crm_loyalty_entry SET qualifying_card_id = %s "
                "WHERE qualifying_card_id = ANY(%s)",
                card.id,
                self.ids,
            )
        )
        Entry.invalidate_model(["qualifying_card_id"], flush=False)

    @api.model
    def _get_qualifying_kinds(self):
        """Return the kinds of entries that may count for tiers."""
        return {"earn", "bonus", "reverse"}

    @api.depends("program_id.crm_loyalty_bonus_rule_ids.trigger")
    def _compute_crm_loyalty_has_manual_bonus(self):
        for card in self:
            card.crm_loyalty_has_manual_bonus = (
                "manual" in card.program_id.crm_loyalty_bonus_rule_ids.mapped("trigger")
            )

    def action_grant_bonus(self):
        """Open the wizard that gives a bonus by hand."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Give a Bonus"),
            "res_model": "crm.loyalty.bonus.grant",
            "view_mode": "form",
            "target": "new",
            "context": {"default_card_id": self.id},
        }

    def action_print_statement(self):
        """Print the statement of the card."""
        return self.env.ref("crm_loyalty.action_report_statement").report_action(self)

    def action_open_tier_history(self):
        """Open the tier history of the card."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "crm_loyalty.crm_loyalty_tier_history_action"
        )
        return {**action, "domain": [("card_id", "=", self.id)], "context": {}}
