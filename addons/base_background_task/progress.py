"""How a task reports its progress, and where it may be cancelled."""

import logging
import time

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from .retry import retry

_logger = logging.getLogger(__name__)

# Seconds between two reports of progress: no screen shows them faster.
INTERVAL = 0.5


class Cancelled(Exception):
    """The user has cancelled the task. Raised where the task may stop."""


class Progress:
    """The first argument of the method that a `background.task` calls.

    ``progress(done)`` is a checkpoint: it commits. `begin` and `advance` report
    progress and commit nothing, for work that is one transaction.

    Progress is written on another connection. So other users see it at once, and the
    transaction of the work never locks the row of the task. Each report also reads
    whether the user has cancelled, and raises `Cancelled` once.
    """

    def __init__(self, task, commit):
        self.env = task.env
        self.task_id = task.id
        self.commit = commit
        self.done = self.total = 0
        self.last_report = 0.0
        self.is_closed = False

    def __call__(self, done=0, remaining=0):
        """Commit, and report that ``done`` more items are done.

        The signature is that of a checkpoint, which is called with both counts.
        """
        self.env.flush_all()
        self.commit()
        self.advance(done)

    def begin(self, step, total=0, expected=0.0):
        """Report that a step of the work begins.

        :param str step: what the user reads, such as "Sending letters"
        :param int total: number of items of the step, 0 if unknown
        :param float expected: seconds that the step took the last time
        """
        self.done, self.total = 0, total
        self._report(
            SQL(
                "step = %s, step_date = now() AT TIME ZONE 'UTC', "
                "expected_seconds = %s, done_count = 0, total_count = %s",
                step,
                expected,
                total,
            )
        )

    def advance(self, done=0):
        """Report that ``done`` more items are done."""
        self.done += done
        if time.monotonic() - self.last_report >= INTERVAL:
            self._report(
                SQL(
                    "done_count = %s, total_count = GREATEST(total_count, %s)",
                    self.done,
                    self.done,
                )
            )

    def close(self):
        """Report no more: from here on the task can't be cancelled."""
        self.is_closed = True

    def run_batch(self, work, *args):
        """Call ``work(*args)``, commit, return its result; retry after a conflict."""
        return retry(self.env, self._run_and_commit, work, *args)

    def _run_and_commit(self, work, *args):
        result = work(*args)
        self.env.flush_all()
        self.commit()
        return result

    def _report(self, values):
        if self.is_closed:
            return
        self.last_report = time.monotonic()
        try:
            with self.env.registry.cursor() as cr:
                cr.execute(
                    SQL(
                        "UPDATE background_task SET %s, "
                        "date_progress = now() AT TIME ZONE 'UTC' "
                        "WHERE id = %s RETURNING is_cancel_requested",
                        values,
                        self.task_id,
                    )
                )
                row = cr.fetchone()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            _logger.debug("Progress of task %s is reported later", self.task_id)
            return
        if row is None or row[0]:
            self.is_closed = True
            raise Cancelled
