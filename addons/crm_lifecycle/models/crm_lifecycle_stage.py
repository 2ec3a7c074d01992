import re

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine import domains
from ..engine.bounds import MAX_DAYS
from ..engine.responsibles import RESPONSIBLES, SALESPERSON
from ..engine.stages import StageInfo
from ..fields import Date, Integer

CATEGORIES = [
    ("prospect", "Prospect"),
    ("engaged", "Engaged"),
    ("customer", "Customer"),
    ("loyal", "Loyal"),
    ("at_risk", "At risk"),
    ("lost", "Lost"),
    ("ended", "Ended"),
]


class CrmLifecycleStage(models.Model):
    """Stage of a lifecycle, with its follow-ups and its playbook."""

    _name = "crm.lifecycle.stage"
    _description = "Lifecycle Stage"
    _inherit = ["crm.lifecycle.company.mixin"]
    _order = "lifecycle_id, sequence, id"
    _rec_names_search = ["name", "lifecycle_id.name"]

    _company_fields = frozenset({"company_id", "lifecycle_id"})

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        compute="_compute_code",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
        help="Short name that rules, imports and reports know the stage by. "
        "Unique in the lifecycle.",
    )
    lifecycle_id = fields.Many2one(
        comodel_name="crm.lifecycle",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        related="lifecycle_id.company_id", store=True, index="btree_not_null"
    )
    sequence = Integer(default=10)
    category = fields.Selection(
        selection=CATEGORIES,
        required=True,
        default="prospect",
        help="The common scale by which reports compare lifecycles. Prospect to "
        "loyal are the ladder that a customer climbs in order; the others stand "
        "beside it and may be entered from any stage.",
    )
    goal = fields.Char(translate=True, help="What this stage is for, in one sentence.")
    guidance = fields.Html(
        translate=True, help="What staff do with a customer in this stage."
    )
    color = Integer()
    fold = fields.Boolean(
        string="Folded in kanban",
        help="The column starts folded in the kanban of customers.",
    )
    # Follow-up
    follow_up_days = Integer(
        minimum=0,
        maximum=MAX_DAYS,
        string="Follow up after",
        aggregator=None,
        help="Days without contact after which a customer in this stage is due "
        "for a follow-up. 0: no follow-up.",
    )
    follow_up_activity_type_id = fields.Many2one(
        comodel_name="mail.activity.type",
        string="Follow-up activity",
        domain=[("res_model", "in", [False, "crm.lifecycle.profile"])],
        default=lambda self: self._default_follow_up_activity_type_id(),
        ondelete="set null",
        help="Activity planned when a follow-up falls due, once until the next "
        "contact. Empty: the customer is shown as due, and no activity is planned.",
    )
    follow_up_since = Date(
        string="Follow-ups since",
        readonly=True,
        copy=False,
        default=fields.Date.context_today,
        help="What fell due before this day is shown as due, and no activity is "
        "planned for it: the day on which the stage got its clock.",
    )
    follow_up_responsible = fields.Selection(
        selection=[*RESPONSIBLES, ("other", "Fixed user")],
        string="Follow-up for",
        default=SALESPERSON,
        required=True,
        help="Who gets the activity. Where there is nobody, the others stand in.",
    )
    follow_up_user_id = fields.Many2one(
        comodel_name="res.users",
        string="Follow-up by",
        domain=[("share", "=", False)],
        ondelete="restrict",
    )
    rotting_threshold_days = Integer(
        minimum=0,
        maximum=MAX_DAYS,
        string="Days to rot",
        aggregator=None,
        help="Days in this stage after which a customer is shown as stuck. 0: never.",
    )
    # Playbook
    activity_plan_id = fields.Many2one(
        comodel_name="mail.activity.plan",
        domain=[("res_model", "=", "crm.lifecycle.profile")],
        ondelete="set null",
        help="Activities scheduled when a customer enters this stage.",
    )
    mail_template_id = fields.Many2one(
        comodel_name="mail.template",
        string="Email Template",
        domain=[("model", "=", "crm.lifecycle.profile")],
        ondelete="set null",
        help="Email sent when a customer enters this stage.",
    )
    enter_action_ids = fields.Many2many(
        comodel_name="ir.actions.server",
        relation="crm_lifecycle_stage_enter_action_rel",
        groups="base.group_system",
        string="Actions on entry",
        domain=[("model_name", "=", "crm.lifecycle.profile")],
    )
    exit_action_ids = fields.Many2many(
        comodel_name="ir.actions.server",
        relation="crm_lifecycle_stage_exit_action_rel",
        groups="base.group_system",
        string="Actions on exit",
        domain=[("model_name", "=", "crm.lifecycle.profile")],
    )
    reentry_mode = fields.Selection(
        selection=[
            ("always", "Every time"),
            ("once", "Once ever"),
            ("after_days", "Again after some days"),
        ],
        string="When they come back",
        default="always",
        required=True,
        help="Whether the plan, the email and the actions on entry are done again for "
        "a customer who comes back. What is left out is noted in the playbook log.",
    )
    reentry_days = Integer(
        minimum=1,
        maximum=MAX_DAYS,
        string="Again after",
        default=30,
        aggregator=None,
        help="Days since the end of the last stay in which the step was done.",
    )
    needs_decision = fields.Boolean(compute="_compute_needs_decision")
    profile_count = fields.Integer(string="Customers", compute="_compute_profile_count")
    failed_step_count = fields.Integer(
        string="Failed Steps", compute="_compute_failed_step_count"
    )

    _code_unique = models.Constraint(
        "UNIQUE (lifecycle_id, code)",
        "Another stage of this lifecycle has this code already.",
    )

    @api.model
    def _default_follow_up_activity_type_id(self):
        return self.env.ref("mail.mail_activity_data_call", raise_if_not_found=False)

    @api.depends("name")
    def _compute_code(self):
        """Suggest a code from the name, or else from the sequence."""
        for stage in self:
            if not stage.code:
                words = re.sub(r"[^a-z0-9]+", "_", (stage.name or "").lower())
                stage.code = words.strip("_") or f"stage_{stage.sequence}"

    @api.depends("name", "lifecycle_id.name")
    @api.depends_context("show_lifecycle", "lang")
    def _compute_display_name(self):
        if not self.env.context.get("show_lifecycle"):
            return super()._compute_display_name()
        for stage in self:
            stage.display_name = f"{stage.lifecycle_id.name}: {stage.name}"
        return None

    @api.depends(
        "category",
        "lifecycle_id.regress_policy",
        "lifecycle_id.rule_ids.domain",
        "lifecycle_id.rule_ids.from_stage_ids",
    )
    def _compute_needs_decision(self):
        """Mark stages at risk that are left only with a decision.

        Either the lifecycle requires it, or a rule out of the stage waits for it.
        """
        for stage in self:
            # sudo: every user who sees the stage may know that staff decide there.
            lifecycle = stage.sudo().lifecycle_id
            rules = lifecycle.rule_ids.filtered(
                lambda rule, stage=stage: (
                    stage._origin in rule.from_stage_ids
                    and "decision" in _get_fields(rule.domain)
                )
            )
            stage.needs_decision = stage.category == "at_risk" and bool(
                lifecycle.regress_policy == "decision" or rules
            )

    @api.constrains("follow_up_responsible", "follow_up_user_id")
    def _check_follow_up_user(self):
        for stage in self:
            if stage.follow_up_responsible == "other" and not stage.follow_up_user_id:
                raise ValidationError(
                    self.env._(
                        "Choose the user who follows up on customers in “%(stage)s”.",
                        stage=stage.name,
                    )
                )

    def _compute_failed_step_count(self):
        self.env["crm.lifecycle.playbook.log"]._count_failed(self, "stage_id")

    def _compute_profile_count(self):
        counts = dict(
            self.env["crm.lifecycle.profile"]._read_group(
                [("stage_id", "in", self.ids)], ["stage_id"], ["__count"]
            )
        )
        for stage in self:
            stage.profile_count = counts.get(stage, 0)

    @api.model_create_multi
    def create(self, vals_list):
        stages = super().create(vals_list)
        stages.lifecycle_id._bump_version()
        return stages

    def write(self, vals):
        if "lifecycle_id" in vals and any(
            stage.lifecycle_id.id != vals["lifecycle_id"] for stage in self
        ):
            raise UserError(
                self.env._(
                    "A stage stays in its lifecycle: create a new stage in the other "
                    "lifecycle instead of moving “%(stage)s”.",
                    stage=self[:1].name,
                )
            )
        restarted = self.filtered(lambda stage: stage._changes_follow_up(vals))
        result = super().write(vals)
        if restarted and "follow_up_since" not in vals:
            restarted.follow_up_since = fields.Date.context_today(self)
        self.lifecycle_id._bump_version()
        if "follow_up_days" in vals:
            self.env["crm.lifecycle.profile"]._sync_follow_up(
                self.env["crm.lifecycle.profile"]
                .sudo()  # all customers in the stage
                .search([("stage_id", "in", self.ids)])
                .ids
            )
        return result

    def unlink(self):
        lifecycles = self.lifecycle_id
        result = super().unlink()
        lifecycles._bump_version()
        return result

    def _changes_follow_up(self, vals):
        """Return whether values to be written change when follow-ups are planned.

        With fewer days, many customers are overdue at once; no activities are planned
        for them.
        """
        activity_type_id = self.follow_up_activity_type_id.id
        return (
            vals.get("follow_up_days", self.follow_up_days) != self.follow_up_days
            or vals.get("follow_up_activity_type_id", activity_type_id)
            != activity_type_id
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        """Prevent deleting a stage that is in the history."""
        self.lifecycle_id.filtered(lambda item: item.state == "active")._block_runs()
        used = (
            self.env["crm.lifecycle.history"]
            .sudo()  # customers of all companies
            .search(
                [
                    "|",
                    ("from_stage_id", "in", self.ids),
                    ("to_stage_id", "in", self.ids),
                ],
                limit=1,
            )
        )
        if used:
            stage = self & (used.to_stage_id | used.from_stage_id)
            raise UserError(
                self.env._(
                    "Customers have been in the stage “%(stage)s”, so it can't be "
                    "deleted. Archive the lifecycle, or remove the rules that lead "
                    "to the stage.",
                    stage=stage[:1].name,
                )
            )

    def action_open_failed_steps(self):
        """Open the failed steps of the stage's playbook."""
        return self.env["crm.lifecycle.playbook.log"]._open_failed(
            [("stage_id", "in", self.ids)]
        )

    def _get_stage_infos(self):
        """Return the stages as plain `StageInfo` values, in order."""
        return [
            StageInfo(id=stage.id, sequence=stage.sequence, category=stage.category)
            for stage in self.sorted(lambda stage: (stage.sequence, stage.id))
        ]

    def _can_leave_by(self, rule):
        """Return whether a rule may move customers out of this stage."""
        self.ensure_one()
        return (
            rule.active
            and rule.lifecycle_id == self.lifecycle_id
            and rule.to_stage_id != self
            and (not rule.from_stage_ids or self in rule.from_stage_ids)
        )


def _get_fields(text):
    """Return the fields of conditions, none of unreadable ones."""
    try:
        return domains.fields_of(domains.parse(text))
    except domains.DomainError:
        return ()
