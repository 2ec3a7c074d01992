from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..access import can_read
from ..engine.statements import NOW
from ..fields import LooseMany2one
from ..moves import REASON_ENTERS, REASON_PASSES
from ..storage import set_storage
from .crm_lifecycle_profile import DECISIONS

ORIGINS = [
    ("rule", "Rule"),
    ("manual", "By hand"),
    ("import", "Import"),
    ("merge", "Merge"),
    ("replay", "Replay"),
    ("convert", "Conversion"),
    ("void", "Voided run"),
    ("start", "Start"),
    ("switch", "Switch of lifecycle"),
]
# Origins of moves with a reason that users wrote, or that names a customer.
WRITTEN_ORIGINS = ("manual", "import", "merge", "convert")
# SQL condition on a row ``h``: the customer passed through without a stay.
IS_PASS_THROUGH = SQL("h.is_quiet IS NOT FALSE AND h.reason = %s", REASON_PASSES)


class CrmLifecycleHistory(models.Model):
    """One move of one customer, with its reason. Rows are never changed.

    Only `MoveService`, which writes the stages, adds rows. They remain when the
    customer's profile, a rule or a user is deleted.
    """

    _name = "crm.lifecycle.history"
    _description = "Lifecycle History"
    _order = "date desc, id desc"
    _rec_name = "to_stage_id"

    profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        ondelete="set null",
    )
    partner_id = LooseMany2one(
        comodel_name="res.partner",
        string="Customer",
        index="btree_not_null",
        ondelete="set null",
    )
    lead_id = LooseMany2one(
        comodel_name="crm.lead", index="btree_not_null", ondelete="set null"
    )
    company_id = LooseMany2one(
        comodel_name="res.company", required=True, ondelete="restrict"
    )
    lifecycle_id = LooseMany2one(comodel_name="crm.lifecycle", ondelete="restrict")
    lifecycle_version = fields.Integer(string="Version", aggregator=None)
    from_stage_id = LooseMany2one(
        comodel_name="crm.lifecycle.stage", string="From", ondelete="restrict"
    )
    to_stage_id = LooseMany2one(
        comodel_name="crm.lifecycle.stage", string="To", ondelete="restrict"
    )
    date = fields.Date(help="The day on which the move became due.")
    create_date = fields.Datetime(string="Seen on")
    origin = fields.Selection(selection=ORIGINS, required=True)
    rule_id = LooseMany2one(comodel_name="crm.lifecycle.rule", ondelete="set null")
    user_id = fields.Many2one(
        comodel_name="res.users", string="By", ondelete="set null"
    )
    reason = fields.Char()
    facts = fields.Json(help="The values that the rule looked at.")
    days_in_from_stage = fields.Integer(string="Days in stage", aggregator="avg")
    decision = fields.Selection(
        selection=DECISIONS,
        help="The decision that ended with the previous stage.",
    )
    hold_days = fields.Integer(
        string="Hold",
        aggregator=None,
        help="How many days the previous stage was held before the rule applied, since "
        "staff had chosen it.",
    )
    processed_at = fields.Datetime(
        help="When the playbook steps of the move were worked off; empty: to do."
    )
    is_quiet = fields.Boolean(
        string="Quiet",
        help="No step of the playbook comes of the move: it brought the past in, or "
        "was part of the first run of a lifecycle.",
    )
    chain = fields.Integer(
        string="Moves by actions",
        aggregator=None,
        help="How many moves by actions of playbooks in a row led to this one.",
    )
    run_id = LooseMany2one(
        comodel_name="crm.lifecycle.run",
        string="Run",
        ondelete="set null",
        help="The run that made the move.",
    )
    is_voided = fields.Boolean(
        string="Voided",
        help="A move of a run that was voided, or the one that took it back: neither "
        "counts.",
    )
    playbook_log_ids = fields.One2many(
        comodel_name="crm.lifecycle.playbook.log",
        inverse_name="history_id",
        string="Playbook log",
    )
    passed_stages = fields.Json(
        help="Ids of the stages on the way, if the move goes through several at once."
    )
    is_baseline = fields.Boolean(
        string="Baseline",
        help="The move says where the customer already was, as when a lifecycle is "
        "activated or switched. Reports don't count it as a move.",
    )
    customer_date = fields.Date(
        string="Customer since",
        help="Of a baseline move: the day of the first purchase, if there was one.",
    )
    purchase_date = fields.Date(
        string="Last purchase", help="The last purchase known at the time of the move."
    )
    merge_id = LooseMany2one(
        comodel_name="crm.lifecycle.history",
        string="Ended by the Merge",
        help="The move was made by a profile that was merged into another one: the "
        "merge ended its stay. Empty for the moves that led to the present stage.",
    )
    explanation = fields.Char(
        string="Why", compute="_compute_explanation", compute_sudo=True
    )

    _company_date_idx = models.Index("(company_id, date)")
    _profile_date_idx = models.Index("(profile_id, date)")
    _todo_idx = models.Index("(id) WHERE processed_at IS NULL")

    def init(self):
        """Set storage parameters so that the table is vacuumed in time."""
        set_storage(
            self,
            autovacuum_vacuum_insert_scale_factor=0.05,
            autovacuum_analyze_scale_factor=0.05,
        )

    @api.depends("rule_id.name", "reason", "facts", "passed_stages", "hold_days")
    @api.depends_context("lang", "uid")
    def _compute_explanation(self):
        Profile = self.env["crm.lifecycle.profile"]
        for row in self:
            words = []
            for name, value in (row.facts or {}).items():
                field = Profile._fields.get(name)
                if field and can_read(Profile, name):
                    label = field._description_string(self.env)
                    words.append(f"{label}: {self._format_fact(field, value)}")
            cause = row.rule_id.name or row._get_reason()
            if words:
                cause = f"{cause} ({', '.join(words)})"
            cause = row._add_passed_stages(cause)
            if row.hold_days:
                cause = self.env._(
                    "%(cause)s, after the hold of %(days)s days ended",
                    cause=cause,
                    days=row.hold_days,
                )
            row.explanation = cause

    def _add_passed_stages(self, cause):
        """Return the cause of a move with the stages on the way, if there were any."""
        passed = self.env["crm.lifecycle.stage"].browse(self.passed_stages or [])
        names = passed.exists().mapped("name")
        if not names:
            return cause
        return self.env._(
            "%(cause)s, through %(stages)s", cause=cause, stages=" → ".join(names)
        )

    def _get_reason(self):
        """Return the reason of a move without a rule, in the user's language."""
        self.ensure_one()
        if self.origin == "void":
            # sudo: the day of a run is not confidential to readers of its moves.
            return self.env._(
                "The run of %(day)s was voided", day=self.sudo().run_id.as_of
            )
        if self.reason == REASON_ENTERS:
            return self.env._("Enters the lifecycle")
        if self.reason == REASON_PASSES:
            return self.env._("Passed through")
        if self.reason and self.origin in ("merge", "convert"):
            return self.env._("Merged with %(customer)s", customer=self.reason)
        return self.reason or ""

    @api.model
    def _format_fact(self, field, value):
        """Return the value of a fact, formatted in the user's language."""
        if value is None or value is False:
            return self.env._("none")
        if field.type == "date":
            return self.env["ir.qweb.field.date"].value_to_html(
                fields.Date.to_date(value), {}
            )
        if field.type in ("float", "monetary"):
            return self.env["ir.qweb.field.float"].value_to_html(
                value, {"precision": 2}
            )
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, value)
        return str(value)

    # ------------------------------------------------------------
    # Append only
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise UserError(
            self.env._(
                "The lifecycle history is written by moves alone. Move the customer "
                "instead."
            )
        )

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(
            self.env._(
                "The lifecycle history can't be changed. A move that was wrong is put "
                "right by another move."
            )
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The lifecycle history can't be deleted."))

    @api.model
    def _get_left_stage_sql(self, stage):
        """Return the SQL of the stage that a profile ``p`` really leaves."""
        if stage.lifecycle_id.skip_policy != "fill":
            return SQL("p.stage_id")
        return SQL(
            "COALESCE((%s), p.stage_id)", self._get_pass_through_sql(SQL("p.id"))
        )

    @api.model
    def _get_facts_sql(self, rule):
        """Return the SQL of the values of a profile ``p`` that a rule uses, as JSON."""
        columns = rule._get_columns() if rule else []
        if not columns:
            return SQL("NULL::jsonb")
        return SQL(
            "jsonb_build_object(%s)",
            SQL(", ").join(
                SQL("%s::text, p.%s", name, SQL.identifier(name)) for name in columns
            ),
        )

    def _erase_text(self):
        """Erase the reasons that users wrote. The moves and their values stay."""
        self.env.flush_all()
        # Raw SQL, since the ORM refuses to write history.
        self.env.cr.execute(
            SQL(
                "UPDATE crm_lifecycle_history SET reason = NULL "
                "WHERE id = ANY(%s) AND origin = ANY(%s) AND reason IS NOT NULL",
                self.ids,
                list(WRITTEN_ORIGINS),
            )
        )
        self.invalidate_recordset(["reason"])

    def _set_processed(self):
        """Mark the playbook steps of the moves as processed.

        In raw SQL, since the ORM refuses to write history. The mark is no part of the
        move itself.
        """
        self.env.cr.execute(
            SQL(
                "UPDATE crm_lifecycle_history SET processed_at = %s WHERE id = ANY(%s)",
                NOW,
                self.ids,
            )
        )
        self.invalidate_recordset(["processed_at"])

    @api.model
    def _clear_references(self, name, records, replacement=None):
        """Clear references to deleted records, in raw SQL like `_set_processed`.

        :param name: the field that refers to the records
        :param replacement: the record that they are merged into; it replaces them
        """
        self.env.cr.execute(
            SQL(
                "UPDATE crm_lifecycle_history SET %(column)s = %(replacement)s "
                "WHERE %(column)s = ANY(%(ids)s)",
                column=SQL.identifier(name),
                replacement=replacement.id if replacement else None,
                ids=records.ids,
            )
        )
        self.invalidate_model([name])

    @api.model
    def _after_rebuild(self, profile_ids):
        """Extension point: called after a rebuild, or its undo, has changed the past.

        :param profile_ids: SQL of the ids of the customers concerned
        """
        self.invalidate_model()

    @api.model
    def _get_pass_through_sql(self, profile, before=None):
        """Return the SQL of the stage that a customer left to pass through others.

        It returns no row if the customer passed through no stage on the way to the move
        ``before``, or to the next one to be added.
        """
        last = SQL("h.merge_id IS NULL")
        if before is not None:
            last = SQL(
                "h.id < %s AND h.merge_id IS NOT DISTINCT FROM %s",
                before.id,
                before.merge_id.id or None,
            )
        return SQL(
            """
            SELECT h.from_stage_id
              FROM crm_lifecycle_history AS h
             WHERE h.profile_id = %(profile)s AND %(last)s AND %(passing)s
               AND h.id > COALESCE((
                    SELECT MAX(h.id)
                      FROM crm_lifecycle_history AS h
                     WHERE h.profile_id = %(profile)s AND %(last)s
                       AND (%(passing)s) IS NOT TRUE), 0)
             ORDER BY h.id
             LIMIT 1
            """,
            profile=profile,
            last=last,
            passing=IS_PASS_THROUGH,
        )

    def _get_left_stage(self):
        """Return the stage that the customer really left by this move.

        With the policy “fill”, it is the stage before those that were passed through.
        """
        self.ensure_one()
        if not self.profile_id:
            return self.from_stage_id
        rows = self.env.execute_query(
            self._get_pass_through_sql(SQL("%s", self.profile_id.id), before=self)
        )
        return (
            self.from_stage_id.browse(rows[0][0] or []) if rows else self.from_stage_id
        )

    def _get_end_date(self):
        """Return the day on which the stay that this move began ended."""
        self.ensure_one()
        return self.search(
            [
                *self._get_later_domain(),
                ("from_stage_id", "=", self.to_stage_id.id),
                ("to_stage_id", "!=", self.to_stage_id.id),
            ],
            order="id",
            limit=1,
        ).date

    def _get_later_domain(self):
        """Return the domain of the customer's later moves that count.

        Moves of a replay come before all others, even if a rebuild added them later.
        Moves of profiles that were merged are apart from those of the present one.
        """
        self.ensure_one()
        domain = [
            ("profile_id", "=", self.profile_id.id),
            ("merge_id", "=", self.merge_id.id),
            ("is_voided", "!=", True),
            ("id", ">", self.id),
        ]
        if self.origin != "replay":
            domain.append(("origin", "!=", "replay"))
        return domain

    def _is_before_merge(self):
        """Return whether another profile was merged into the customer's since then."""
        self.ensure_one()
        return bool(
            self.search_count(
                [("profile_id", "=", self.profile_id.id), ("merge_id", ">", self.id)],
                limit=1,
            )
        )

    def _has_left_stage(self):
        """Return whether the customer has left the stage since this move into it."""
        self.ensure_one()
        if self.merge_id or self.profile_id.stage_id != self.to_stage_id:
            return True
        # If the customer came back, the later move has its own steps.
        return bool(
            self.search_count(
                [
                    *self._get_later_domain(),
                    ("from_stage_id", "=", self.to_stage_id.id),
                    ("to_stage_id", "!=", self.to_stage_id.id),
                ],
                limit=1,
            )
        )
