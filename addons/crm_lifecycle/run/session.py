"""A run in progress: the state that all phases share."""

import logging
import time

from psycopg2 import errors

from odoo import fields
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from odoo.addons.base_background_task.retry import retry

from ..engine.scope import Scope, Shard, assign_topics
from ..engine.shadow import CURRENT_SCHEMA
from .mode import MODES

_logger = logging.getLogger(__name__)

# Errors that a concurrent transaction may cause. Its rows of a relation, or in a unique
# index, may conflict with a batch that did not see them.
RETRYABLE_ERRORS = (
    *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY,
    errors.ForeignKeyViolation,
    errors.UniqueViolation,
)
# Steps with a duration field on the run.
TIMED_PHASES = ("collect", "refresh", "evaluate", "move")
# Number of changed rows, and their part of the table, from which ANALYZE pays off.
MANY_ROWS = 1000
MIN_GROWN_PART = 0.1


def retry_batch(env, work, *args):
    """Do one batch of work and return its result; retry it after a conflict.

    Each batch begins right after a commit, so that a rollback reverts only this batch.
    """

    def work_and_flush():
        result = work(*args)
        env.flush_all()
        return result

    return retry(env, work_and_flush, errors=RETRYABLE_ERRORS)


class Session:
    """A run, with everything that its phases need.

    :param run: the `crm.lifecycle.run`, or one of its shards
    :param checkpoint: called as ``checkpoint(done, remaining)`` after each batch that
        may be committed; without one, the caller owns the transaction
    :param mode: the `RunMode`, by default that of the kind of run
    :param task: the `Progress` of the background task that waits for the run, if any
    """

    def __init__(self, run, checkpoint=None, *, mode=None, task=None):
        run.ensure_one()
        self.run = run.with_company(run.company_id).with_context(active_test=False)
        self.env = self.run.env
        self.company = self.run.company_id
        self.checkpoint = checkpoint
        self.mode = mode or MODES[run.kind]
        self.task = task
        self.as_of = run.as_of
        self.shard = Shard(run.shard, run.shard_count) if run.parent_id else None
        self._scope = None
        # Whether customers have entered a lifecycle in this run.
        self.has_placed = False

    # ------------------------------------------------------------
    # Scope
    # ------------------------------------------------------------

    @property
    def scope(self):
        """The frozen scope of the run for the sources of facts."""
        if self._scope is None:
            whole = self.run.parent_id or self.run
            last = self.run._get_last_collected(self.company, before=whole)
            since = None if self.mode.rebuilds else last.watermark
            self._scope = Scope(
                company_id=self.company.id,
                as_of=self.as_of,
                tz=self.company.lifecycle_tz or "UTC",
                since=since or None,
                previous_as_of=last.as_of or None,
                topics=assign_topics(
                    {source._name: source._facts for source in self.get_sources()}
                ),
            )
        return self._scope

    @scope.setter
    def scope(self, scope):
        self._scope = scope
        self.as_of = scope.as_of

    def get_sources(self):
        """Return the sources of facts, except those that are not needed."""
        names = self.env["crm.lifecycle"]._lifecycle_sources()
        sources = [self.env[name] for name in names]
        return [
            source
            for source in sources
            if not source._facts or self.mode.needs_facts(source._facts)
        ]

    def get_rolling_topics(self):
        """Return the bits of the sources with facts that passing days change."""
        bits = 0
        for source in self.get_sources():
            if source._has_rolling_facts:
                bits |= self.scope.topics[source._name]
        return bits

    def get_lifecycles(self):
        """Return the active lifecycles of the company."""
        return self.env["crm.lifecycle"]._get_active(self.company)

    def get_previous_runs_domain(self):
        """Return the domain of earlier runs that evaluated all customers."""
        return Domain(
            [
                ("company_id", "=", self.company.id),
                ("parent_id", "=", False),
                ("state", "=", "done"),
                ("kind", "not in", ("quick", "replay", "rebuild", "check")),
                ("id", "<", (self.run.parent_id or self.run).id),
            ]
        )

    # ------------------------------------------------------------
    # Batches
    # ------------------------------------------------------------

    def attempt(self, work, *args):
        """Do one batch of work and return its result; retry it after a conflict.

        Without a checkpoint the caller owns the transaction, and gets the error.

        After the batch, the row of the run is locked, so that later writes up to the
        next checkpoint, its counts and times, conflict with no other transaction.
        """
        if self.checkpoint is None or not self.mode.retries:
            return work(*args)
        return self.retry(work, *args)

    def retry(self, work, *args):
        """Do one batch like `attempt`, whatever the mode."""

        def work_and_lock():
            result = work(*args)
            self._lock_run()
            return result

        return retry_batch(self.env, work_and_lock)

    def _lock_run(self):
        """Flush the pending values of the run, and lock its row."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "SELECT FROM crm_lifecycle_run WHERE id = ANY(%s) FOR NO KEY UPDATE",
                self.run.ids,
            )
        )

    def save_progress(self, done=0, remaining=0):
        """Commit the work so far, if the caller allows it."""
        if self.checkpoint is None:
            if self.task:
                self.task.advance(0 if self.mode.counts_days else done)
            return
        self.attempt(self._note_progress, done)
        self.checkpoint(done, remaining)

    def _note_progress(self, done):
        self.run.date_progress = fields.Datetime.now()
        self.run.done_count += done
        self.env.flush_all()

    # ------------------------------------------------------------
    # Progress and problems
    # ------------------------------------------------------------

    @property
    def shows_progress(self):
        """Whether the progress of the run is shown anywhere."""
        return self.checkpoint is not None or self.task is not None

    def begin_phase(self, step, total=0):
        """Show which step begins, and the number of its customers."""
        if self.mode.counts_days or not self.shows_progress:
            return
        expected = self._get_expected_seconds(step, total)
        self.attempt(
            self.run.write,
            {
                "step": step,
                "step_date": fields.Datetime.now(),
                "expected_seconds": expected,
                "done_count": 0,
                "total_count": total,
            },
        )
        if self.task:
            self.task.begin(self.run._get_step_name(), total, expected)
        # A step may be a single statement: others see right now that it has begun.
        self.save_progress()

    def _get_expected_seconds(self, step, total):
        """Return how long a step took the last time, 0 if unknown.

        If the number of customers is known, the time is scaled to it.
        """
        if step not in TIMED_PHASES:
            return 0.0
        last = self.run.search(
            [
                ("company_id", "=", self.company.id),
                ("state", "=", "done"),
                ("kind", "=", self.run.kind),
                ("profile_count", ">", MANY_ROWS),
                ("id", "<", self.run.id),
            ],
            order="id desc",
            limit=1,
        )
        if not last:
            return 0.0
        share = total / last.profile_count if total else 1
        return last[f"{step}_seconds"] * share

    def add_seconds(self, step, started):
        """Add the seconds since ``started`` to the time of a step."""
        self.run[f"{step}_seconds"] += time.monotonic() - started

    def note_problem(self, error):
        """Record a problem that does not stop the run, once."""
        text = str(error)
        if text not in (self.run.error or ""):
            _logger.warning("Lifecycle run %s: %s", self.run.id, text)
            self.run.error = f"{self.run.error}\n{text}" if self.run.error else text

    # ------------------------------------------------------------
    # The database
    # ------------------------------------------------------------

    def get_schema(self):
        """Return the schema of the real tables, which copies may hide."""
        return self.env.execute_query(CURRENT_SCHEMA)[0][0]

    def get_batches(self, table, size):
        """Yield the profiles of a table in batches, by id: ``(after, up to)``.

        :param table: a table with the column ``profile_id``
        :param int size: rows of a batch
        """
        last_id = 0
        while True:
            [[upto]] = self.env.execute_query(
                SQL(
                    """
                    SELECT MAX(profile_id)
                      FROM (SELECT profile_id FROM %(table)s
                             WHERE profile_id > %(last_id)s
                             ORDER BY profile_id LIMIT %(size)s) AS batch
                    """,
                    table=SQL.identifier(table),
                    last_id=last_id,
                    size=size,
                )
            )
            if upto is None:
                return
            yield last_id, upto
            last_id = upto

    def execute_all(self, queries):
        for query in queries:
            self.env.cr.execute(query)

    def analyze_grown_tables(self, count, *tables):
        """Analyze tables in which new rows, ``count`` of them, are a large part.

        Until then the planner uses the old statistics, perhaps of an empty table, and
        chooses nested loops that do not finish with a hundred thousand rows.
        """
        if count > MANY_ROWS:
            self._analyze(tables, SQL("reltuples < %s", count / MIN_GROWN_PART))

    def analyze_stale_tables(self):
        """Analyze tables that look almost empty to the planner, but are not.

        If the rows of a table were deleted once, or rolled back, the planner expects
        almost none until the server analyzes it: a run right after an import would scan
        all documents for each of them. Less than one row per page is the sign; tables
        that autovacuum maintains have many.
        """
        tables = {table for source in self.get_sources() for table in source._reads}
        pages = SQL("pg_relation_size(oid) / current_setting('block_size')::int")
        self._analyze(tables, SQL("reltuples < %s", pages))

    def _analyze(self, tables, condition):
        """Analyze the tables that meet a condition on ``pg_class``."""
        rows = self.env.execute_query(
            SQL(
                "SELECT relname FROM pg_class WHERE relname = ANY(%s) "
                "AND pg_table_is_visible(oid) AND %s",
                sorted(tables),
                condition,
            )
        )
        for [name] in rows:
            self.env.cr.execute(SQL("ANALYZE (SKIP_LOCKED) %s", SQL.identifier(name)))
