import logging

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tools import SQL

from ..engine import periods
from ..engine import tiers as engine
from .loyalty_program import MAX_WARN_DAYS

_logger = logging.getLogger(__name__)

# Cards to evaluate in one transaction of the nightly job. This takes 0.5 s, so orders
# that are confirmed meanwhile hardly wait.
BATCH = 10_000
# Attempts for a batch that conflicts with an order.
ATTEMPTS = 5


class LoyaltyProgram(models.Model):
    """Settings and evaluation of the tiers of a program."""

    _inherit = "loyalty.program"

    crm_loyalty_tier_ids = fields.One2many(
        comodel_name="crm.loyalty.tier", inverse_name="program_id", string="Tiers"
    )
    crm_loyalty_tier_basis = fields.Selection(
        selection=[("points", "Points earned"), ("spend", "Amount spent")],
        string="Qualify by",
        required=True,
        default="points",
        help="What the thresholds of the tiers are compared with. Points that a tier "
        "multiplies count once.",
    )
    crm_loyalty_tier_period = fields.Selection(
        selection=[
            (periods.CALENDAR, "Calendar year"),
            (periods.ANNIVERSARY, "Year of membership"),
            (periods.ROLLING, "Last 12 months"),
        ],
        string="Period",
        required=True,
        default=periods.CALENDAR,
        help="The period in which customers qualify. A tier is reached at once and "
        "holds to the end of the next period; in the last 12 months, as long as they "
        "suffice.",
    )
    crm_loyalty_tier_grace_days = fields.Integer(
        string="Grace days",
        help="Customers keep a tier for so many days after its period; what they earn "
        "in them still counts for keeping it.",
    )
    crm_loyalty_tier_warn_days = fields.Integer(
        string="Warn before",
        default=30,
        help="Days before a customer loses a tier on which a task is planned. 0: no "
        "tasks and no mails.",
    )
    crm_loyalty_tier_warn_template_id = fields.Many2one(
        comodel_name="mail.template",
        string="Warn by Mail",
        domain="[('model', '=', 'loyalty.card')]",
        help="The mail to customers who are about to lose a tier, once for each last "
        "day. Empty: no mail.",
    )
    crm_loyalty_tier_user_id = fields.Many2one(
        comodel_name="res.users",
        string="Tasks for",
        domain="[('share', '=', False)]",
        help="Who gets the tasks about customers that have no salesperson.",
    )

    crm_loyalty_bonus_rule_ids = fields.One2many(
        comodel_name="crm.loyalty.bonus.rule",
        inverse_name="program_id",
        string="Bonuses",
    )

    _tier_days_check = models.Constraint(
        "CHECK (crm_loyalty_tier_grace_days BETWEEN 0 AND 180 "
        "AND crm_loyalty_tier_warn_days >= 0)",
        "Grace days are between 0 and 180, and a warning comes before the loss.",
    )

    _tier_warn_days_bounds = models.Constraint(
        f"CHECK (crm_loyalty_tier_warn_days <= {MAX_WARN_DAYS})",
        "A warning comes at most 366 days before the loss.",
    )

    @api.constrains("crm_loyalty_tier_ids", "program_type")
    def _check_tiers(self):
        for program in self:
            if program.crm_loyalty_tier_ids and program.program_type != "loyalty":
                raise ValidationError(
                    self.env._(
                        "“%(program)s” can't have tiers: only programs with loyalty "
                        "cards have members that stay.",
                        program=program.name,
                    )
                )

    def _get_tier_policy(self):
        """Return the settings that decide the tiers of the program."""
        self.ensure_one()
        return engine.TierPolicy(
            program_id=self.id,
            period=self.crm_loyalty_tier_period,
            basis=self.crm_loyalty_tier_basis,
            grace_days=self.crm_loyalty_tier_grace_days,
        )

    @api.model
    @tools.ormcache()
    def _get_tier_program_ids(self):
        """Return the ids of the programs with tiers. Each posting reads them."""
        # The cached ids are the same for all users.
        tiers_by_program = (
            self.env["crm.loyalty.tier"]
            .sudo()
            ._read_group([("program_id.program_type", "=", "loyalty")], ["program_id"])
        )
        return frozenset(program.id for [program] in tiers_by_program)

    def _has_multiplier(self):
        """Extension point: return whether `_get_multiplier` may be other than 1."""
        self.ensure_one()
        return self.id in self._get_tier_program_ids()

    def _get_multiplier(self, card, partner):
        """Extension point: return the multiplier for the points of a customer's order.

        ``card`` is empty for a customer who is not a member yet. With 0, the customer
        earns nothing.
        """
        self.ensure_one()
        return (
            self.env["crm.loyalty.tier"]
            ._get_multipliers()
            .get(card.crm_loyalty_tier_id.id, 1.0)
        )

    # ------------------------------------------------------------
    # Evaluation
    # ------------------------------------------------------------

    def _evaluate_tiers(self, as_of=None, cards=None, qualified=False):
        """Update the tiers of cards as of a day.

        One statement per program writes the changed cards and their history.

        :param as_of: a date, by default today in the program's company
        :param cards: the cards to evaluate, by default all
        :param qualified: True if all entries of the cards have qualifying values
        :return: the cards with a new tier
        """
        changed = self.env["loyalty.card"]
        for program in self:
            where = (
                SQL("TRUE") if cards is None else SQL("c.id = ANY(%s)", list(cards.ids))
            )
            day = as_of or program._get_loyalty_today()
            if not qualified:
                program._store_qualifying_entries(where)
            ids = program._write_tiers(
                engine.states_sql(program._get_tier_policy(), day, where)
            )
            changed |= changed.browse(ids)
        if changed:
            self.env["res.partner"].invalidate_model(["property_product_pricelist"])
        return changed

    def _store_qualifying_entries(self, where):
        """Compute the qualifying values of entries of the program without them."""
        self.env["crm.loyalty.entry"]._store_qualifying(
            SQL("e.program_id = %s AND %s", self.id, where)
        )

    def _write_tiers(self, states):
        """Write the changed states with SQL, because a job has 100,000 of them."""
        self.env["crm.loyalty.entry"].flush_model()
        self.env["loyalty.card"].flush_model()
        self.env["crm.loyalty.tier"].flush_model()
        rows = self.env.execute_query(
            engine.write_states_sql(states, self.id, self.env.uid)
        )
        written = self.env["loyalty.card"].browse(row[0] for row in rows)
        written.invalidate_recordset(self._get_tier_card_fields(), flush=False)
        self.env["crm.loyalty.tier.history"].invalidate_model(flush=False)
        return [row[1] for row in rows if row[1]]

    @api.model
    def _get_tier_card_fields(self):
        """Return the fields of cards that the evaluation changes."""
        return [
            name
            for name, field in self.env["loyalty.card"]._fields.items()
            if name.startswith(("crm_loyalty_tier_", "crm_loyalty_qualifying_"))
            or name in ("crm_loyalty_projected_tier_id", "crm_loyalty_next_tier_id")
            or name.endswith("_needed")
        ]

    # ------------------------------------------------------------
    # Scheduled job
    # ------------------------------------------------------------

    @api.model
    def _cron_tiers(self):
        """Update the tiers of all cards, and schedule the tasks about losses.

        The job commits after each batch. A second run on a day changes nothing.
        """
        cron = self.env["ir.cron"]
        programs = self.browse(sorted(self._get_tier_program_ids())).exists()
        for program in programs.filtered("active"):
            today = program._get_loyalty_today()
            last = 0
            while True:
                ids = program._get_tier_batch(last)
                if not ids:
                    break
                last = ids[-1]
                cards = self.env["loyalty.card"].browse(ids)
                changed = program._evaluate_with_retries(today, cards)
                _logger.info(
                    "Tiers of %s: %s cards, %s changed",
                    program.id,
                    len(ids),
                    len(changed),
                )
                cron._commit_progress(len(ids))
            program._schedule_downgrade_warnings(today)
            cron._commit_progress()
            program._mail_downgrade_warnings(today, cron._commit_progress)

    def _get_tier_batch(self, last):
        """Return the ids of the next cards after ``last``, in order."""
        return [
            row[0]
            for row in self.env.execute_query(
                SQL(
                    """
                    SELECT id FROM loyalty_card
                     WHERE program_id = %s AND active AND partner_id IS NOT NULL
                       AND id > %s
                     ORDER BY id LIMIT %s
                    """,
                    self.id,
                    last,
                    BATCH,
                )
            )
        ]

    def _evaluate_with_retries(self, as_of, cards):
        """Evaluate a batch; retry it if an order changed one of its cards meanwhile."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._evaluate_tiers(as_of, cards)
            except SerializationFailure:
                if attempt == ATTEMPTS:
                    raise
                # Former batches are committed, so only this one is rolled back.
                self.env.cr.rollback()
                self.env.invalidate_all()

    # ------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------

    def action_open_tier_cards(self):
        """Open the members of the program, grouped by tier."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Members: %(program)s", program=self.name),
            "res_model": "loyalty.card",
            "view_mode": "list,form",
            "domain": [("program_id", "=", self.id)],
            "context": {"create": False, "search_default_group_tier": 1},
        }

    def action_preview_downgrades(self):
        """Open the preview of members who are about to lose their tier."""
        preview = self.env["crm.loyalty.tier.preview"].create(
            {"program_ids": [Command.set(self.ids)]}
        )
        preview.action_refresh()
        return {
            "type": "ir.actions.act_window",
            "name": preview.display_name,
            "res_model": preview._name,
            "res_id": preview.id,
            "view_mode": "form",
            "target": "current",
        }

    def action_evaluate_tiers(self):
        """Update the tiers of all members now."""
        self.check_access("write")
        # Tiers depend only on the points, and the user may configure them.
        changed = self.sudo()._evaluate_tiers()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "Tiers are up to date. Changed: %(count)s.", count=len(changed)
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
