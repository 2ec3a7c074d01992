"""Run the shards of a big run at the same time, on connections of one process.

PostgreSQL takes nearly all the time of a run, and a connection uses one core. So a big
run that may commit is split, and each shard has its own connection and its own thread,
which mostly waits for the database. The run itself finishes at the end what a shard
leaves, because the shard failed or another transaction held a row.
"""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor, wait

from odoo import api
from odoo.tools import SQL

from odoo.addons.base_background_task.progress import Cancelled

from . import conditions, lock, review

_logger = logging.getLogger(__name__)

# Number of customers that justifies a second connection. With fewer, the fixed cost of
# a shard exceeds the time it saves.
MIN_PARALLEL_SIZE = 5000
# How often the run checks its shards, in seconds.
POLL_INTERVAL = 1
# The counters of shards and runs.
SUMMED_FIELDS = (
    "profile_count",
    "created_count",
    "refreshed_count",
    "moved_count",
    "left_count",
    "collect_seconds",
    "refresh_seconds",
    "evaluate_seconds",
    "move_seconds",
)


class Checkpoint:
    """Commits the work of a shard, on its own connection.

    If the run has to ``stop``, it raises in the shard once, so that the end of the
    shard can still be committed.
    """

    def __init__(self, env, stop):
        self.env = env
        self.stop = stop
        self.has_raised = False

    def __call__(self, done=0, remaining=0):
        if self.stop.is_set() and not self.has_raised:
            self.has_raised = True
            raise Cancelled
        self.env.flush_all()
        # Each batch is independent.
        self.env.cr.commit()  # pylint: disable=invalid-commit


def get_connection_count(session):
    """Return on how many connections the run works at the same time.

    As many as the processes that the server allows a single query: the query's own and
    its parallel workers.
    """
    if session.checkpoint is None or session.shard or not session.mode.collects:
        return 1
    if _get_affected_count(session) < MIN_PARALLEL_SIZE:
        return 1
    [[count]] = session.env.execute_query(
        SQL("SELECT 1 + current_setting('max_parallel_workers_per_gather')::int")
    )
    return count


def _get_affected_count(session):
    """Return the approximate number of customers to refresh or evaluate."""
    waiting = session.run._get_pending_count()
    lifecycles = session.get_lifecycles()
    session.run.signature = conditions.get_signature(lifecycles)
    if (
        waiting >= MIN_PARALLEL_SIZE
        or not lifecycles
        or not review.needs_full_review(session)
    ):
        return waiting
    domain = [("company_id", "=", session.company.id)]
    return session.env["crm.lifecycle.profile"].search_count(
        domain, limit=MIN_PARALLEL_SIZE
    )


def run_in_parallel(session, count):
    """Run the shards in threads, and wait for them."""
    shards = session.attempt(session.run._create_shards, count)
    # From here on, others see the shards and their customers.
    session.begin_phase("refresh", session.run._get_pending_count())
    stop = threading.Event()
    with ThreadPoolExecutor(count) as pool:
        work = [
            pool.submit(_execute_in_thread, session, shard_id, stop)
            for shard_id in shards.ids
        ]
        try:
            # The checkpoint raises if the run has to stop.
            while wait(work, timeout=POLL_INTERVAL).not_done:
                session.save_progress()
        except BaseException:
            stop.set()
            raise
    session.env.invalidate_all(flush=False)


def _execute_in_thread(session, shard_id, stop):
    """Run a shard in this thread, on its own connection.

    An error is stored on the shard, and its customers stay on the work list.
    """
    run, own = session.run, session.env
    threading.current_thread().dbname = own.registry.db_name
    try:
        with own.registry.cursor() as cr:
            env = api.Environment(cr, own.uid, own.context, own.su)
            shard = env[run._name].browse(shard_id)
            with lock.lock_shard(shard.company_id, is_run_held=True):
                shard._execute(Checkpoint(env, stop))
    except Cancelled:
        _logger.info("Lifecycle run %s: shard %s stopped", run.id, shard_id)
    except Exception:
        _logger.exception("Lifecycle run %s: shard %s failed", run.id, shard_id)


def sum_counts(session, seconds=sum):
    """Add the counts of the shards to the run.

    :param seconds: `sum`, or `max` if the shards worked at the same time
    """
    for name in SUMMED_FIELDS:
        combine = seconds if name.endswith("_seconds") else sum
        session.run[name] += combine(session.run.child_ids.mapped(name))
