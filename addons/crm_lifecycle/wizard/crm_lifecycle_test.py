from odoo import api, fields, models

from ..fields import Date
from ..profile.explain import Explanation


class CrmLifecycleTest(models.TransientModel):
    """Evaluates all rules of a draft or active lifecycle for one customer."""

    _name = "crm.lifecycle.test"
    _description = "Test a Lifecycle on a Customer"
    _inherit = ["crm.lifecycle.reference.mixin"]

    _readable_fields = ("lifecycle_id", "profile_id", "stage_id")

    lifecycle_id = fields.Many2one(
        comodel_name="crm.lifecycle", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="lifecycle_id.company_id", string="Company of the lifecycle"
    )
    profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        string="Customer",
        ondelete="cascade",
    )
    stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage",
        string="In the stage",
        compute="_compute_stage_id",
        precompute=True,
        store=True,
        readonly=False,
        domain="[('lifecycle_id', '=', lifecycle_id)]",
        ondelete="cascade",
        help="The stage that the customer is in, or would enter. Choose another one "
        "to see what its rules would say.",
    )
    as_of = Date(
        string="Day",
        compute="_compute_as_of",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
    )
    result = fields.Html(
        compute="_compute_result",
        sanitize=False,  # only our own template writes it
    )

    @api.depends("profile_id")
    def _compute_as_of(self):
        for test in self:
            company = test.profile_id.company_id or self.env.company
            test.as_of = company._lifecycle_today()

    @api.depends("profile_id", "lifecycle_id")
    def _compute_stage_id(self):
        for test in self:
            if test.profile_id:
                test.stage_id = test.lifecycle_id._get_stage_for(test.profile_id)
            else:
                test.stage_id = False

    @api.depends("profile_id", "stage_id", "lifecycle_id", "as_of")
    @api.depends_context("lang", "uid")
    def _compute_result(self):
        for test in self:
            if not (test.profile_id and test.stage_id and test.as_of):
                test.result = False
                continue
            test.result = self.env["ir.qweb"]._render(
                "crm_lifecycle.rule_test", test._get_values()
            )

    def _get_values(self):
        """Return the values of the template."""
        self.ensure_one()
        self.profile_id.check_access("read")
        # A user who may read the customer sees everything that decides about them.
        profile = self.profile_id._origin.sudo()
        lifecycle = self.lifecycle_id._origin
        stage = self.stage_id._origin
        rules = lifecycle.rule_ids.filtered(stage._can_leave_by)
        explanation = Explanation(profile, self.as_of)
        notes = explanation.get_notes()
        if profile.stage_id != stage:
            notes.append(
                self.env._(
                    "Asked as if %(customer)s entered “%(stage)s” on this day "
                    "(now: %(present)s).",
                    customer=profile.display_name,
                    stage=stage.name,
                    present=profile.stage_id.name or self.env._("none"),
                )
            )
        return {
            "notes": notes,
            "takes": explanation.explain_lifecycle(lifecycle),
            "rules": explanation.explain_rules(
                rules.sudo(),  # the result is about a customer that the user may read
                stage=stage if stage != profile.stage_id else None,
            ),
        }
