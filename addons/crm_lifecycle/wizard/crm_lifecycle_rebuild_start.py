from dateutil.relativedelta import relativedelta

from odoo import api, fields, models

from ..fields import Integer
from ..models.crm_lifecycle_rebuild import STEPS
from ..run import replay
from .crm_lifecycle_start import MAX_MONTHS


class CrmLifecycleRebuildStart(models.TransientModel):
    """Rebuilds the history of an active lifecycle: how far, how exact, a preview."""

    _name = "crm.lifecycle.rebuild.start"
    _description = "Rebuild the History of a Lifecycle"
    _inherit = ["crm.lifecycle.company.mixin", "crm.lifecycle.reference.mixin"]

    _readable_fields = ("lifecycle_id",)

    lifecycle_id = fields.Many2one(
        comodel_name="crm.lifecycle", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
        ondelete="cascade",
    )
    months = Integer(
        minimum=1,
        maximum=MAX_MONTHS,
        string="Past months",
        default=12,
        required=True,
        help="How long before the activation the history begins.",
    )
    step = fields.Selection(
        selection=STEPS,
        string="Look at",
        compute="_compute_step",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
        help="How often the rules are evaluated in the past. Changes that are reverted "
        "between two days are missed.",
    )
    date_from = fields.Date(string="First day", compute="_compute_date_from")
    # Stored, so that the history is not read again with each change of the form.
    date_to = fields.Date(
        string="Last day", compute="_compute_beginning", precompute=True, store=True
    )
    customer_count = fields.Integer(
        string="Customers", compute="_compute_beginning", precompute=True, store=True
    )
    estimate = fields.Char(string="Expected time", compute="_compute_estimate")
    result = fields.Html(readonly=True, sanitize=False)

    @api.depends("lifecycle_id", "company_id")
    def _compute_beginning(self):
        """Compute the day of the activation, and who has a history from it."""
        self.customer_count = 0
        self.date_to = False
        # sudo: their number is not confidential.
        Rebuild = self.env["crm.lifecycle.rebuild"].sudo()
        for start in self.filtered(lambda item: item.lifecycle_id and item.company_id):
            found, day = Rebuild._get_beginning(
                start.lifecycle_id._origin.sudo(), start.company_id._origin.sudo()
            )
            start.customer_count = found.customers
            start.date_to = day

    @api.depends("date_to", "months")
    def _compute_date_from(self):
        for start in self:
            start.date_from = start.date_to and (
                start.date_to - relativedelta(months=start.months)
            )

    @api.depends("customer_count")
    def _compute_step(self):
        for start in self:
            start.step = replay.get_default_step(start.customer_count, start.months)

    @api.depends("customer_count", "months", "step")
    @api.depends_context("lang")
    def _compute_estimate(self):
        Task = self.env["background.task.progress.mixin"]
        for start in self:
            start.estimate = start.step and self.env._(
                "%(duration)s, for %(customers)s customers",
                duration=self.env["crm.lifecycle"]._format_replay_time(
                    start.customer_count, start.months, start.step
                ),
                customers=Task._format_count(start.customer_count),
            )

    # ------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------

    def action_preview(self):
        """Show what the rebuild would replace, in the background if it takes long."""
        self._check_rebuild_access()
        self.result = False
        if self._is_long():
            return self.env["background.task"]._enqueue(
                self,
                "_task_preview",
                kind="preview",
                name=self.env._(
                    "Preview of the rebuild of “%(name)s”", name=self.lifecycle_id.name
                ),
            )
        self.result = self._render_preview()
        return self._get_action()

    def _task_preview(self, progress):
        """Do `action_preview` in the background; the wizard shows the result."""
        start = self.env["background.task"]._ensure_wizard(self)
        start._check_rebuild_access()
        start.result = start._render_preview(task=progress)
        return {
            "outcome": self.env._("The preview is ready."),
            "action": start._get_action(),
        }

    def action_rebuild(self):
        """Rebuild the history, in the background if it takes long."""
        self._check_rebuild_access()
        if self._is_long():
            return self.env["background.task"]._enqueue(
                self,
                "_task_rebuild",
                kind="replay",
                name=self.env._(
                    "Rebuild of the history of “%(name)s”", name=self.lifecycle_id.name
                ),
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self._get_outcome(self._rebuild()),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _task_rebuild(self, progress):
        """Do `action_rebuild` in the background."""
        start = self.env["background.task"]._ensure_wizard(self)
        start._check_rebuild_access()
        result = start._rebuild(checkpoint=progress, task=progress)
        return {
            "outcome": start._get_outcome(result),
            "action": start.lifecycle_id._get_form_action(),
        }

    def _get_outcome(self, result):
        """Return the result of the rebuild in a sentence."""
        format_count = self.env["background.task.progress.mixin"]._format_count
        return self.env._(
            "The history is rebuilt: %(added)s moves of %(customers)s customers in "
            "place of %(replaced)s moves.",
            added=format_count(result.added.moves),
            customers=format_count(result.added.customers),
            replaced=format_count(result.replaced.moves),
        )

    def _check_rebuild_access(self):
        self.ensure_one()
        self.lifecycle_id._check_configuration_access()
        self.company_id._check_lifecycle_user()

    def _is_long(self):
        return self.env["crm.lifecycle"]._is_replay_long(
            self.company_id, self.months, self.step
        )

    def _rebuild(self, **kwargs):
        # sudo: a replay reads facts of every customer and document of the company.
        return (
            self.env["crm.lifecycle.rebuild"]
            .sudo()
            ._rebuild(
                self.lifecycle_id.sudo(),
                self.company_id,
                self.months,
                self.step,
                **kwargs,
            )
        )

    def _get_action(self):
        """Return the action that shows the wizard in its present state."""
        return {**self.lifecycle_id.action_rebuild_history(), "res_id": self.id}

    # ------------------------------------------------------------
    # Preview
    # ------------------------------------------------------------

    def _render_preview(self, task=None):
        """Return what the rebuild would replace, without writing anything."""
        # sudo: as for the rebuild.
        Rebuild = self.env["crm.lifecycle.rebuild"].sudo()
        result = Rebuild._preview(
            self.lifecycle_id.sudo(), self.company_id, self.months, self.step, task=task
        )
        return self.env["ir.qweb"]._render(
            "crm_lifecycle.rebuild_preview", self._get_preview_values(result)
        )

    def _get_preview_values(self, result):
        origins = dict(
            self.env["crm.lifecycle.history"]
            ._fields["origin"]
            ._description_selection(self.env)
        )
        # sudo: stages of the company's lifecycles, which managers may read.
        Stage = self.env["crm.lifecycle.stage"].sudo()
        return {
            "result": result,
            "date_from": self.date_from,
            "date_to": self.date_to,
            "kept": [
                (origins.get(origin, origin), count)
                for origin, count in result.kept.items()
            ],
            "stages": [
                (Stage.browse(before).name, Stage.browse(after).name, count)
                for before, after, count in result.stages
            ],
        }
