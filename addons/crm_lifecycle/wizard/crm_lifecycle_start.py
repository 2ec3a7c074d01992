from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools.misc import formatLang

from odoo.addons.base.models.res_partner import _tz_get

from ..engine.scope import Scope
from ..engine.templates import ParameterError, check_values
from ..engine.thresholds import measure_sql, propose, read_measures
from ..fields import Integer
from ..models.crm_lifecycle_rebuild import STEPS
from ..run import replay

WIZARD_STEPS = ("template", "thresholds", "preview", "activate")
MAX_MONTHS = 120
# Number of customers that the preview names.
MAX_SHOWN = 100
# Number of customers from which the time of a replay is not counted exactly.
MANY_CUSTOMERS = 1_000_000


class CrmLifecycleStart(models.TransientModel):
    """Starts a lifecycle from a template: choose, adjust, preview, activate.

    Until the last step, only this wizard is written. The preview creates the
    lifecycle and rolls it back.
    """

    _name = "crm.lifecycle.start"
    _description = "Start a Lifecycle"
    _inherit = ["crm.lifecycle.company.mixin"]

    step = fields.Selection(
        selection=[
            ("template", "Template"),
            ("thresholds", "Thresholds"),
            ("preview", "Preview"),
            ("activate", "Activate"),
        ],
        default="template",
        required=True,
    )
    # Template
    template_code = fields.Selection(
        selection="_selection_template_code",
        string="Template",
        required=True,
        default=lambda self: self._selection_template_code()[0][0],
    )
    template_cards = fields.Json(compute="_compute_template_cards")
    name = fields.Char(
        compute="_compute_name",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        default=lambda self: self.env.company,
        help="Empty: the lifecycle runs in every company.",
    )
    tz = fields.Selection(
        selection=_tz_get,
        string="Time Zone",
        compute="_compute_tz",
        precompute=True,
        store=True,
        readonly=False,
        help="The time zone in which the days of orders, messages and moves are "
        "counted for this company.",
    )
    user_tz = fields.Selection(selection=_tz_get, compute="_compute_user_tz")
    # Thresholds
    line_ids = fields.One2many(
        comodel_name="crm.lifecycle.start.line",
        inverse_name="start_id",
        string="Thresholds",
        compute="_compute_line_ids",
        precompute=True,
        store=True,
        readonly=False,
    )
    # What the purchases of the company say, see `engine.thresholds`.
    measures = fields.Json(readonly=True)
    purchases = fields.Html(compute="_compute_purchases", sanitize=False)
    has_proposals = fields.Boolean(compute="_compute_purchases")
    are_shares_outdated = fields.Boolean(compute="_compute_are_shares_outdated")
    # Preview
    active_lifecycle_ids = fields.Many2many(
        comodel_name="crm.lifecycle",
        string="Active Now",
        compute="_compute_active_lifecycle_ids",
    )
    is_replacing = fields.Boolean(
        string="In place of the active lifecycle",
        default=True,
        help="The lifecycles that are active now are archived when this one is "
        "activated. Otherwise it stands behind them, and takes those customers whom "
        "they don't.",
    )
    result = fields.Html(readonly=True, sanitize=False)
    # Activate
    replay_months = Integer(
        minimum=0,
        maximum=MAX_MONTHS,
        string="Past months",
        default=12,
        help="Customers without a history get the one that they would have, had the "
        "lifecycle been active for so long. 0: their history begins today.",
    )
    replay_step = fields.Selection(
        selection=STEPS,
        string="Look at",
        default=lambda self: self._default_replay_step(),
        required=True,
        help="How often the rules are asked in the past. What came and went between "
        "two looks is not seen.",
    )
    replay_estimate = fields.Char(
        string="Expected time", compute="_compute_replay_estimate"
    )
    settled_count = fields.Integer(
        string="Customers with a history", compute="_compute_settled_count"
    )

    def _default_replay_step(self):
        months = self._fields["replay_months"].default(self)
        return replay.get_default_step(self._count_possible_customers(), months)

    @api.model
    def _count_possible_customers(self):
        """Return how many customers there may be: before the first run, contacts."""
        return max(
            self.env[name].search_count([], limit=MANY_CUSTOMERS)
            for name in ("crm.lifecycle.profile", "res.partner")
        )

    @api.depends("replay_months", "replay_step")
    @api.depends_context("lang")
    def _compute_replay_estimate(self):
        customers = self._count_possible_customers()
        format_count = self.env["background.task.progress.mixin"]._format_count
        for start in self:
            start.replay_estimate = start.replay_step and self.env._(
                "%(duration)s, for %(customers)s customers",
                duration=self.env["crm.lifecycle"]._format_replay_time(
                    customers, start.replay_months, start.replay_step
                ),
                customers=format_count(customers),
            )

    @api.depends("template_code")
    @api.depends_context("lang")
    def _compute_template_cards(self):
        """Compute what the card of each template shows."""
        cards = [self._get_card(item) for item in self._get_templates()._load()]
        for start in self:
            start.template_cards = cards

    @api.depends("template_code")
    def _compute_name(self):
        Template = self._get_templates()
        for start in self:
            template = Template._get(start.template_code)
            start.name = Template._get_text(template["name"])

    @api.depends("template_code")
    def _compute_line_ids(self):
        Template = self._get_templates()
        for start in self:
            start.line_ids = [
                Command.clear(),
                *(
                    Command.create(
                        {"code": parameter["code"], "value": parameter["default"]}
                    )
                    for parameter in Template._get_parameters(start.template_code)
                ),
            ]

    @api.depends("company_id")
    def _compute_tz(self):
        for start in self:
            # sudo: not confidential
            start.tz = start.company_id.sudo().lifecycle_tz

    @api.depends_context("uid")
    def _compute_user_tz(self):
        self.user_tz = self.env.user.tz

    @api.depends("measures")
    @api.depends_context("lang")
    def _compute_purchases(self):
        for start in self:
            start.has_proposals = bool((start.measures or {}).get("proposals"))
            start.purchases = start.measures and self.env["ir.qweb"]._render(
                "crm_lifecycle.start_purchases", start._get_purchase_values()
            )

    @api.depends("measures", "line_ids.value")
    def _compute_are_shares_outdated(self):
        for start in self:
            measured = (start.measures or {}).get("values")
            start.are_shares_outdated = bool(
                measured and measured != start._read_values()
            )

    @api.depends("company_id")
    def _compute_active_lifecycle_ids(self):
        for start in self:
            start.active_lifecycle_ids = self.env["crm.lifecycle"]._get_active(
                start.company_id or self.env.company
            )

    @api.depends("company_id")
    def _compute_settled_count(self):
        """Count the customers who have a history, which a replay skips."""
        Profile = self.env["crm.lifecycle.profile"].sudo()  # customers of all users
        for start in self:
            mine = [("company_id", "in", start._get_companies().ids)]
            start.settled_count = Profile.search_count(
                [*mine, ("history_ids", "!=", False)]
            )

    @api.model
    def _selection_template_code(self):
        Template = self._get_templates()
        return [
            (template["code"], Template._get_text(template["name"]))
            for template in Template._load()
        ]

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._without_measures(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._without_measures(vals))

    def _without_measures(self, vals):
        """Return values without the measures, which only the server writes."""
        if self.env.su:
            return vals
        return {name: value for name, value in vals.items() if name != "measures"}

    # ------------------------------------------------------------
    # Template
    # ------------------------------------------------------------

    def _get_templates(self):
        return self.env["crm.lifecycle.template"]

    @api.model
    def _get_card(self, template):
        """Return what the card of a template shows, in the user's language."""
        Template = self._get_templates()
        return {
            "code": template["code"],
            "name": Template._get_text(template["name"]),
            "description": Template._get_text(template["description"]),
            "source": Template._get_text(template["source"]),
            "stages": [
                {
                    "name": Template._get_text(stage["name"]),
                    "goal": Template._get_text(stage["goal"]),
                    "category": stage["category"],
                }
                for stage in template["stages"]
            ],
            "left_out": [
                {
                    "origin": self.env._("Without %(what)s", what=origin),
                    "names": names,
                }
                for origin, names in Template._get_unavailable_by_origin(
                    template["code"]
                ).items()
            ],
        }

    def _get_values(self):
        """Return the thresholds, checked.

        :raises UserError: naming a threshold with a value that its parameter refuses
        """
        Template = self._get_templates()
        values = self._read_values()
        parameters = Template._get_parameters(self.template_code)
        try:
            check_values(parameters, values)
        except ParameterError as error:
            raise UserError(Template._get_parameter_message(error)) from error
        return values

    def _read_values(self):
        return {line.code: line.value for line in self.line_ids}

    # ------------------------------------------------------------
    # Purchases
    # ------------------------------------------------------------

    @api.onchange("line_ids")
    def _onchange_line_ids(self):
        """Measure the shares of the new thresholds, if that takes no time."""
        if self._is_measured_quickly():
            self.measures = self._measure()

    def action_measure(self):
        """Measure the purchases, in the background if it may take long."""
        self.ensure_one()
        if self._is_measuring_long():
            return self.env["background.task"]._enqueue(
                self,
                "_task_measure",
                kind="preview",
                name=self.env._("Purchases for “%(name)s”", name=self.name),
            )
        self._save_measures()
        return self._get_action()

    def action_use_proposals(self):
        """Take over the proposed thresholds, and measure their shares."""
        self.ensure_one()
        proposals = (self.measures or {}).get("proposals", {})
        for line in self.line_ids:
            line.value = proposals.get(line.code, line.value)
        return self.action_measure()

    def _task_measure(self, progress):
        """Do `action_measure` in the background."""
        start = self.env["background.task"]._ensure_wizard(self)
        start._save_measures()
        return {
            "outcome": self.env._("The purchases are measured."),
            "action": start._get_action(),
        }

    def _get_scope(self):
        """Return the scope of the measures: the company, as of today."""
        company = self.company_id._origin or self.company_id or self.env.company
        company._check_lifecycle_user()
        company = company.sudo()  # the day and time zone are not confidential
        tz = self.company_id and self.tz or company.lifecycle_tz or "UTC"
        return Scope(company_id=company.id, as_of=company._lifecycle_today(), tz=tz)

    def _get_purchase_statements(self, scope):
        """Return the SQL of the purchases of all sources."""
        names = self.env["crm.lifecycle"]._lifecycle_sources()
        found = (self.env[name]._get_purchases(scope) for name in names)
        return [statement for statement in found if statement]

    def _is_measured_quickly(self):
        return bool(self.measures) and not self._is_measuring_long()

    def _is_measuring_long(self):
        """Return whether measuring is better done in the background."""
        scope = self._get_scope()
        return bool(self._get_purchase_statements(scope)) and self.env[
            "crm.lifecycle"
        ]._is_preview_long(self.env["res.company"].browse(scope.company_id))

    def _save_measures(self):
        # sudo: users write what they choose, not what is measured.
        self.sudo().measures = self._measure_now()

    def _measure_now(self):
        """Measure after the sources have read the latest documents.

        Days are those of the chosen time zone, which is only tried if it is another one
        than the company's.
        """
        # sudo: the time zone of a company is not confidential.
        if not self.company_id or self.tz == self.company_id.sudo().lifecycle_tz:
            self._prepare_sources()
            return self._measure()
        with self.env.cr.savepoint() as savepoint:
            self._apply_tz()
            self._prepare_sources()
            found = self._measure()
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        return found

    def _prepare_sources(self):
        scope = self._get_scope()
        for name in self.env["crm.lifecycle"]._lifecycle_sources():
            self.env[name]._prepare_run(scope)

    def _measure(self):
        """Return the measures, proposals and shares of `engine.thresholds`."""
        Template = self._get_templates()
        scope = self._get_scope()
        statements = self._get_purchase_statements(scope)
        if not statements:
            return {"customers": 0}
        values = self._read_values()
        try:
            self._get_values()
            conditions = Template._get_share_conditions(
                self.template_code, values, scope.as_of
            )
        except UserError:  # a value out of bounds, refused with the next step
            conditions = {}
        self.env.flush_all()
        [row] = self.env.execute_query(measure_sql(statements, scope, conditions))
        found = read_measures(row, conditions)
        found["values"] = values
        found["proposals"] = propose(
            Template._get_parameters(self.template_code), found["measures"], values
        )
        return found

    def _get_purchase_values(self):
        """Return the template values of the purchases."""
        company = self.company_id or self.env.company
        measures = self.measures.get("measures", {})
        labels = {
            "interval": self.env._("Days between purchases of a customer"),
            "purchases": self.env._("Purchases of a customer in 12 months"),
            "amount": self.env._("Amount of a purchase in 12 months"),
        }
        rows = []
        for name, label in labels.items():
            measure = measures.get(name)
            if measure and measure["count"]:
                cells = [
                    company.currency_id.format(value)
                    if name == "amount"
                    else formatLang(
                        self.env, value, digits=0 if value > 99 or value % 1 == 0 else 1
                    )
                    for value in measure["quartiles"]
                ]
                rows.append((label, cells, measure["count"]))
        return {"rows": rows, "customers": self.measures.get("customers")}

    # ------------------------------------------------------------
    # Steps
    # ------------------------------------------------------------

    def action_next(self):
        """Go to the next step."""
        return self._change_step(1)

    def action_back(self):
        """Go back one step, keeping what was entered."""
        return self._change_step(-1)

    def _change_step(self, distance):
        self.ensure_one()
        step = WIZARD_STEPS[WIZARD_STEPS.index(self.step) + distance]
        if distance > 0:
            self._get_values()
        self.step = step
        if step == "thresholds" and (distance > 0 or self._is_measured_quickly()):
            return self.action_measure()
        if distance > 0 and step == "preview":
            return self.action_refresh()
        return self._get_action()

    def action_refresh(self):
        """Compute the preview, in the background if it may take long."""
        self.ensure_one()
        company = self.company_id or self.env.company
        self.result = False
        if self.env["crm.lifecycle"]._is_preview_long(company):
            return self.env["background.task"]._enqueue(
                self,
                "_task_preview",
                kind="preview",
                name=self.env._("Preview of “%(name)s”", name=self.name),
            )
        self.result = self._render_preview()
        return self._get_action()

    def _task_preview(self, progress):
        """Do `action_refresh` in the background; the wizard shows what came of it."""
        start = self.env["background.task"]._ensure_wizard(self)
        start.result = start._render_preview(task=progress)
        return {
            "outcome": self.env._("The preview is ready."),
            "action": start._get_action(),
        }

    def _get_action(self):
        """Return the action that shows the wizard in its present state."""
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "crm_lifecycle.crm_lifecycle_start_action"
            ),
            "res_id": self.id,
        }

    def _render_preview(self, task=None):
        """Return what the lifecycle would do, without writing anything."""
        with self.env.cr.savepoint() as savepoint:
            # The lifecycle is rolled back: there is nothing to track.
            lifecycle = self.with_context(tracking_disable=True)._make_lifecycle()
            company = self.company_id or self.env.company
            lifecycles = lifecycle
            if not self.is_replacing:
                lifecycles = self.active_lifecycle_ids | lifecycle
            values = self.env["crm.lifecycle.preview"]._get_preview_values(
                lifecycle, lifecycles, company, limit=MAX_SHOWN, task=task
            )
            result = self.env["ir.qweb"]._render("crm_lifecycle.preview", values)
            self.env.flush_all()
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        return result

    # ------------------------------------------------------------
    # Activation
    # ------------------------------------------------------------

    def _make_lifecycle(self):
        """Create the lifecycle as configured, as a draft, and return it.

        It counts days in the time zone that the user chose.
        """
        self.ensure_one()
        self._apply_tz()
        lifecycle = self._get_templates()._instantiate(
            self.template_code, self.company_id, self._get_values()
        )
        if not self.is_replacing and self.active_lifecycle_ids:
            lifecycle.sequence = max(self.active_lifecycle_ids.mapped("sequence")) + 1
        if self.name != lifecycle.name:
            # A name chosen by the user applies in every language.
            langs = [code for code, _name in self.env["res.lang"].get_installed()]
            lifecycle.update_field_translations(
                "name", dict.fromkeys([*langs, "en_US"], self.name)
            )
        return lifecycle

    def _apply_tz(self):
        """Write the time zone of the company, if the user changed it."""
        # sudo: users who set up the lifecycle of a company decide on its days.
        company = self.company_id.sudo()
        if self.tz and company and company.lifecycle_tz != self.tz:
            self._get_companies()
            company.lifecycle_tz = self.tz

    def action_start(self):
        """Create the lifecycle as a draft and open it for review."""
        lifecycle = self._make_lifecycle()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lifecycle",
            "res_id": lifecycle.id,
            "view_mode": "form",
        }

    def action_activate(self):
        """Activate the lifecycle, replay the past, and show the customers.

        If this may take long, all of it runs in the background as one unit: a
        cancellation changes nothing, and no run starts before the past is complete.
        """
        self.ensure_one()
        Lifecycle = self.env["crm.lifecycle"]
        Lifecycle.check_access("write")
        if Lifecycle._is_replay_long(
            self._get_companies(), self.replay_months, self.replay_step
        ):
            return self.env["background.task"]._enqueue(
                self,
                "_task_activate",
                kind="replay",
                name=self.env._("Activation of “%(name)s”", name=self.name),
            )
        lifecycle = self._activate()
        self._replay_and_run()
        return lifecycle.action_open_profiles()

    def _task_activate(self, progress):
        """Do `action_activate` in the background."""
        start = self.env["background.task"]._ensure_wizard(self)
        lifecycle = start._activate()
        start._replay_and_run(task=progress)
        Profile = self.env["crm.lifecycle.profile"].sudo()  # customers of all users
        count = Profile.search_count([("lifecycle_id", "=", lifecycle.id)])
        return {
            "outcome": self.env._(
                "“%(name)s” is active. Customers who have their stage: %(count)s.",
                name=lifecycle.name,
                count=self.env["background.task.progress.mixin"]._format_count(count),
            ),
            "action": lifecycle.action_open_profiles(),
        }

    def _activate(self):
        """Activate the lifecycle, archive what it replaces, and return it."""
        lifecycle = self._make_lifecycle()
        if self.is_replacing:
            self._get_replaced().action_archive()
        lifecycle.action_activate()
        return lifecycle

    def _get_replaced(self):
        """Return the active lifecycles that the new one replaces.

        A lifecycle of all companies is not archived for one of them.
        """
        return self.active_lifecycle_ids.filtered(
            lambda item: not self.company_id or item.company_id == self.company_id
        )

    def _get_companies(self):
        """Return the user's companies in which the lifecycle starts."""
        companies = self.company_id._origin or self.company_id or self.env.companies
        companies._check_lifecycle_user()
        return companies

    def _replay_and_run(self, task=None):
        """Give customers their past and their present stage; all moves are quiet."""
        # Runs read the facts of every customer and document. The user has just
        # activated the lifecycle, and so may run it.
        Lifecycle = self.env["crm.lifecycle"].sudo()
        for company in self._get_companies():
            today = company._lifecycle_today()
            if self.replay_months:
                begin = today - relativedelta(months=self.replay_months)
                Lifecycle._replay(company, begin, today, self.replay_step, task=task)
            Lifecycle._run(company, task=task)


