"""Progress of long work, and its cancellation."""

import logging
import time

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from .retry import retry

_logger = logging.getLogger(__name__)

# Seconds between two updates of the progress: no one reads faster.
PACE = 0.5


class Cancelled(Exception):
    """Raised at a point where the work may stop, after a user has canceled it."""


class Progress:
    """The handle of a `crm.lifecycle.task` that its work gets.

    Calling it is a checkpoint (see `crm.lifecycle._run`): the work so far is committed.
    Work in one transaction uses only the methods that report progress without a commit.

    Progress is written on a connection of its own: others see it at once, and the work
    never locks the row of the task. Each update also checks whether a user has asked to
    cancel; this takes effect once.
    """

    def __init__(self, task, commit):
        self.env = task.env
        self.task_id = task.id
        self.commit = commit
        self.done = self.total = 0
        self.last = 0.0
        self.is_stopped = False

    def __call__(self, done=0, remaining=0):
        self.env.flush_all()
        self.commit()
        self.tell(done)

    def begin(self, step, total=0, expected=0.0):
        """Begin a step of the work: its name, the number of its records, if known, and
        the seconds that it took the last time."""
        self.done, self.total = 0, total
        self._write(
            SQL(
                "step = %s, step_date = now() AT TIME ZONE 'UTC', "
                "expected_seconds = %s, done_count = 0, total_count = %s",
                step,
                expected,
                total,
            )
        )

    def tell(self, done=0):
        """Report that ``done`` more records are done."""
        self.done += done
        if time.monotonic() - self.last >= PACE:
            self._write(
                SQL(
                    "done_count = %s, total_count = GREATEST(total_count, %s)",
                    self.done,
                    self.done,
                )
            )

    def end(self):
        """Report that the rest of the work can't be canceled."""
        self.is_stopped = True

    def batch(self, work, *args):
        """Do a batch and commit it; retry it after a conflict."""
        return retry(self.env, self._keep, work, *args)

    def _keep(self, work, *args):
        result = work(*args)
        self.env.flush_all()
        self.commit()
        return result

    def _write(self, values):
        if self.is_stopped:
            return
        self.last = time.monotonic()
        try:
            with self.env.registry.cursor() as cr:
                cr.execute(
                    SQL(
                        "UPDATE crm_lifecycle_task SET %s, "
                        "date_progress = now() AT TIME ZONE 'UTC' "
                        "WHERE id = %s RETURNING is_cancel_asked",
                        values,
                        self.task_id,
                    )
                )
                row = cr.fetchone()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            _logger.debug("Progress of task %s is told later", self.task_id)
            return
        if row is None or row[0]:
            self.is_stopped = True
            raise Cancelled
