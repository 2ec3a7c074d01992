from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .. import locks
from ..worker import run_task

# Finished tasks are deleted after this time.
RETENTION = timedelta(days=90)
# A task that waits for longer, while no other one runs, has no worker.
MAX_WAIT = timedelta(minutes=2)
FINISHED = ("done", "failed", "cancelled", "interrupted")


class BackgroundTask(models.Model):
    """One piece of long work that a user has started and does not wait for.

    A scheduled job calls its method with the rights of that user. The process that does
    so holds an advisory lock, which goes away with its connection: a running task
    without a lock was killed with its process. It is interrupted then, and its user can
    start it again.
    """

    _name = "background.task"
    _description = "Background Task"
    _inherit = ["background.task.progress.mixin"]
    _order = "id desc"

    name = fields.Char(string="Task", required=True, readonly=True)
    kind = fields.Selection(
        selection=[("other", "Other")], default="other", required=True, readonly=True
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
    is_cancel_requested = fields.Boolean(readonly=True)
    date_start = fields.Datetime(string="Started", readonly=True)
    date_progress = fields.Datetime(string="Last progress", readonly=True)
    date_end = fields.Datetime(string="Finished", readonly=True)
    outcome = fields.Text(readonly=True, help="What the task did, in words.")
    error = fields.Text(readonly=True)
    # The call: only the server reads and writes it.
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

    @api.depends("state", "step", "is_cancel_requested")
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
        if self.is_cancel_requested and self.is_working:
            return self.env._("Cancelling…")
        if self.state != "waiting":
            return super()._get_progress_text(left)
        waits = fields.Datetime.now() - (self.create_date or fields.Datetime.now())
        if waits > MAX_WAIT and not self._get_locked_ids():
            return self.env._(
                "Waiting. The scheduled jobs of the server do not seem to run: ask "
                "your administrator."
            )
        return self.env._("Waiting for its turn")

    # ------------------------------------------------------------
    # Start and stop
    # ------------------------------------------------------------

    @api.model
    def _enqueue(self, records, method, arguments=None, *, name, kind="other", total=0):
        """Have a method called in the background; return the action that shows it.

        ::

            return self.env["background.task"]._enqueue(
                partners, "_task_send", {"year": 2026}, name=_("Letters"), total=9000
            )

        calls ``partners._task_send(progress, year=2026)`` within a minute, with the
        rights, company and language of the present user. ``progress`` is a `Progress`:
        the method calls ``progress.begin(step, total)``, then ``progress.advance(n)``
        within one transaction, or ``progress(n)`` to commit as well. It may return
        ``{"outcome": text, "action": action}``, which the user reads and opens at the
        end. Access is checked by the caller, and again by the method.

        :param str method: its name begins with ``_task_``
        :param dict arguments: its keyword arguments, as JSON
        :param str name: what the user reads
        :param str kind: a value of `kind`, which an addon extends
        :param int total: number of items, 0 if unknown
        """
        task = self._create_waiting(
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
        return task._get_progress_action()

    @api.model
    def _create_waiting(self, vals):
        """Create a task, trigger the job that runs it, and update the systray."""
        # Users have no right to create tasks or to trigger jobs: the method that starts
        # a task checks what they may do.
        task = self.sudo().create(vals).with_env(self.env)
        cron = self.env.ref(
            "base_background_task.ir_cron_run_tasks", raise_if_not_found=False
        )
        if cron:
            cron.sudo()._trigger()
        task.user_id._bus_send("background_task/started", {})
        return task

    @api.model
    def _ensure_wizard(self, wizard):
        """Return the wizard that a task is about, unless it has been deleted.

        :raises UserError: transient records live for an hour
        """
        if not wizard.exists():
            raise UserError(
                self.env._(
                    "What was entered is kept for an hour, and gone by now. Open the "
                    "screen again."
                )
            )
        return wizard

    def _get_progress_action(self):
        """Return the action that shows the progress."""
        self.ensure_one()
        view = self.env.ref("base_background_task.background_task_view_dialog")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Background Task"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(view.id, "form")],
            "target": "new",
        }

    def action_cancel(self):
        """Cancel a waiting task at once, a running one where it may stop."""
        self._check_can_manage()
        for task in self.sudo():  # checked above; no user writes the record itself
            if task.state == "waiting":
                task._finish("cancelled")
            elif task.state == "running" and not task._is_alive():
                task._finish("interrupted")
            elif task.state == "running":
                task.is_cancel_requested = True
        return False

    def action_start_again(self):
        """Start a copy of a finished task, as the same user; show its progress."""
        self.ensure_one()
        self._check_can_manage()
        task = self.sudo()  # checked above; no user writes the record itself
        if task.state == "running" and not task._is_alive():
            task._finish("interrupted")
        if task.state not in FINISHED:
            raise UserError(
                self.env._(
                    "“%(task)s” is not finished yet. Cancel it first.", task=task.name
                )
            )
        if task.user_id != self.env.user:
            raise UserError(
                self.env._(
                    "“%(task)s” was started by %(user)s. Only this user can start it "
                    "again.",
                    task=task.name,
                    user=task.user_id.name,
                )
            )
        return self._create_waiting(
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
        )._get_progress_action()

    def action_open_result(self):
        """Show the result of the task; without one, the task itself."""
        self.ensure_one()
        self.check_access("read")
        result = self.sudo().result  # an action, made for this user
        return result or self._get_progress_action()

    @api.model
    def _is_task_manager(self):
        """Extension point: return whether the user cancels tasks of other users.

        Record rules decide which tasks of other users these are.
        """
        return self.env.user.has_group("base.group_system")

    def _check_can_manage(self):
        """Raise AccessError unless the tasks are the user's own, or a manager's."""
        self.check_access("read")
        of_others = self.filtered(lambda task: task.user_id != self.env.user)
        if of_others and not self._is_task_manager():
            raise AccessError(
                self.env._(
                    "“%(task)s” was started by %(user)s. Ask this user to cancel it.",
                    task=of_others[0].name,
                    user=of_others[0].user_id.name,
                )
            )

    @api.autovacuum
    def _gc_tasks(self):
        """Delete tasks that finished long ago."""
        limit = fields.Datetime.now() - RETENTION
        self.search([("state", "in", FINISHED), ("date_end", "<", limit)]).unlink()

    # ------------------------------------------------------------
    # The worker
    # ------------------------------------------------------------

    @api.model
    def _cron_run_tasks(self):
        """Run the waiting tasks in the order in which they were started.

        An error fails its own task only; the others still run.
        """
        cron = self.env["ir.cron"]
        tasks = self.sudo()  # of all users; each runs with the rights of its own
        tasks._finish_interrupted()
        waiting = tasks.search([("state", "=", "waiting")], order="id")
        cron._commit_progress(remaining=len(waiting))
        for task in waiting:
            task = task.with_context(lang=task.user_id.lang)
            if not task._acquire():
                continue
            cron._commit_progress()
            try:
                run_task(task, commit=cron._commit_progress)
            finally:
                task._release()
            if not cron._commit_progress(1):
                break

    @api.model
    def _finish_interrupted(self):
        """Finish the running tasks of processes that died; their users are notified."""
        running = self.search([("state", "=", "running")])
        alive = self._get_locked_ids() if running else ()
        for task in running.filtered(lambda item: item.id not in alive):
            task._finish("interrupted")

    def _acquire(self):
        """Lock a waiting task, set it running, and return whether this worked.

        It does not where another process has locked or run the task.
        """
        self.ensure_one()
        if not locks.try_lock(self.env.cr, locks.TASK, self.id):
            return False
        # Raw: the row changes only if it still waits, whatever the cache has.
        self.env.cr.execute(
            SQL(
                """
                UPDATE background_task
                   SET state = 'running', date_start = %(now)s, date_progress = %(now)s,
                       step_date = %(now)s
                 WHERE id = %(id)s AND state = 'waiting'
                """,
                now=fields.Datetime.now(),
                id=self.id,
            )
        )
        is_acquired = bool(self.env.cr.rowcount)
        self.invalidate_recordset()
        if not is_acquired:
            self._release()
        return is_acquired

    def _release(self):
        """Release the lock of a task."""
        locks.unlock(self.env.cr, locks.TASK, self.id)

    def _is_alive(self):
        """Return whether a process holds the lock of a running task."""
        self.ensure_one()
        return self.id in self._get_locked_ids()

    @api.model
    def _get_locked_ids(self):
        return locks.get_held_keys(self.env.cr, locks.TASK)

    def _finish(self, state, **values):
        """Store how a task ended, and notify its user."""
        self.ensure_one()
        self.write({"state": state, "date_end": fields.Datetime.now(), **values})
        self.with_context(lang=self.user_id.lang)._notify_user()

    def _notify_user(self):
        """Notify the user in the web client; also by a message if they are away."""
        self.ensure_one()
        title, kind = self._get_notification()
        text = self.outcome or self.error or self.name
        self.user_id._bus_send(
            "background_task/finished",
            {
                "id": self.id,
                "title": title,
                "message": text,
                "type": kind,
                "has_result": bool(self.result),
                "can_start_again": self.state in ("failed", "interrupted"),
            },
        )
        if self.user_id.im_status == "online" or self.state == "cancelled":
            return
        self.env["mail.thread"].message_notify(
            subject=title,
            body=text,
            partner_ids=self.user_id.partner_id.ids,
            model=self._name,
            res_id=self.id,
        )

    def _get_notification(self):
        """Return the title of the notification, and its type in the web client."""
        titles = {
            "done": (self.env._("Done: %(task)s", task=self.name), "success"),
            "failed": (self.env._("Failed: %(task)s", task=self.name), "danger"),
            "cancelled": (self.env._("Cancelled: %(task)s", task=self.name), "info"),
            "interrupted": (
                self.env._("Interrupted: %(task)s", task=self.name),
                "warning",
            ),
        }
        return titles[self.state]
