"""What long work tells while it goes on, and where it may be stopped."""

import logging
import time

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from .retry import retry

_logger = logging.getLogger(__name__)

# Seconds between two notes of progress: nobody reads faster.
PACE = 0.5


class Cancelled(Exception):
    """Somebody asked for the work to stop; raised where it may."""


class Progress:
    """The hand of a `crm.lifecycle.task` that its work holds.

    Called, it is a checkpoint (see `crm.lifecycle._run`): what is done is kept. `tell`
    and `begin` note progress and keep nothing, for work that is one transaction.

    Progress is written on another connection: others see it at once, and whatever
    becomes of the work, no row of the task is locked by it. Each note is where a
    request to cancel takes effect, once.
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
        """Begin a step of the work: its name, how many it is about, if known, and
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
        """Note that so many more are done."""
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
        """Nothing is left that could be stopped."""
        self.is_stopped = True

    def batch(self, work, *args):
        """Do a batch and keep it; again where another transaction got in between."""
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
