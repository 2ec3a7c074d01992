import logging
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..progress import Cancelled, Progress

_logger = logging.getLogger(__name__)

# The first key of the advisory locks that tell living work from dead.
LOCK = 1_129_464_404
# Tasks that ended are kept for so long.
KEPT = timedelta(days=90)
# A worker that has not come by then may not be running at all.
PATIENCE = timedelta(minutes=2)
ENDED = ("done", "failed", "cancelled", "interrupted")


class CrmLifecycleTask(models.Model):
    """One piece of long work that somebody started and need not wait for.

    It is worked off by a scheduled job, with the rights of the user who started it.
    Whoever works on it holds an advisory lock, which goes away with the connection:
    so work whose process was killed is known as interrupted, and can be started again.
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
    # What to do: only the server writes these.
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
        """Have a method called in the background; return the action that shows it.

        ::

            return self.env["crm.lifecycle.task"]._start(
                "move", profiles, "_task_move", {"stage_id": 7}, name=…, total=9000
            )

        calls ``profiles._task_move(progress, stage_id=7)`` within a minute, with the
        rights, company and language of the present user. ``progress`` is a
        `Progress`: the method calls ``progress.begin(step, total)`` and
        ``progress.tell(done)`` as it goes on, ``progress(done)`` where what is done is
        to be kept, or hands it on as the ``checkpoint`` of a run. It may return
        ``{"outcome": text, "action": action}`` to tell and show what came of it.
        Access is for the caller to check, and again for the method.
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
        """Return the wizard that work is about, unless it has been cleaned away."""
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
        """Return a new task, and have the worker come."""
        # Users start tasks by what they may do otherwise, never by writing them; and
        # whoever starts one may ring the bell.
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
        """Stop the work: at once if it waits, else where it may be stopped."""
        for task in self._get_own():
            if task.state == "waiting":
                task._end("cancelled")
            elif task.state == "running" and not task._is_alive():
                task._end("interrupted")
            elif task.state == "running":
                task.is_cancel_asked = True
        return False

    def action_start_again(self):
        """Start work that did not come to its end once more, as its user."""
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
        """Show what came of the work."""
        self.ensure_one()
        self.check_access("read")
        result = self.sudo().result  # an action, made for this user
        return result or self._get_action()

    def _get_own(self):
        """Return the tasks for writing, where the user may stop and start them."""
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
        return self.sudo()  # checked above; nobody writes the record itself

    # ------------------------------------------------------------
    # Is anybody working?
    # ------------------------------------------------------------

    def _is_alive(self):
        """Whether a process holds the lock of a running task."""
        self.ensure_one()
        return self.id in self._get_locked_ids()

    @api.model
    def _is_worker_busy(self):
        return bool(self._get_locked_ids())

    @api.model
    def _get_locked_ids(self):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.objid::bigint
                  FROM pg_locks AS l
                  JOIN pg_database AS d ON d.oid = l.database
                 WHERE d.datname = current_database() AND l.granted
                   AND l.locktype = 'advisory' AND l.objsubid = 2
                   AND l.classid::bigint = %s
                """,
                LOCK,
            )
        )
        return {task_id for [task_id] in rows}

    def _take(self):
        """Begin with the task, unless another process has; return whether we may."""
        self.ensure_one()
        [[locked]] = self.env.execute_query(
            SQL("SELECT pg_try_advisory_lock(%s, %s)", LOCK, self.id)
        )
        if not locked:
            return False
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_lifecycle_task
                   SET state = 'running', date_start = %(now)s, date_progress = %(now)s,
                       step_date = %(now)s
                 WHERE id = %(id)s AND state = 'waiting'
                """,
                now=fields.Datetime.now(),
                id=self.id,
            )
        )
        taken = bool(self.env.cr.rowcount)
        self.invalidate_recordset()
        if not taken:
            self._release()
        return taken

    def _release(self):
        self.env.cr.execute(SQL("SELECT pg_advisory_unlock(%s, %s)", LOCK, self.id))

    # ------------------------------------------------------------
    # Worker
    # ------------------------------------------------------------

    @api.model
    def _cron_work(self):
        """Work off what waits, in the order in which it was started.

        An error is the task's, and holds up nothing else.
        """
        cron = self.env["ir.cron"]
        tasks = self.sudo()  # everybody's; each is done with its user's rights
        tasks._tell_interrupted()
        waiting = tasks.search([("state", "=", "waiting")], order="id")
        cron._commit_progress(remaining=len(waiting))
        for task in waiting:
            task = task.with_context(lang=task.user_id.lang)
            if not task._take():
                continue
            cron._commit_progress()
            try:
                task._work(commit=cron._commit_progress)
            finally:
                task._release()
            if not cron._commit_progress(1):
                break

    @api.model
    def _tell_interrupted(self):
        """Tell whose work died with its process, so that they can start it again."""
        running = self.search([("state", "=", "running")])
        alive = self._get_locked_ids() if running else ()
        for task in running.filtered(lambda item: item.id not in alive):
            task._end("interrupted")

    def _work(self, commit):
        """Do the work of one task, and tell how it ended."""
        self.ensure_one()
        try:
            progress = Progress(self, commit)
            found = self._perform(progress) or {}
            self.env.flush_all()
            commit()
            ended = {
                "state": "done",
                "outcome": found.get("outcome"),
                "result": found.get("action"),
                "done_count": progress.done,
            }
        except Cancelled:
            self.env.cr.rollback()
            ended = {"state": "cancelled"}
        except Exception as error:
            self.env.cr.rollback()
            if not isinstance(error, UserError):
                _logger.exception("Task %s (%s) failed", self.id, self.method)
            ended = {"state": "failed", "error": self._get_error_text(error)}
        # What the other connection has written since is ours to see from here on.
        self.env.invalidate_all(flush=False)
        self._end(**ended)
        commit()

    def _perform(self, progress):
        """Call the method, as the user who asked for it."""
        user = self.user_id
        if not user.active and user.id != SUPERUSER_ID:
            raise UserError(
                self.env._("%(user)s, who started this, is archived.", user=user.name)
            )
        context = {
            "lang": user.lang,
            "tz": user.tz,
            "allowed_company_ids": self.company_id.ids,
        }
        env = self.env(user=user.id, su=False, context=context)
        records = env[self.model].browse(self.res_ids or [])
        records = records.with_context(lifecycle_progress=progress)
        if not self.method.startswith("_task_"):
            raise UserError(self.env._("“%(name)s” is no work.", name=self.method))
        return getattr(records, self.method)(progress, **(self.arguments or {}))

    @api.model
    def _get_error_text(self, error):
        if isinstance(error, UserError):
            return str(error)
        return self.env._(
            "An unexpected error, which is in the log of the server: %(error)s",
            error=f"{type(error).__name__}: {error}",
        )

    # ------------------------------------------------------------
    # The end
    # ------------------------------------------------------------

    def _end(self, state, **values):
        """Note how the task ended, and tell its user."""
        self.ensure_one()
        self.write({"state": state, "date_end": fields.Datetime.now(), **values})
        self.with_context(lang=self.user_id.lang)._tell_user()

    def _tell_user(self):
        """Show a notice where the user works; who is away finds a message."""
        self.ensure_one()
        title, kind = self._get_notice()
        self.user_id._bus_send(
            "crm_lifecycle.task",
            {
                "id": self.id,
                "title": title,
                "message": self.outcome or self.error or self.name,
                "type": kind,
                "has_result": bool(self.result),
                "can_start_again": self.state in ("failed", "interrupted"),
            },
        )
        if self.user_id.im_status == "online" or self.state == "cancelled":
            return
        self.env["mail.thread"].message_notify(
            subject=title,
            body=self.outcome or self.error or self.name,
            partner_ids=self.user_id.partner_id.ids,
            model=self._name,
            res_id=self.id,
        )

    def _get_notice(self):
        """Return what to tell the user, and how urgent it is."""
        titles = {
            "done": (self.env._("Done: %(work)s", work=self.name), "success"),
            "failed": (self.env._("Failed: %(work)s", work=self.name), "danger"),
            "cancelled": (self.env._("Cancelled: %(work)s", work=self.name), "info"),
            "interrupted": (
                self.env._("Interrupted: %(work)s", work=self.name),
                "warning",
            ),
        }
        return titles[self.state]

    @api.autovacuum
    def _gc_tasks(self):
        """Forget work that ended long ago."""
        old = fields.Datetime.now() - KEPT
        self.search([("state", "in", ENDED), ("date_end", "<", old)]).unlink()
