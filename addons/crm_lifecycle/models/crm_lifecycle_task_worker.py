"""Worker of background tasks: how they are executed, and how they end."""

import logging

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .. import locks
from ..progress import Cancelled, Progress

_logger = logging.getLogger(__name__)


class CrmLifecycleTask(models.Model):
    _inherit = "crm.lifecycle.task"

    def _is_alive(self):
        """Return whether a process holds the lock of a running task."""
        self.ensure_one()
        return self.id in self._get_locked_ids()

    @api.model
    def _is_worker_busy(self):
        return bool(self._get_locked_ids())

    @api.model
    def _get_locked_ids(self):
        return locks.get_held(self.env.cr, locks.TASK)

    def _take(self):
        """Start the task, unless another process has; return whether it was started."""
        self.ensure_one()
        if not locks.try_lock(self.env.cr, locks.TASK, self.id):
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
        locks.unlock(self.env.cr, locks.TASK, self.id)

    @api.model
    def _cron_work(self):
        """Process pending tasks, in the order in which they were started.

        An error is stored on the task and does not block the others.
        """
        cron = self.env["ir.cron"]
        tasks = self.sudo()  # sudo: each task runs with the rights of its user
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
        """Notify the users of interrupted tasks, so that they can start them again."""
        running = self.search([("state", "=", "running")])
        alive = self._get_locked_ids() if running else ()
        for task in running.filtered(lambda item: item.id not in alive):
            task._end("interrupted")

    def _work(self, commit):
        """Execute one task, and notify its user of the end."""
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
        # Read again what the other connection has written.
        self.env.invalidate_all(flush=False)
        self._end(**ended)
        commit()

    def _perform(self, progress):
        """Call the method as the user who started the task."""
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

    def _end(self, state, **values):
        """Store how the task ended, and notify its user."""
        self.ensure_one()
        self.write({"state": state, "date_end": fields.Datetime.now(), **values})
        self.with_context(lang=self.user_id.lang)._tell_user()

    def _tell_user(self):
        """Show a notification to the user, or send a message if they are not online."""
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
        """Return the title of the notification, and its type."""
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
