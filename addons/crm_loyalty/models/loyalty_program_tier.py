import logging
from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tools import SQL, format_date

from ..engine import periods
from ..engine import tiers as engine

_logger = logging.getLogger(__name__)

# Cards that one transaction of the nightly job evaluates. Measured: 0.5 s at
# this size, so an order that is confirmed meanwhile hardly ever waits.
BATCH = 10_000
# A batch that met an order on its way is asked again so many times.
ATTEMPTS = 5


class LoyaltyProgram(models.Model):
    """How the tiers of a programme are reached, kept, and brought to date."""

    _inherit = "loyalty.program"

    tier_ids = fields.One2many(
        comodel_name="loyalty.tier", inverse_name="program_id", string="Tiers"
    )
    tier_basis = fields.Selection(
        selection=[("points", "Points earned"), ("spend", "Amount spent")],
        string="Qualify by",
        required=True,
        default="points",
        help="What the thresholds of the tiers are compared with. Points that a tier "
        "multiplies count once.",
    )
    tier_period = fields.Selection(
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
    tier_grace_days = fields.Integer(
        string="Grace days",
        help="Customers keep a tier for so many days after its period; what they earn "
        "in them still counts for keeping it.",
    )
    tier_warn_days = fields.Integer(
        string="Warn before",
        default=30,
        help="Days before a customer loses a tier on which a task is planned. 0: no "
        "tasks.",
    )
    tier_user_id = fields.Many2one(
        comodel_name="res.users",
        string="Tasks for",
        domain="[('share', '=', False)]",
        help="Who gets the tasks about customers that have no salesperson.",
    )

    bonus_rule_ids = fields.One2many(
        comodel_name="loyalty.bonus.rule", inverse_name="program_id", string="Bonuses"
    )

    _tier_days_check = models.Constraint(
        "CHECK (tier_grace_days BETWEEN 0 AND 180 AND tier_warn_days >= 0)",
        "Grace days are between 0 and 180, and a warning comes before the loss.",
    )

    @api.constrains("tier_ids", "program_type")
    def _check_tiers(self):
        for program in self:
            if program.tier_ids and program.program_type != "loyalty":
                raise ValidationError(
                    self.env._(
                        "“%(program)s” can't have tiers: only programs with loyalty "
                        "cards have members that stay.",
                        program=program.name,
                    )
                )

    def _get_ladder(self):
        """Return what the tiers of the programme depend on."""
        self.ensure_one()
        return engine.Ladder(
            program_id=self.id,
            period=self.tier_period,
            basis=self.tier_basis,
            grace_days=self.tier_grace_days,
        )

    @api.model
    @tools.ormcache()
    def _get_tier_program_ids(self):
        """Return the ids of the programmes that have tiers; each posting asks."""
        # Which programmes have tiers is no secret, and the same for everybody.
        tiers_by_program = (
            self.env["loyalty.tier"]
            .sudo()
            ._read_group([("program_id.program_type", "=", "loyalty")], ["program_id"])
        )
        return frozenset(program.id for [program] in tiers_by_program)

    def _has_multiplier(self):
        """Extension point: whether `_get_multiplier` may be other than 1."""
        self.ensure_one()
        return self.id in self._get_tier_program_ids()

    def _get_multiplier(self, card, partner):
        """Extension point: how many times the points of an order a customer earns.

        ``card`` is empty for a customer who is no member yet. 0: nothing.
        """
        self.ensure_one()
        return card.tier_id.multiplier if card.tier_id else 1.0

    # ------------------------------------------------------------
    # Evaluation
    # ------------------------------------------------------------

    def _evaluate_tiers(self, as_of=None, cards=None):
        """Bring the cards of the programmes to their tier as of a day.

        One statement per programme: cards and history are written together, and
        only what differs. ``cards`` limits it to some. Returns the cards whose
        tier changed.
        """
        changed = self.env["loyalty.card"]
        for program in self:
            where = (
                SQL("TRUE") if cards is None else SQL("c.id = ANY(%s)", list(cards.ids))
            )
            day = as_of or program._get_loyalty_today()
            program._qualify_entries(where)
            ids = program._write_tiers(engine.states(program._get_ladder(), day, where))
            changed |= changed.browse(ids)
        if changed:
            self.env["res.partner"].invalidate_model(["property_product_pricelist"])
        return changed

    def _qualify_entries(self, where):
        """Note what entries of the programme count that nobody looked at yet."""
        self.env["loyalty.point.entry"]._qualify(
            SQL("e.program_id = %s AND %s", self.id, where)
        )

    def _write_tiers(self, states):
        """Write the states of cards that differ, in SQL: a job has 100,000 of them."""
        self.env["loyalty.point.entry"].flush_model()
        self.env["loyalty.card"].flush_model()
        self.env["loyalty.tier"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                %(states)s,
                target AS (
                    SELECT s.*, s.tier_id AS old_tier_id, n.id AS projected_tier_id,
                           -- A tier that was archived is held to its last day.
                           COALESCE(t.id, CASE WHEN s.level = s.held
                                               THEN s.tier_id END) AS new_tier_id
                      FROM state AS s
                      LEFT JOIN loyalty_tier AS t
                        ON t.program_id = %(program)s AND t.threshold = s.level
                       AND t.active
                      LEFT JOIN loyalty_tier AS n
                        ON n.program_id = %(program)s AND n.threshold = s.projected
                       AND n.active
                ),
                written AS (
                    UPDATE loyalty_card AS c
                       SET tier_id = s.new_tier_id,
                           tier_since = CASE
                               WHEN s.new_tier_id IS NULL THEN NULL
                               WHEN s.new_tier_id = s.old_tier_id THEN s.tier_since
                               ELSE s.as_of END,
                           tier_until = s.until,
                           tier_period_end = s.last,
                           qualifying_points = s.points,
                           qualifying_spend = s.spend,
                           tier_keep_needed = s.missing,
                           projected_tier_id = s.projected_tier_id
                      FROM target AS s
                     WHERE c.id = s.id
                       AND (c.tier_id, c.tier_until, c.tier_period_end,
                            c.qualifying_points, c.qualifying_spend,
                            c.tier_keep_needed, c.projected_tier_id)
                           IS DISTINCT FROM
                           (s.new_tier_id, s.until, s.last, s.points, s.spend,
                            s.missing, s.projected_tier_id)
                    RETURNING c.id
                ),
                noted AS (
                    INSERT INTO loyalty_tier_history (
                           card_id, program_id, partner_id, company_id, date,
                           from_tier_id, to_tier_id, kind, value, until,
                           create_uid, create_date, write_uid, write_date)
                    SELECT s.id, %(program)s, s.partner_id, s.company_id, s.as_of,
                           s.old_tier_id, s.new_tier_id,
                           CASE WHEN s.level > s.held THEN 'up'
                                WHEN s.as_of <= s.tier_until THEN 'reversal'
                                ELSE 'down' END,
                           GREATEST(s.current, CASE WHEN s.earned < s.level
                                                    THEN s.extended END),
                           s.until, %(uid)s, %(now)s, %(uid)s, %(now)s
                      FROM target AS s
                     WHERE s.new_tier_id IS DISTINCT FROM s.old_tier_id
                    RETURNING card_id
                )
                SELECT w.id, n.card_id
                  FROM written AS w
                  LEFT JOIN noted AS n ON n.card_id = w.id
                """,
                states=states,
                program=self.id,
                uid=self.env.uid,
                now=SQL("NOW() AT TIME ZONE 'UTC'"),
            )
        )
        written = self.env["loyalty.card"].browse(row[0] for row in rows)
        written.invalidate_recordset(self._get_tier_card_fields(), flush=False)
        self.env["loyalty.tier.history"].invalidate_model(flush=False)
        return [row[1] for row in rows if row[1]]

    @api.model
    def _get_tier_card_fields(self):
        """Return the fields of cards that the evaluation writes, or that follow."""
        return [
            name
            for name, field in self.env["loyalty.card"]._fields.items()
            if name.startswith(("tier_", "qualifying_"))
            or name in ("projected_tier_id", "next_tier_id")
            or name.endswith("_needed")
        ]

    # ------------------------------------------------------------
    # Preview and tasks
    # ------------------------------------------------------------

    def _preview_downgrades(self, day_from, day_to):
        """Return who loses a tier in some days if nothing more is earned.

        Rows ``(day, card, tier, tier that follows, missing)``: the evaluation of
        the day after each card's promise, with nothing written.
        """
        Card, Tier = self.env["loyalty.card"], self.env["loyalty.tier"]
        self.env["loyalty.point.entry"].flush_model()
        Card.flush_model()
        rows = []
        for program in self:
            states = engine.states(
                program._get_ladder(),
                SQL("c.tier_until + 1"),
                SQL(
                    "c.tier_until >= %s AND c.tier_until < %s",
                    day_from - timedelta(days=1),
                    day_to,
                ),
            )
            for day, card, tier, after, missing in self.env.execute_query(
                SQL(
                    """
                    %s SELECT s.as_of, s.id, s.tier_id, t.id,
                              s.held - GREATEST(s.extended, s.current)
                         FROM state AS s
                         LEFT JOIN loyalty_tier AS t
                           ON t.program_id = %s AND t.threshold = s.level AND t.active
                        WHERE s.level < s.held
                        ORDER BY s.as_of, s.id
                    """,
                    states,
                    program.id,
                )
            ):
                rows.append(
                    (
                        day,
                        Card.browse(card),
                        Tier.browse(tier),
                        Tier.browse(after),
                        missing,
                    )
                )
        return rows

    def _warn_tiers(self, as_of=None):
        """Plan one task per customer who is about to lose a tier; return them.

        A card remembers the promise that a task was planned about, so a task
        comes once, and again for the next promise only.
        """
        tasks = self.env["mail.activity"]
        for program in self.filtered("tier_warn_days"):
            day = as_of or program._get_loyalty_today()
            due = program._preview_downgrades(
                day + timedelta(days=1), day + timedelta(days=program.tier_warn_days)
            )
            due = [row for row in due if row[1].tier_warned_until != row[1].tier_until]
            tasks |= program._plan_tier_tasks(due)
            cards = self.env["loyalty.card"].union(*(row[1] for row in due))
            for until, warned in cards.grouped("tier_until").items():
                warned.tier_warned_until = until
        return tasks

    def _plan_tier_tasks(self, rows):
        """Plan the task of each row of `_preview_downgrades` on its customer."""
        activity_type = self.env.ref(
            "mail.mail_activity_data_todo", raise_if_not_found=False
        )
        model_id = self.env["ir.model"]._get_id("res.partner")
        values = []
        for lost_on, card, tier, after, missing in rows:
            partner = card.partner_id
            user = (
                partner.user_id
                or partner.commercial_partner_id.user_id
                or self.tier_user_id
                or self.env.user
            )
            lang = user.lang or self.env.lang
            told = self.with_context(lang=lang)
            amount = told._format_tier_value(missing)
            values.append(
                {
                    "res_model_id": model_id,
                    "res_id": partner.id,
                    "user_id": user.id,
                    "activity_type_id": activity_type.id if activity_type else False,
                    "date_deadline": card.tier_until,
                    "summary": told.env._(
                        "%(customer)s loses %(tier)s",
                        customer=partner.display_name,
                        tier=tier.with_context(lang=lang).name,
                    ),
                    "note": told.env._(
                        "On %(date)s the tier becomes %(after)s. Missing to keep it: "
                        "%(amount)s.",
                        date=format_date(told.env, lost_on),
                        after=after.with_context(lang=lang).name or told.env._("none"),
                        amount=amount,
                    ),
                }
            )
        return self.env["mail.activity"].create(values)

    def _format_tier_value(self, value):
        """Return points or an amount, as the programme's thresholds are meant."""
        self.ensure_one()
        if self.tier_basis == "spend":
            return self.currency_id.format(value)
        number = self.env["ir.qweb.field.float"].value_to_html(
            value, {"precision": 0 if value == int(value) else 2}
        )
        return f"{number} {self.portal_point_name or ''}".strip()

    # ------------------------------------------------------------
    # Job
    # ------------------------------------------------------------

    @api.model
    def _cron_tiers(self):
        """Bring all cards to their tier of today, and plan the tasks.

        In batches with a commit after each. Run again, it finds nothing to do.
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
                changed = program._evaluate_patiently(today, cards)
                _logger.info(
                    "Tiers of %s: %s cards, %s changed",
                    program.id,
                    len(ids),
                    len(changed),
                )
                cron._commit_progress(len(ids))
            program._warn_tiers(today)
            cron._commit_progress()

    def _get_tier_batch(self, last):
        """Return the ids of the next cards, in order."""
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

    def _evaluate_patiently(self, as_of, cards):
        """Evaluate a batch, again if an order changed one of its cards meanwhile."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._evaluate_tiers(as_of, cards)
            except SerializationFailure:
                if attempt == ATTEMPTS:
                    raise
                # What was done before is committed: only this batch is asked again.
                self.env.cr.rollback()
                self.env.invalidate_all()

    # ------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------

    def action_open_tier_cards(self):
        """Show the members of the programme by tier."""
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
        """Show who loses a tier in the next days if nothing more is earned."""
        preview = self.env["loyalty.tier.preview"].create(
            {"program_ids": [Command.set(self.ids)]}
        )
        return preview.action_refresh()

    def action_evaluate_tiers(self):
        """Bring all members to their tier now."""
        self.check_access("write")
        # Tiers follow from the points; whoever configures them may ask for it.
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
