from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import bounds
from ..fields import Date, Integer, LooseMany2one
from ..moves import consume_write_token
from ..personal_data import DELETE, KEEP, PersonalModel
from ..storage import create_column_statistics, set_storage

# Fields that users may write. Stages go through the move service; only the engine
# writes facts and the subject.
EDITABLE_FIELDS = {
    "stage_id",
    "user_id",
    "pinned_until",
    "decision",
    "note",
    "color",
}
DECISIONS = [("reinvest", "Reinvest"), ("let_go", "Let go")]
# Fields that no rule uses.
FIELDS_WITHOUT_REVIEW = {"note", "color"}


class CrmLifecycleProfile(models.Model):
    """Facts and stage of one customer in one company.

    The customer is a commercial partner, or a lead that has no partner yet. Facts are
    dates and amounts as of the last run, never ages, so that no row changes only
    because a day passes. A bridge adds a fact by adding a field with ``fact=`` and a
    source that computes it (see `crm.lifecycle.source`): ``fact="only"`` is computed by
    one source, ``"min"``, ``"max"`` and ``"sum"`` combine the values of several.
    """

    _name = "crm.lifecycle.profile"
    _description = "Customer Profile"
    _inherit = [
        "crm.lifecycle.reference.mixin",
        "mail.activity.mixin",
        "mail.tracking.duration.mixin",
    ]
    _order = "stage_date desc, id desc"
    _rec_names_search = ["partner_id.display_name", "lead_id.name"]
    _track_duration_field = "stage_id"
    _readable_fields = ("partner_id", "lead_id", "stage_id")

    # Subject: set once, by hand or by import, never changed (`_check_editable`)
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer",
        ondelete="cascade",
    )
    lead_id = fields.Many2one(
        comodel_name="crm.lead",
        readonly=True,
        ondelete="cascade",
        help="The lead that this profile is about, until it has a customer.",
    )
    company_id = LooseMany2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
        ondelete="restrict",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    active = fields.Boolean(
        default=True,
        readonly=True,
        help="A customer without any lead, order or other document in the company, "
        "or whose contact is archived, is left alone by the runs.",
    )
    is_manual = fields.Boolean(
        string="Added by hand",
        readonly=True,
        help="Stays a customer of the lifecycle without any lead or order.",
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Salesperson",
        domain="[('share', '=', False)]",
        index="btree_not_null",
        ondelete="set null",
    )
    note = fields.Html(string="Notes")
    color = Integer()
    # Stage
    lifecycle_id = LooseMany2one(
        comodel_name="crm.lifecycle",
        readonly=True,
        ondelete="restrict",
    )
    stage_id = LooseMany2one(
        comodel_name="crm.lifecycle.stage",
        domain="[('lifecycle_id', '=', lifecycle_id)]",
        group_expand="_read_group_stage_ids",
        ondelete="restrict",
    )
    stage_category = fields.Selection(related="stage_id.category", string="Category")
    stage_goal = fields.Char(related="stage_id.goal")
    stage_guidance = fields.Html(related="stage_id.guidance")
    stage_date = fields.Date(
        string="In stage since",
        readonly=True,
        help="The day on which the present stay in the stage began.",
    )
    date_last_stage_update = fields.Datetime(string="Last Stage Update", readonly=True)
    pinned_until = Date(
        help="No rule moves this customer up to and including this day."
    )
    held_until = fields.Date(
        readonly=True,
        help="The stage was chosen by hand. Rules may move the customer away from this "
        "day on.",
    )
    decision = fields.Selection(
        selection=DECISIONS,
        help="What was decided about a customer in decline: win them back, or let "
        "them go. A lifecycle may require it before a move. It is forgotten when the "
        "customer leaves the stage.",
    )
    follow_up_date = fields.Date(
        string="Follow-up",
        readonly=True,
        help="The day on which a contact with the customer is due.",
    )
    is_follow_up_due = fields.Boolean(
        string="Follow-up due",
        compute="_compute_is_follow_up_due",
        search="_search_is_follow_up_due",
    )
    tag_ids = fields.Many2many(
        comodel_name="crm.lifecycle.tag",
        relation="crm_lifecycle_profile_tag_rel",
        column1="profile_id",
        column2="tag_id",
        string="Tags",
        readonly=True,
    )
    history_ids = fields.One2many(
        comodel_name="crm.lifecycle.history",
        inverse_name="profile_id",
    )
    review_date = fields.Date(
        string="Next review",
        readonly=True,
        help="The day on which the rules look at this customer again, if nothing "
        "happens before. Empty: only when something happens.",
    )
    # Facts
    facts_date = fields.Datetime(
        string="Facts changed on", readonly=True, default=fields.Datetime.now
    )
    facts_as_of = fields.Date(
        string="Facts as of",
        readonly=True,
        help="The day whose facts these are. No later day has changed them.",
    )
    first_seen_date = fields.Date(
        string="First seen",
        readonly=True,
        fact="min",
        help="Day of the first lead, quotation, order or other document.",
    )
    last_contact_date = fields.Date(
        string="Last contact",
        readonly=True,
        fact="max",
        help="Day of the last message, meeting, call or done activity with the "
        "customer; internal notes do not count.",
    )
    last_inbound_date = fields.Date(
        string="Last heard from",
        readonly=True,
        fact="max",
        help="Day of the last message that came from the customer.",
    )
    next_activity_date = fields.Date(
        string="Next activity",
        readonly=True,
        fact="min",
        help="Earliest deadline of the activities planned with the customer.",
    )
    open_lead_count = fields.Integer(
        string="Open leads", readonly=True, fact="sum", aggregator="sum"
    )
    won_count = fields.Integer(
        string="Won leads", readonly=True, fact="sum", aggregator="sum"
    )
    lost_count = fields.Integer(
        string="Lost leads", readonly=True, fact="sum", aggregator="sum"
    )

    _subject_check = models.Constraint(
        "CHECK ((partner_id IS NULL) <> (lead_id IS NULL))",
        "A profile is about either a customer or a lead.",
    )
    # Not partial: only a full unique index lets the planner remove the join of a report
    # on the contact if the report uses no column of the profile.
    _partner_unique = models.UniqueIndex(
        "(partner_id, company_id)",
        "This customer has a profile in the company already.",
    )
    _lead_unique = models.UniqueIndex(
        "(lead_id, company_id) WHERE lead_id IS NOT NULL",
        "This lead has a profile in the company already.",
    )
    _stage_idx = models.Index("(stage_id, company_id)")
    _review_idx = models.Index("(company_id, review_date)")
    # Few customers are archived, and reports leave them out.
    _archived_idx = models.Index("(id) WHERE active IS NOT TRUE")
    # Follow-ups that are due in a stage, see `crm.lifecycle.run._get_due_follow_ups`.
    _follow_up_idx = models.Index(
        "(stage_id, follow_up_date) WHERE follow_up_date IS NOT NULL"
    )

    def init(self):
        """Set the storage parameters, and the statistics of stages per company."""
        set_storage(
            self,
            autovacuum_vacuum_scale_factor=0.03,
            autovacuum_analyze_scale_factor=0.03,
        )
        create_column_statistics(self, "company_id", "stage_id")

    def _valid_field_parameter(self, field, name):
        return name == "fact" or super()._valid_field_parameter(field, name)

    @api.model
    def _get_fact_fields(self):
        """Return the names of the fields declared with ``fact=``, in order."""
        return [
            name for name, field in self._fields.items() if getattr(field, "fact", None)
        ]

    @api.depends("partner_id.display_name", "lead_id.display_name")
    def _compute_display_name(self):
        for profile in self:
            # sudo: a user who sees the profile also sees the name of its customer.
            subject = profile.sudo().partner_id or profile.sudo().lead_id
            profile.display_name = subject.display_name

    @api.depends("follow_up_date")
    def _compute_is_follow_up_due(self):
        today = fields.Date.context_today(self)
        for profile in self:
            date = profile.follow_up_date
            profile.is_follow_up_due = bool(date and date <= today)

    def _search_is_follow_up_due(self, operator, value):
        if operator != "in":
            return NotImplemented
        due = Domain("follow_up_date", "<=", "today")
        return due if True in value else ~due

    @api.depends("stage_id", "stage_date", "history_ids")
    def _compute_duration_tracking(self):
        """Compute the time in each stage from the history (see the mail mixin).

        The core computes it from chatter messages, which may be deleted; the history is
        complete. Shape: ``{"stage id": seconds}``.
        """
        # sudo: a user who sees the customer also sees its time in stages.
        durations = self.env["crm.lifecycle.stage.duration"].sudo()
        groups = durations._read_group(
            [("profile_id", "in", self._origin.ids)],
            ["profile_id", "stage_id"],
            ["total_days:sum"],
        )
        spent = {}
        for profile, stage, days in groups:
            spent.setdefault(profile.id, {})[str(stage.id)] = days * 86400
        # A form in edit mode computes on a new record: its row is the origin.
        for profile in self:
            profile.duration_tracking = spent.get(profile._origin.id, False)

    @api.model
    def _read_group_stage_ids(self, stages, domain):
        """Show the empty stages of the active lifecycles too."""
        Lifecycle = self.env["crm.lifecycle"]
        return self.env["crm.lifecycle.stage"].search(
            Domain("lifecycle_id.state", "=", "active")
            & Lifecycle._get_serving_domain(self.env.companies, "lifecycle_id")
        )

    # ------------------------------------------------------------
    # ORM
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Add customers by hand or by import; the next run computes the facts.

        ``stage_id`` puts the customer there at once, through the move service.
        """
        self.check_access("create")
        # Checked first, so that no error shows the name of a contact or lead.
        self._check_references(vals_list)
        stage_ids = []
        prepared = []
        for vals in vals_list:
            self._check_editable(vals, {"partner_id", "lead_id", "company_id"})
            vals = dict(vals)
            stage_ids.append(vals.pop("stage_id", False))
            if vals.get("partner_id"):
                partner = self.env["res.partner"].browse(vals["partner_id"])
                vals["partner_id"] = partner.commercial_partner_id.id
            prepared.append({**vals, "is_manual": True})
        profiles = super().create(prepared)
        profiles._enter_lifecycle()
        for profile, stage_id in zip(profiles, stage_ids, strict=True):
            if stage_id:
                profile.write({"stage_id": stage_id})
        profiles._mark_pending(review=True)
        return profiles

    def write(self, vals):
        """Write the fields that users may edit; stages go through the move service."""
        if consume_write_token(self.env):
            return super().write(vals)
        self._check_editable(vals)
        vals = dict(vals)
        stage_id = vals.pop("stage_id", None)
        result = super().write(vals) if vals else True
        if stage_id is not None:
            self.check_access("write")
            stage = self.env["crm.lifecycle.stage"].browse(stage_id)
            self._lifecycle_move(
                stage,
                # Imports move customers by the move service, never by a write.
                origin="manual",
                reason=self.env.context.get("lifecycle_reason"),
                # sudo: the move writes stage and dates; access is checked above.
                writer=lambda profiles, values: super(
                    CrmLifecycleProfile, profiles.sudo()
                ).write(values),
            )
        if vals.keys() - FIELDS_WITHOUT_REVIEW:
            self._mark_pending(review=True)
        return result

    def copy_data(self, default=None):
        raise UserError(
            self.env._(
                "A customer has one profile in a company: open the contact instead of "
                "duplicating “%(customer)s”.",
                customer=self[:1].display_name,
            )
        )

    def _enter_lifecycle(self):
        """Put new profiles into the first stage of the lifecycle that takes them.

        Extension point: an addon that puts them elsewhere itself leaves this out.
        """
        self.env["crm.lifecycle"]._assign_profiles(self)

    def _check_editable(self, vals, more=frozenset()):
        """Raise for the first value that only the engine may write."""
        if self.env.su:
            return
        allowed = EDITABLE_FIELDS | more
        for name in vals:
            field = self._fields.get(name)
            if (
                name in allowed
                or field is None
                or name.startswith(("activity_", "message_", "my_activity_"))
            ):
                continue
            raise UserError(
                self.env._(
                    "“%(field)s” of a customer is kept by the lifecycle and can't be "
                    "written by hand. Change the document that it comes from.",
                    field=field._description_string(self.env),
                )
            )

    # ------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------

    def action_open_subject(self):
        """Open the contact or lead of the profile."""
        self.ensure_one()
        subject = self.partner_id or self.lead_id
        return {
            "type": "ir.actions.act_window",
            "res_model": subject._name,
            "res_id": subject.id,
            "view_mode": "form",
        }

    def action_open_history(self):
        """Open the history of the customer."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "crm_lifecycle.crm_lifecycle_history_action"
        )
        return {**action, "domain": [("profile_id", "=", self.id)], "context": {}}

    # ------------------------------------------------------------
    # Engine
    # ------------------------------------------------------------

    def _mark_pending(self, *, review=False):
        """Put these customers on the work list, see `crm.lifecycle.pending`."""
        # sudo: a user who reassigned a customer may have lost access to it.
        for company, profiles in self.sudo().grouped("company_id").items():
            self.env["crm.lifecycle.pending"]._mark_pending(
                company,
                partners=profiles.partner_id,
                leads=profiles.lead_id,
                review=review,
            )

    @api.model
    def _sync_follow_up(self, profile_ids):
        """Compute the follow-up date from the stage and the last contact."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_lifecycle_profile AS p
                   SET follow_up_date = v.follow_up_date
                  FROM (
                        SELECT p.id, %(follow_up)s AS follow_up_date
                          FROM crm_lifecycle_profile AS p
                     LEFT JOIN crm_lifecycle_stage AS s ON s.id = p.stage_id
                         WHERE p.id = ANY(%(ids)s)
                       ) AS v
                 WHERE p.id = v.id
                   AND p.follow_up_date IS DISTINCT FROM v.follow_up_date
                """,
                follow_up=self._get_follow_up_sql(SQL("p.last_contact_date")),
                ids=list(profile_ids),
            )
        )
        self.browse(profile_ids).invalidate_recordset(["follow_up_date"])

    @api.model
    def _get_follow_up_sql(self, last_contact_date):
        """Return the SQL of the follow-up date over ``p`` (profile), ``s`` (stage)."""
        day = SQL("GREATEST(p.stage_date, %s) + s.follow_up_days", last_contact_date)
        return SQL("CASE WHEN s.follow_up_days > 0 THEN %s END", bounds.cap_date(day))

    @api.model
    def _get_customer_date_sql(self):
        """Extension point: return SQL of the first purchase of profile ``p``.

        A customer who is placed by an activation has been one since that day.
        """
        return SQL("CASE WHEN p.won_count > 0 THEN p.first_seen_date END")

    @api.model
    def _get_purchase_date_sql(self):
        """Extension point: return SQL of the last purchase of profile ``p``."""
        return SQL("NULL::date")

    # ------------------------------------------------------------
    # Personal data
    # ------------------------------------------------------------

    @api.model
    def _get_personal_models(self):
        """Extension point: return a list of `PersonalModel`, a decision for each model
        of an addon that stores something on a person; see `personal_data`."""
        return [
            PersonalModel(
                name="crm.lifecycle.profile",
                links=("partner_id", "lead_id"),
                unlinked=("tag_ids",),
                is_technical=True,  # the customer itself
            ),
            PersonalModel(
                name="crm.lifecycle.history",
                links=("profile_id", "partner_id", "lead_id"),
                kept=("reason", "facts"),
                method="_erase_text",
                is_technical=True,
            ),
            PersonalModel(
                name="crm.lifecycle.playbook.log",
                links=("profile_id",),
                kept=("key", "name", "reason", "payload"),
                method="_erase_text",
                is_technical=True,
            ),
            PersonalModel(
                name="crm.lifecycle.rebuild.line",
                decision=DELETE,  # moves and stages, kept for an undo
                links=("profile_id",),
                is_technical=True,
            ),
            PersonalModel(
                name="crm.lifecycle.pending",
                decision=KEEP,  # numbers only
                is_technical=True,
            ),
        ]