class CrmLifecycleStartLine(models.TransientModel):
    """One threshold of a template: a number of days, orders or percent."""

    _name = "crm.lifecycle.start.line"
    _description = "Threshold of a Lifecycle to Start"

    start_id = fields.Many2one(
        comodel_name="crm.lifecycle.start",
        required=True,
        index=True,
        ondelete="cascade",
    )
    code = fields.Char(required=True, readonly=True)
    label = fields.Char(string="Threshold", compute="_compute_parameter")
    value = Integer(required=True)
    unit = fields.Selection(
        selection=[
            ("days", "days"),
            ("months", "months"),
            ("years", "years"),
            ("purchase_days", "days with purchases"),
            ("percent", "percent"),
            ("stars", "stars"),
        ],
        compute="_compute_parameter",
    )
    default_value = fields.Integer(string="Usual", compute="_compute_parameter")
    proposed_value = fields.Integer(string="Proposed", compute="_compute_share")
    share = fields.Char(
        string="Customers",
        compute="_compute_share",
        help="Share of the customers with purchases that this number puts into the "
        "stage, or gives the tag. Conditions on anything but purchases count as met.",
    )
    is_follow_up = fields.Boolean(compute="_compute_parameter")

    @api.depends("code", "start_id.template_code")
    @api.depends_context("lang")
    def _compute_parameter(self):
        Template = self.env["crm.lifecycle.template"]
        for code, lines in self.grouped(
            lambda line: line.start_id.template_code
        ).items():
            parameters = {
                parameter["code"]: parameter
                for parameter in (Template._get_parameters(code) if code else ())
            }
            for line in lines:
                parameter = parameters.get(line.code)
                line.label = parameter and Template._get_parameter_label(parameter)
                line.unit = parameter and parameter["unit"]
                line.default_value = parameter and parameter["default"]
                line.is_follow_up = bool(parameter and "stage" in parameter)

    @api.depends("code", "start_id.template_code", "start_id.measures")
    @api.depends_context("lang")
    def _compute_share(self):
        Template = self.env["crm.lifecycle.template"]
        for start, lines in self.grouped("start_id").items():
            measures = start.measures or {}
            total = measures.get("customers")
            code = start.template_code
            parameters = {
                parameter["code"]: parameter
                for parameter in (Template._get_parameters(code) if code else ())
            }
            for line in lines:
                line.proposed_value = measures.get("proposals", {}).get(line.code)
                count = measures.get("shares", {}).get(line.code)
                line.share = False
                if total and count is not None:
                    line.share = self.env._(
                        "%(percent)s %% in “%(name)s”",
                        percent=self._format_percent(100 * count / total),
                        name=Template._get_fit_name(code, parameters[line.code]),
                    )

    @api.model
    def _format_percent(self, percent):
        """Return a share without decimals, except small ones."""
        digits = 1 if 0 < percent < 1 else 0
        return formatLang(self.env, percent, digits=digits)
