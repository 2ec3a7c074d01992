import logging
from ast import literal_eval
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, split_every

from ..engine.ledger import MAX_POINTS
from ..engine.periods import add_years_sql, count_anniversaries_sql
from .loyalty_card_mail import MAIL_BATCH

_logger = logging.getLogger(__name__)

# Days for which the job posts missed bonuses after it did not run.
LOOK_BACK_DAYS = 31
# Bonuses to post in one transaction, if they come without mails.
POST_BATCH = 10_000

# Triggers on documents of other apps: the model of the document.
TRIGGER_MODELS = {
    "survey": "survey.user_input",
    "event": "event.registration",
    "rating": "rating.rating",
}
# Fields with the date of birth of contacts, those of other addons before our own.
BIRTHDATE_FIELDS = ("birthdate_date", "birthday", "birthdate", "crm_loyalty_birthdate")

MANUAL_PERIODS = [
    ("any", "As often as there is a reason"),
    ("month", "Once a month"),
    ("year", "Once a year"),
    ("once", "Once"),
]


class CrmLoyaltyBonusRule(models.Model):
    """Points for something other than an order, at most once per occasion.

    The value of ``trigger`` names the method that finds occasions,
    ``_due_<trigger>``. It returns SQL of ``partner_id``, ``day`` (of the occasion) and
    ``occasion`` (a text that identifies it, such as the year or the survey). The key
    of a posting consists of rule and occasion, so a job that runs again, or twice at
    the same time, posts it once. Another addon can add a value and its method.
    """

    _name = "crm.loyalty.bonus.rule"
    _description = "Bonus Rule"
    _inherit = ["crm.loyalty.company.mixin", "crm.loyalty.bounded.mixin"]
    _order = "program_id, sequence, id"

    _company_fields = frozenset({"company_id", "program_id"})

    name = fields.Char(
        translate=True,
        required=True,
        help="Customers read it as the reason of the points.",
    )
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    program_id = fields.Many2one(
        comodel_name="loyalty.program",
        required=True,
        index=True,
        ondelete="cascade",
        domain="[('program_type', '=', 'loyalty')]",
    )
    # Stored for use in the record rule.
    company_id = fields.Many2one(
        related="program_id.company_id", store=True, index="btree_not_null"
    )
    trigger = fields.Selection(
        selection=[
            ("birthday", "Birthday"),
            ("anniversary", "Anniversary of membership"),
            ("signup", "Sign-up"),
            ("survey", "Survey answered"),
            ("event", "Event attended"),
            ("rating", "Ticket rated"),
            ("manual", "By hand, with a reason"),
        ],
        string="Occasion",
        required=True,
        default="birthday",
    )
    points = fields.Float(required=True, digits=(16, 2), default=100)
    is_qualifying = fields.Boolean(
        string="Counts for tiers",
        help="The points count for the tiers of the program like those of orders.",
    )
    date_from = fields.Date(
        string="From",
        required=True,
        default=fields.Date.context_today,
        help="Occasions before this day get nothing.",
    )
    birthdate_field_id = fields.Many2one(
        comodel_name="ir.model.fields",
        string="Date of birth",
        domain="[('model', '=', 'res.partner'), ('ttype', '=', 'date'), "
        "('store', '=', True)]",
        default=lambda self: self._default_birthdate_field_id(),
        ondelete="cascade",
        help="The field of contacts that holds the day.",
    )
    manual_period = fields.Selection(
        selection=MANUAL_PERIODS,
        string="How often",
        required=True,
        default="any",
        help="How often one customer may get it.",
    )
    mail_template_id = fields.Many2one(
        comodel_name="mail.template",
        string="Notify by Mail",
        domain="[('model', '=', 'loyalty.card')]",
        ondelete="set null",
        help="The mail to customers who get the bonus. Empty: no mail.",
    )
    partner_domain = fields.Char(
        string="Customers", default="[]", help="Empty: all members."
    )

    _points_check = models.Constraint(
        "CHECK (points > 0)", "A bonus gives more than 0 points."
    )

    _points_bounds = models.Constraint(
        f"CHECK (points <= {MAX_POINTS})", "A bonus gives at most 1,000,000,000 points."
    )
    _date_from_bounds = models.Constraint(
        "CHECK (date_from BETWEEN '1900-01-01' AND '2199-12-31')",
        "A bonus begins on a day from 1900 to 2199.",
    )

    @api.model
    def _get_bounds(self):
        return {**super()._get_bounds(), "points": (0.01, MAX_POINTS)}

    @api.model
    def _default_birthdate_field_id(self):
        """Return the date of birth field of contacts, ours if there is no other."""
        known = self.env["res.partner"]._fields
        name = next(name for name in BIRTHDATE_FIELDS if name in known)
        # The author of a rule need not have access to ir.model.fields.
        return self.env["ir.model.fields"].sudo()._get("res.partner", name)

    @api.constrains("trigger")
    def _check_trigger(self):
        for rule in self:
            model = TRIGGER_MODELS.get(rule.trigger)
            if model and model not in self.env:
                labels = dict(self._fields["trigger"]._description_selection(self.env))
                raise ValidationError(
                    self.env._(
                        "“%(rule)s” can't be for “%(occasion)s”: install the "
                        "application that has it first.",
                        rule=rule.name,
                        occasion=labels[rule.trigger],
                    )
                )

    @api.constrains("trigger", "birthdate_field_id")
    def _check_birthdate_field(self):
        for rule in self.filtered(lambda r: r.trigger == "birthday"):
            # Only administrators may read ir.model.fields; the name is no secret.
            field = self.env["res.partner"]._fields.get(
                rule.sudo().birthdate_field_id.name
            )
            if not field or field.type != "date" or not field.column_type:
                raise ValidationError(
                    self.env._(
                        "“%(rule)s” needs a date of contacts that is stored.",
                        rule=rule.name,
                    )
                )

    @api.constrains("partner_domain")
    def _check_partner_domain(self):
        """Refuse a domain that fails, or that reads fields its author may not read.

        The job searches as superuser. So search with the rights of the author, even if
        the rule is written with sudo.
        """
        Partner = self.env["res.partner"].with_user(self.env.user)
        for rule in self:
            try:
                Partner._search(rule._get_partner_domain())
            except AccessError:
                raise
            except Exception as error:
                raise ValidationError(
                    self.env._(
                        "The customers of “%(rule)s” can't be read: %(error)s",
                        rule=rule.name,
                        error=error,
                    )
                ) from error

    def _get_partner_domain(self):
        """Extension point: the domain of the contacts that the rule applies to."""
        self.ensure_one()
        return Domain(literal_eval(self.partner_domain or "[]"))

    # ------------------------------------------------------------
    # Occasions
    # ------------------------------------------------------------

    def _due_birthday(self, day):
        """SQL of the last birthday of each contact; 29 February counts as 28."""
        # Only administrators may read ir.model.fields; the name is no secret.
        birth = SQL.identifier("p", self.sudo().birthdate_field_id.name)
        return SQL(
            """
            SELECT p.id AS partner_id, last.day AS day,
                   EXTRACT(YEAR FROM last.day)::int::text AS occasion
              FROM res_partner AS p
             CROSS JOIN LATERAL (SELECT %(last)s AS day) AS last
              JOIN loyalty_card AS m ON m.partner_id = p.id
               AND m.program_id = %(program)s AND m.crm_loyalty_member_since <= last.day
             WHERE %(birth)s < last.day
            """,
            last=add_years_sql(
                birth, count_anniversaries_sql(birth, SQL("%s::date", day))
            ),
            program=self.program_id.id,
            birth=birth,
        )

    def _due_anniversary(self, day):
        """SQL of the last anniversary of each member."""
        since = SQL("m.crm_loyalty_member_since")
        return SQL(
            """
            SELECT m.partner_id, last.day,
                   EXTRACT(YEAR FROM last.day)::int::text AS occasion
              FROM loyalty_card AS m
             CROSS JOIN LATERAL (SELECT %(last)s AS day) AS last
             WHERE m.program_id = %(program)s AND m.crm_loyalty_member_since < last.day
            """,
            last=add_years_sql(
                since, count_anniversaries_sql(since, SQL("%s::date", day))
            ),
            program=self.program_id.id,
        )

    def _due_signup(self, day):
        """SQL of the members, by the day on which they joined."""
        return SQL(
            """
            SELECT m.partner_id, %(day)s AS day, 'once' AS occasion
              FROM loyalty_card AS m
             WHERE m.program_id = %(program)s
            """,
            day=self._local_date(SQL("m.create_date")),
            program=self.program_id.id,
        )

    def _due_survey(self, day):
        """SQL of the surveys that contacts completed, each once."""
        return SQL(
            """
            SELECT u.partner_id, %(day)s AS day, u.survey_id::text AS occasion
              FROM survey_user_input AS u
             WHERE u.state = 'done' AND u.test_entry IS NOT TRUE
            """,
            day=self._local_date(SQL("u.end_datetime")),
        )

    def _due_event(self, day):
        """SQL of the events that contacts attended, each once."""
        return SQL(
            """
            SELECT r.partner_id, %(day)s AS day, r.event_id::text AS occasion
              FROM event_registration AS r
             WHERE r.state = 'done'
            """,
            day=self._local_date(SQL("r.date_closed")),
        )

    def _due_rating(self, day):
        """SQL of the documents that contacts rated, each once."""
        return SQL(
            """
            SELECT r.partner_id, %(day)s AS day,
                   r.res_model || ':' || r.res_id AS occasion
              FROM rating_rating AS r
             WHERE r.consumed
            """,
            day=self._local_date(SQL("r.write_date")),
        )

    def _local_date(self, moment):
        """SQL of the date of a naive UTC timestamp in the program's time zone."""
        company = self.program_id.company_id or self.env.company
        return SQL(
            "((%s AT TIME ZONE 'UTC') AT TIME ZONE %s)::date",
            moment,
            company.sudo().crm_loyalty_tz or "UTC",  # only a zone name
        )

    # ------------------------------------------------------------
    # Posting
    # ------------------------------------------------------------

    def _get_key(self, occasion):
        """Return the posting key of the bonus for an occasion."""
        self.ensure_one()
        return f"bonus:{self.id}:{occasion}"

    def _check_bonus_not_posted(self, card, occasion):
        """Raise UserError if the card already has the bonus of this occasion."""
        self.ensure_one()
        key = self._get_key(occasion)
        Entry = self.env["crm.loyalty.entry"].sudo()  # only counts the key
        if Entry.search_count([("card_id", "=", card.id), ("key", "=", key)], limit=1):
            raise UserError(
                self.env._(
                    "%(customer)s had “%(rule)s” in this period already.",
                    rule=self.name,
                    customer=card.partner_id.display_name or card.code,
                )
            )

    def _get_due_occasions(self, day):
        """Return ``[(card, occasion)]`` for which the rule has not posted a bonus."""
        self.ensure_one()
        if self.trigger == "manual":
            return []
        model = TRIGGER_MODELS.get(self.trigger)
        if model and model not in self.env:
            return []
        self.env.flush_all()
        members = self.env["res.partner"]._search(self._get_partner_domain())
        rows = self.env.execute_query(
            SQL(
                """
                SELECT MIN(c.id), due.occasion
                  FROM (%(due)s) AS due
                  JOIN loyalty_card AS c ON c.partner_id = due.partner_id
                   AND c.program_id = %(program)s AND c.active
                 WHERE due.day BETWEEN %(first)s AND %(day)s
                   AND due.partner_id IN %(members)s
                   AND NOT EXISTS (
                       SELECT FROM loyalty_card AS k
                         JOIN crm_loyalty_entry AS e ON e.card_id = k.id
                        WHERE k.partner_id = due.partner_id
                          AND k.program_id = %(program)s
                          AND e.key = %(prefix)s || due.occasion)
                 GROUP BY c.partner_id, due.occasion
                 ORDER BY 1, 2
                """,
                due=getattr(self, f"_due_{self.trigger}")(day),
                program=self.program_id.id,
                first=max(self.date_from, day - timedelta(days=LOOK_BACK_DAYS)),
                day=day,
                members=members.subselect(),
                prefix=self._get_key(""),
            )
        )
        Card = self.env["loyalty.card"]
        return [(Card.browse(card_id), occasion) for card_id, occasion in rows]

    def _post_due(self, as_of=None):
        """Post the bonus of each due occasion, and return the entries."""
        entries = self.env["crm.loyalty.entry"]
        for rule in self:
            for occasions in rule._split_due_occasions(as_of):
                entries |= rule._post_occasions(occasions, as_of)
        return entries

    def _split_due_occasions(self, as_of=None):
        """Return batches of due occasions, each for one transaction."""
        self.ensure_one()
        day = as_of or self.program_id._get_loyalty_today()
        size = MAIL_BATCH if self.mail_template_id else POST_BATCH
        return split_every(size, self._get_due_occasions(day), list)

    def _post_occasions(self, occasions, as_of=None):
        """Post bonuses and mail the customers; return the entries.

        Both are one transaction, so there is one mail for each occasion.
        """
        self.ensure_one()
        entries = self.env["loyalty.card"]._post_many(
            [
                self._prepare_bonus_values(card, occasion, date=as_of)
                for card, occasion in occasions
            ]
        )
        entries.card_id._send_notice(
            self.mail_template_id.with_context(
                loyalty_bonus={"rule_id": self.id, "points": self.points}
            ),
            "bonus",
        )
        return entries

    def _prepare_bonus_values(self, card, occasion, reason=None, date=None):
        """Prepare the values to post a bonus."""
        self.ensure_one()
        # The customer reads the reason, so use the customer's language.
        name = self.with_context(lang=card.partner_id.lang or self.env.lang).name
        return {
            "card": card,
            "points": self.points,
            "kind": "bonus",
            "key": self._get_key(occasion),
            "source": self,
            "date": date,
            "reason": f"{name}: {reason}" if reason else name,
        }

    @api.model
    def _cron_post(self):
        """Post due bonuses, with a commit after each batch of a rule."""
        failed = self.browse()
        for rule in self.search([("program_id.active", "=", True)]):
            try:
                rule._post_due_in_batches()
            except Exception:
                # Continue with the other rules, and raise at the end.
                _logger.exception("Bonus rule %s", rule.id)
                failed |= rule
        if failed:
            raise ValidationError(
                self.env._(
                    "Bonus rules that failed, see the log: %(rules)s",
                    rules=", ".join(failed.mapped("name")),
                )
            )

    def _post_due_in_batches(self):
        """Post the due bonuses of the rule, with a commit after each batch."""
        with self.env.cr.savepoint():
            batches = list(self._split_due_occasions())
        for occasions in batches:
            with self.env.cr.savepoint():
                entries = self._post_occasions(occasions)
            _logger.info("Bonus rule %s: %s postings", self.id, len(entries))
            self.env["ir.cron"]._commit_progress(len(entries))
