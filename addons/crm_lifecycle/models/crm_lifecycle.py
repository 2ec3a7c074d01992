import ast
import base64
import re
from urllib.parse import quote

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import ormcache

from ..engine.bounds import MAX_DAYS
from ..fields import Conditions, Datetime, Integer

# Fields that have no effect on how customers move.
NOT_VERSIONED = {
    "activation_date",
    "company_id",
    "sequence",
    "serves_branches",
    "silence_days",
    "version",
}


class CrmLifecycle(models.Model):
    """Lifecycle that a company runs: ordered stages, and rules to move between them.

    A customer belongs to the first active lifecycle, by sequence, that has matching
    conditions.
    """

    _name = "crm.lifecycle"
    _description = "Lifecycle"
    _inherit = ["crm.lifecycle.company.mixin", "mail.thread"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    description = fields.Html(translate=True)
    company_id = fields.Many2one(
        comodel_name="res.company",
        index="btree_not_null",
        default=lambda self: self.env.company,
        ondelete="cascade",
        help="Empty: the lifecycle runs in every company.",
    )
    serves_branches = fields.Boolean(
        help="The lifecycle also runs in the branches of the company, each with its "
        "own customers. A branch may have lifecycles of its own besides.",
    )
    sequence = Integer(default=10)
    state = fields.Selection(
        selection=[
            ("draft", "Draft"),
            ("active", "Active"),
            ("archived", "Archived"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    activation_date = Datetime(readonly=True, copy=False)
    version = Integer(default=1, readonly=True, copy=False, tracking=True)
    domain = Conditions(
        string="Takes",
        default="[]",
        help="Conditions on the customers that this lifecycle takes. Empty: all.",
    )
    skip_policy = fields.Selection(
        selection=[
            ("allow", "Allow"),
            ("fill", "Fill in the stages between"),
            ("forbid", "Forbid"),
        ],
        string="Skipping stages",
        default="allow",
        required=True,
        help="What happens to a move that would leave out stages of the ladder: it "
        "is made, it is made through the missing stages, or it is refused.",
    )
    regress_policy = fields.Selection(
        selection=[
            ("allow", "Allow"),
            ("decision", "Needs a decision"),
        ],
        string="Going back",
        default="allow",
        required=True,
        help="Whether a move back, or out of a stage at risk, needs a decision "
        "(reinvest or let go) noted on the customer first.",
    )
    silence_days = Integer(
        string="Silence after",
        minimum=0,
        maximum=MAX_DAYS,
        default=0,
        aggregator=None,
        help="Days without an order and without a contact after which a customer "
        "counts as silent, which is a sign of their health. 0: the days that are set "
        "for the company.",
    )
    template_code = fields.Char(readonly=True)
    template_values = fields.Json(
        readonly=True, help="The thresholds with which the template was filled in."
    )
    template_name = fields.Char(string="Template", compute="_compute_template_note")
    template_note = fields.Text(compute="_compute_template_note")
    template_addition = fields.Text(compute="_compute_template_note")
    stage_ids = fields.One2many(
        comodel_name="crm.lifecycle.stage", inverse_name="lifecycle_id", copy=False
    )
    rule_ids = fields.One2many(
        comodel_name="crm.lifecycle.rule",
        inverse_name="lifecycle_id",
        context={"active_test": False},
        copy=False,
    )
    tag_ids = fields.One2many(
        comodel_name="crm.lifecycle.tag", inverse_name="lifecycle_id", copy=False
    )
    version_ids = fields.One2many(
        comodel_name="crm.lifecycle.version",
        inverse_name="lifecycle_id",
        string="Versions",
    )
    export_file = fields.Binary(
        compute="_compute_export_file", groups="sales_team.group_sale_manager"
    )
    profile_count = fields.Integer(string="Customers", compute="_compute_profile_count")
    failed_step_count = fields.Integer(
        string="Failed Steps", compute="_compute_failed_step_count"
    )

    def _compute_export_file(self):
        for lifecycle in self:
            text = self.env["crm.lifecycle.file"]._export(lifecycle)
            lifecycle.export_file = base64.b64encode(text.encode())

    def _compute_profile_count(self):
        counts = dict(
            self.env["crm.lifecycle.profile"]._read_group(
                [("lifecycle_id", "in", self.ids)], ["lifecycle_id"], ["__count"]
            )
        )
        for lifecycle in self:
            lifecycle.profile_count = counts.get(lifecycle, 0)

    def _compute_failed_step_count(self):
        for lifecycle in self:
            stages = lifecycle.stage_ids
            lifecycle.failed_step_count = sum(stages.mapped("failed_step_count"))

    @api.depends("template_code", "rule_ids")
    @api.depends_context("lang")
    def _compute_template_note(self):
        """Describe which rules of the template the lifecycle lacks, and why."""
        Template = self.env["crm.lifecycle.template"]
        for lifecycle in self:
            lifecycle.template_note = lifecycle.template_addition = False
            lifecycle.template_name = lifecycle.template_code
            if lifecycle.template_code not in Template._get_codes():
                continue
            template = Template._get(lifecycle.template_code)
            lifecycle.template_name = Template._get_text(template["name"])
            left_out = Template._get_unavailable_by_origin(lifecycle.template_code)
            if left_out:
                lifecycle.template_note = self.env._(
                    "Left out of the template until it is installed: %(rules)s.",
                    rules="; ".join(
                        f"{origin} ({', '.join(names)})"
                        for origin, names in left_out.items()
                    ),
                )
            addable = Template._get_addable(lifecycle)
            if addable:
                lifecycle.template_addition = self.env._(
                    "The template has more rules that can be used by now: %(rules)s.",
                    rules=", ".join(addable),
                )

    @api.constrains("domain")
    def _check_domain(self):
        for lifecycle in self:
            self.env["crm.lifecycle.profile"]._check_conditions(
                lifecycle.domain, lifecycle._get_label()
            )

    @api.constrains("company_id")
    def _check_company_of_profiles(self):
        for lifecycle in self.filtered("company_id"):
            companies = lifecycle._get_served_companies()
            foreign_profile = (
                self.env["crm.lifecycle.profile"]
                .sudo()  # customers of all users and companies
                .search(
                    [
                        ("lifecycle_id", "=", lifecycle.id),
                        ("company_id", "not in", companies.ids),
                    ],
                    limit=1,
                )
            )
            if foreign_profile:
                raise ValidationError(
                    self.env._(
                        "“%(lifecycle)s” has customers in %(company)s already. Create "
                        "a copy of it for the other company.",
                        lifecycle=lifecycle.name,
                        company=foreign_profile.company_id.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self.filtered(lambda lifecycle: lifecycle.state == "active")._block_runs()
        for lifecycle in self:
            if (
                self.env["crm.lifecycle.history"]
                .sudo()
                .search_count(  # history of all users
                    [("lifecycle_id", "=", lifecycle.id)], limit=1
                )
            ):
                raise UserError(
                    self.env._(
                        "“%(lifecycle)s” has a history and can't be deleted. Archive "
                        "it instead.",
                        lifecycle=lifecycle.name,
                    )
                )

    def write(self, vals):
        if vals.keys() - {"version"}:
            begins = vals.get("state") == "active"
            self.filtered(lambda item: begins or item.state == "active")._block_runs()
        result = super().write(vals)
        if "serves_branches" in vals:
            # The next run asks the rules about all customers of the branches.
            branches = self.company_id.sudo().search(
                [("id", "child_of", self.company_id.ids)]
            )
            self.env["crm.lifecycle.run"]._reset_watermark(branches - self.company_id)
            self.env["crm.lifecycle.pending"]._trigger_run()
        if vals.keys() - NOT_VERSIONED:
            self._bump_version()
        if vals.get("state", "active") != "active":
            self.tag_ids._remove_from_customers()
        if "silence_days" in vals:
            self._clear_own_thresholds()
        return result

    @api.model_create_multi
    def create(self, vals_list):
        lifecycles = super().create(vals_list)
        if any(lifecycles.mapped("silence_days")):
            self._clear_own_thresholds()
        return lifecycles

    def unlink(self):
        has_own = any(self.mapped("silence_days"))
        result = super().unlink()
        if has_own:
            self._clear_own_thresholds()
        return result

    def copy(self, default=None):
        """Duplicate a lifecycle with its stages, rules and tags, as a draft."""
        copies = super().copy(default)
        # sudo: only administrators may read the server actions of stages, but any user
        # who may copy the lifecycle copies them with it.
        for lifecycle, duplicate in zip(self.sudo(), copies.sudo(), strict=True):
            stages = {
                stage: stage.copy({"lifecycle_id": duplicate.id})
                for stage in lifecycle.stage_ids
            }
            for rule in lifecycle.rule_ids:
                rule.copy(
                    {
                        "lifecycle_id": duplicate.id,
                        "from_stage_ids": [stages[s].id for s in rule.from_stage_ids],
                        "to_stage_id": stages[rule.to_stage_id].id,
                    }
                )
            for tag in lifecycle.tag_ids:
                tag.copy({"lifecycle_id": duplicate.id})
            self.env["crm.lifecycle.file"]._copy_conditions(lifecycle, duplicate)
        return copies

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for lifecycle, vals in zip(self, vals_list, strict=True):
            if "name" not in (default or {}):
                vals["name"] = self.env._("%(name)s (copy)", name=lifecycle.name)
        return vals_list

    # ------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------

    def action_activate(self):
        """Activate the lifecycle. Its first run moves customers quietly."""
        for lifecycle in self:
            if not lifecycle.stage_ids:
                raise UserError(
                    self.env._(
                        "“%(lifecycle)s” has no stages yet. Add its stages first.",
                        lifecycle=lifecycle.name,
                    )
                )
        self.write({"state": "active", "activation_date": fields.Datetime.now()})
        self.env["crm.lifecycle.pending"]._trigger_run()

    def action_archive(self):
        """Archive the lifecycle; its customers keep their stage and history."""
        self.write({"state": "archived"})

    def action_unarchive(self):
        """Set an archived lifecycle back to draft."""
        self.write({"state": "draft"})

    def action_add_left_out(self):
        """Add the rules of the template that could not be used before."""
        self.check_access("write")
        for lifecycle in self:
            self.env["crm.lifecycle.template"]._add_available_items(lifecycle)

    def action_export(self):
        """Download the lifecycle as a file, for import into another database."""
        self.ensure_one()
        self._check_configuration_access()
        name = re.sub(r"[^\w-]+", "_", self.name).strip("_") or "lifecycle"
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/crm.lifecycle/{self.id}/export_file/"
            f"{quote(name)}.json?download=true",
            "target": "download",
        }

    @api.model
    def _get_first_action(self):
        """Return the action that the app opens with: customers, or the onboarding."""
        company = self.env.company
        name = "crm_lifecycle.crm_lifecycle_profile_action"
        if not self._get_active(company):
            name = "crm_lifecycle.crm_lifecycle_onboarding_action"
        return self.env["ir.actions.actions"]._for_xml_id(name)

    def action_open_profiles(self):
        """Open the customers of the lifecycle, grouped by stage."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "crm_lifecycle.crm_lifecycle_profile_action"
        )
        context = ast.literal_eval(action["context"] or "{}")
        return {
            **action,
            "domain": [("lifecycle_id", "=", self.id)],
            "context": {**context, "active_test": False},
        }

    def action_open_failed_steps(self):
        """Open the failed steps of the lifecycle's playbooks."""
        return self.env["crm.lifecycle.playbook.log"]._open_failed(
            [("stage_id.lifecycle_id", "in", self.ids)]
        )

    def action_run(self):
        """Run the lifecycles of the company, in the background if it may take long."""
        self.check_access("write")
        company = self._get_run_company()
        if self._is_run_long(company):
            return self._start_run(company)
        # sudo: the run reads facts of every customer and document of the company.
        run = self.sudo()._run(company)
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lifecycle.run",
            "res_id": run.id,
            "view_mode": "form",
        }

    # ------------------------------------------------------------
    # Engine
    # ------------------------------------------------------------

    @api.model
    @ormcache("name")
    def _get_own_thresholds(self, name):
        """Return ``{threshold: ids of lifecycles}`` of those that have set a field.

        Thresholds of health signs, see `HealthSign`.
        """
        # sudo: the health of a customer doesn't depend on who looks.
        groups = self.sudo()._read_group([(name, ">", 0)], [name], ["id:array_agg"])
        return {threshold: tuple(ids) for threshold, ids in groups}

    @api.model
    def _clear_own_thresholds(self):
        """Have the health of customers computed by the new thresholds."""
        self.env.registry.clear_cache()
        self.env["crm.lifecycle.profile"]._invalidate_health()

    def _get_label(self):
        """Return the name of the lifecycle for use in messages."""
        self.ensure_one()
        return self.env._("lifecycle “%(lifecycle)s”", lifecycle=self.name)

    def _get_domain(self, as_of):
        """Return the domain of the customers that the lifecycle takes on a day."""
        self.ensure_one()
        return self.env["crm.lifecycle.profile"]._get_fact_domain(
            self.domain, as_of, self._get_label()
        )

    def _bump_version(self):
        """Store the current state of active lifecycles as a new version."""
        active = self.filtered(lambda item: item.state == "active")
        active._block_runs()
        for lifecycle in active:
            self.env["crm.lifecycle.version"]._create_snapshot(lifecycle)

    @api.model
    def _create_first_versions(self):
        """Create a version for active lifecycles that have none yet."""
        active = self.search([("state", "=", "active"), ("version_ids", "=", False)])
        active._bump_version()

    def _log_skipped_parts(self, left_out):
        """Log in the chatter which parts of a file could not be imported."""
        self.ensure_one()
        if left_out:
            self.message_post(
                body=Markup("<p>%s</p><ul>%s</ul>")
                % (
                    self.env._("Left out:"),
                    Markup().join(Markup("<li>%s</li>") % line for line in left_out),
                )
            )

    def _check_configuration_access(self):
        """Raise if the user may not configure lifecycles, or not read all of these.

        Exports and previews write nothing, so managers may also use them for lifecycles
        of all companies.
        """
        self.browse().check_access("write")
        self.check_access("read")

    def _get_form_action(self):
        """Return the action that opens the lifecycle."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lifecycle",
            "res_id": self.id,
            "view_mode": "form",
        }

    def _get_stage_for(self, profile):
        """Return the stage of the lifecycle that a customer is in, or would enter.

        A customer of another lifecycle enters the first stage of the same category, or
        else the first stage. Runs do the same, see
        `run.evaluate.fill_due_by_lifecycle`.
        """
        self.ensure_one()
        if profile.stage_id.lifecycle_id == self:
            return profile.stage_id
        stages = self.stage_ids.sorted(lambda stage: (stage.sequence, stage.id))
        category = profile.stage_id.category
        same = stages.filtered(lambda stage: stage.category == category)
        return (same or stages)[:1]

    @api.model
    def _get_active(self, company):
        """Return the active lifecycles of a company, in order."""
        return self.search(
            Domain("state", "=", "active") & self._get_serving_domain(company)
        )

    @api.model
    def _get_serving_domain(self, companies, path=None):
        """Return the domain of the lifecycles that serve any of some companies.

        :param path: search for records with this path to their lifecycle instead
        """
        path = f"{path}." if path else ""
        # sudo: the parent of a company is not confidential.
        parents = companies.sudo().parent_ids
        return Domain(f"{path}company_id", "in", [False, *companies.ids]) | (
            Domain(f"{path}serves_branches", "=", True)
            & Domain(f"{path}company_id", "in", parents.ids)
        )

    def _get_served_companies(self):
        """Return the active companies that the lifecycles serve."""
        # sudo: users who change a lifecycle may not see all of its companies.
        Company = self.env["res.company"].sudo()
        if not all(lifecycle.sudo().company_id for lifecycle in self):
            return Company.search([("active", "=", True)])
        with_branches = self.sudo().filtered("serves_branches").company_id
        branches = Company.search([("id", "child_of", with_branches.ids)])
        return self.sudo().company_id | branches

    def _get_run_company(self):
        """Return the company in which the user runs the lifecycle."""
        self.ensure_one()
        if self.env.company in self._get_served_companies():
            return self.env.company
        return self.company_id
