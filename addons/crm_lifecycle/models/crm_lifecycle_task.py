from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

# Time to keep tasks that have ended.
KEPT = timedelta(days=90)
# Delay after which the worker may not be running at all.
PATIENCE = timedelta(minutes=2)
ENDED = ("done", "failed", "cancelled", "interrupted")


class CrmLifecycleTask(models.Model):
    """Long work that a user started in the background.

    A scheduled job processes it, with the rights of the user who started it. The
    process that works on it holds an advisory lock, which ends with the connection. So
    work of a killed process is detected as interrupted, and can be started again.
    """

    _name = "crm.lifecycle.task"
    _description = "Background Work"
    _inherit = ["crm.lifecycle.progress"]
    _order = "id desc"

    name = fields.Char(string="Work", required=True, readonly=True)
    kind = fields.Selection(
        selection=[
            ("run", "Run"),
            ("preview", "Preview"),
            ("replay", "Replay of the past"),
            ("move", "Move of customers"),
        ],
        required=True,
        readonly=True,
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Started by",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, ondelete="cascade"
    )
    state = fields.Selection(
        selection=[
            ("waiting", "Waiting"),
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
            ("interrupted", "Interrupted"),
        ],
        default="waiting",
        required=True,
        readonly=True,
    )
    step = fields.Char(readonly=True)
    is_cancel_asked = fields.Boolean(readonly=True)
    date_start = fields.Datetime(string="Started", readonly=True)
    date_progress = fields.Datetime(string="Last progress", readonly=True)
    date_end = fields.Datetime(string="Finished", readonly=True)
    outcome = fields.Text(readonly=True, help="What came of the work.")
    error = fields.Text(readonly=True)
    # Method call, only written by the server.
    model = fields.Char(required=True, readonly=True, groups="base.group_system")
    res_ids = fields.Json(readonly=True, groups="base.group_system")
    method = fields.Char(required=True, readonly=True, groups="base.group_system")
    arguments = fields.Json(readonly=True, groups="base.group_system")
    result = fields.Json(
        readonly=True, groups="base.group_system", help="The action that shows it."
    )
    has_result = fields.Boolean(compute="_compute_has_result", compute_sudo=True)

    _todo_idx = models.Index("(id) WHERE state IN ('waiting', 'running')")

    @api.depends("result")
    def _compute_has_result(self):
        for task in self:
            task.has_result = bool(task.result)

    @api.depends("state", "step", "is_cancel_asked")
    def _compute_progress(self):
        result = super()._compute_progress()
        for task in self:
            if task.state == "done":
                task.progress = 100
        return result

    def _is_working(self):
        self.ensure_one()
        return self.state in ("waiting", "running")

    def _get_step_name(self):
        self.ensure_one()
        return self.step

    def _get_progress_text(self, left):
        if self.state == "running" and not self._is_alive():
            return self.env._("The server stopped while it worked on this.")
        if self.is_cancel_asked and self.is_working:
            return self.env._("Is being cancelled…")
        if self.state != "waiting":
            return super()._get_progress_text(left)
        waits = fields.Datetime.now() - (self.create_date or fields.Datetime.now())
        if waits > PATIENCE and not self._is_worker_busy():
            return self.env._(
                "Waiting. The scheduled jobs of the server do not seem to run: ask "
                "your administrator."
            )
        return self.env._("Waiting for its turn")

    # ------------------------------------------------------------
    # Start and stop
    # ------------------------------------------------------------

    @api.model
    def _start(self, kind, records, method, arguments=None, *, name, total=0):
        """Call a method in the background; return the action that shows the task.

        Example::

            return self.env["crm.lifecycle.task"]._start(
                "move", profiles, "_task_move", {"stage_id": 7}, name=…, total=9000
            )

        This calls ``profiles._task_move(progress, stage_id=7)`` within a minute, with
        the rights, company and language of the present user. The method starts each
        step with ``progress.begin(step, total)``, reports the number done (see
        `Progress`), and calls ``progress(done)`` to commit, or passes it on as the
        ``checkpoint`` of a run. It may return ``{"outcome": text, "action": action}``
        to describe and open the result. The caller checks access, and the method checks
        it again.
        """
        task = self._create_task(
            {
                "name": name,
                "kind": kind,
                "user_id": self.env.uid,
                "company_id": self.env.company.id,
                "model": records._name,
                "res_ids": records.ids,
                "method": method,
                "arguments": arguments or {},
                "total_count": total,
            }
        )
        return task._get_action()

    @api.model
    def _get_kept(self, wizard):
        """Return the wizard of the work; raise if it was cleaned up."""
        if not wizard.exists():
            raise UserError(
                self.env._(
                    "What was entered is kept for an hour, and gone by now. Open the "
                    "screen again."
                )
            )
        return wizard

    @api.model
    def _create_task(self, vals):
        """Return a new task, and trigger the worker."""
        # sudo: users start tasks through actions that they may use, not by creating
        # records; a user who starts a task may trigger the worker.
        task = self.sudo().create(vals).with_env(self.env)
        cron = self.env.ref("crm_lifecycle.ir_cron_task", raise_if_not_found=False)
        if cron:
            cron.sudo()._trigger()
        task.user_id._bus_send("crm_lifecycle.task_started", {})
        return task

    def _get_action(self):
        """Return the action that shows the progress."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Background Work"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [
                (
                    self.env.ref("crm_lifecycle.crm_lifecycle_task_view_dialog").id,
                    "form",
                )
            ],
            "target": "new",
        }

    def action_cancel(self):
        """Cancel the work: at once if it is pending, else when it can be stopped."""
        for task in self._get_own():
            if task.state == "waiting":
                task._end("cancelled")
            elif task.state == "running" and not task._is_alive():
                task._end("interrupted")
            elif task.state == "running":
                task.is_cancel_asked = True
        return False

    def action_start_again(self):
        """Start work that did not finish again, as its user."""
        self.ensure_one()
        task = self._get_own()
        if task.state == "running" and not task._is_alive():
            task._end("interrupted")
        if task.state not in ENDED:
            raise UserError(
                self.env._(
                    "“%(work)s” is not over yet. Cancel it first.", work=task.name
                )
            )
        if task.user_id != self.env.user:
            raise UserError(
                self.env._(
                    "“%(work)s” was started by %(user)s, who alone can start it again.",
                    work=task.name,
                    user=task.user_id.name,
                )
            )
        return self._create_task(
            {
                "name": task.name,
                "kind": task.kind,
                "user_id": task.user_id.id,
                "company_id": task.company_id.id,
                "model": task.model,
                "res_ids": task.res_ids,
                "method": task.method,
                "arguments": task.arguments,
            }
        )._get_action()

    def action_open_result(self):
        """Open the result of the work."""
        self.ensure_one()
        self.check_access("read")
        result = self.sudo().result  # sudo: an action made for this user
        return result or self._get_action()

    def _get_own(self):
        """Return the tasks as superuser, if the user may cancel and restart them."""
        self.check_access("read")
        manager = self.env.user.has_group("sales_team.group_sale_manager")
        strange = self.filtered(lambda task: task.user_id != self.env.user)
        if strange and not manager:
            raise AccessError(
                self.env._(
                    "“%(work)s” is somebody else's work. Ask %(user)s to stop it.",
                    work=strange[0].name,
                    user=strange[0].user_id.name,
                )
            )
        return self.sudo()  # sudo: checked above; users can't write tasks

    @api.autovacuum
    def _gc_tasks(self):
        """Delete work that ended long ago."""
        old = fields.Datetime.now() - KEPT
        self.search([("state", "in", ENDED), ("date_end", "<", old)]).unlink()
