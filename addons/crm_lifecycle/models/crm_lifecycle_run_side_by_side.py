"""The shards of a big run at the same time, on connections of one process."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor, wait

from odoo import api, models
from odoo.tools import SQL

from ..progress import Cancelled

_logger = logging.getLogger(__name__)

# So many customers are worth a second connection. For fewer, what each shard asks
# whatever its size costs more than it saves.
BIG = 5000
# How often the run looks after its shards, in seconds.
PACE = 1


class Checkpoint:
    """Keeps what a shard has done, on a connection that it has alone.

    Where the run is to ``stop``, the shard hears of it once: how it ended is kept.
    """

    def __init__(self, env, stop):
        self.env = env
        self.stop = stop
        self.is_told = False

    def __call__(self, done=0, remaining=0):
        if self.stop.is_set() and not self.is_told:
            self.is_told = True
            raise Cancelled
        self.env.flush_all()
        # Each batch stands for itself.
        self.env.cr.commit()  # pylint: disable=invalid-commit


class CrmLifecycleRun(models.Model):
    """Nearly all the time of a run is PostgreSQL's, where a connection uses one core.

    So a big run that may commit is split, and each shard has a connection and a
    thread of its own, which does little but wait for it. What a shard leaves, since
    it failed or since somebody else held a row, the run does itself at the end.
    """

    _inherit = "crm.lifecycle.run"

    def _work_through_list(self, checkpoint):
        count = self._get_connection_count(checkpoint)
        if count > 1:
            self._work_side_by_side(checkpoint, count)
        result = super()._work_through_list(checkpoint)
        if self.child_ids:
            # Their seconds were the same ones.
            self._attempt(checkpoint, self._add_up_shards, max)
            self._checkpoint(checkpoint)
        return result

    def _get_connection_count(self, checkpoint):
        """Extension point: return on how many connections the run works at once.

        As many as the server lets a single query use cores beside its own.
        """
        if checkpoint is None or self.parent_id or self.kind == "quick":
            return 1
        if self._get_concerned_count() < BIG:
            return 1
        [[count]] = self.env.execute_query(
            SQL("SELECT current_setting('max_parallel_workers_per_gather')::int")
        )
        return count

    def _get_concerned_count(self):
        """Return about how many customers are to be refreshed, or asked anew."""
        waiting = self._get_waiting_count()
        lifecycles = self.env["crm.lifecycle"]._get_active(self.company_id)
        self.signature = self._get_signature(lifecycles)
        if waiting >= BIG or not lifecycles or not self._is_everybody_due():
            return waiting
        domain = [("company_id", "=", self.company_id.id)]
        return self.env["crm.lifecycle.profile"].search_count(domain, limit=BIG)

    def _work_side_by_side(self, checkpoint, count):
        """Have others do the shards, and wait for them."""
        shards = self._attempt(checkpoint, self._split, count)
        # Others see the shards, and whom they are about, from here on.
        self._begin_step(checkpoint, "refresh", self._get_waiting_count())
        stop = threading.Event()
        with ThreadPoolExecutor(count) as pool:
            work = [
                pool.submit(self._execute_apart, shard_id, stop)
                for shard_id in shards.ids
            ]
            try:
                self._look_after(work, checkpoint)
            except BaseException:
                stop.set()
                raise
        self.env.invalidate_all(flush=False)

    def _look_after(self, work, checkpoint):
        """Wait for the shards, and hear meanwhile if the run is to stop."""
        while wait(work, timeout=PACE).not_done:
            self._checkpoint(checkpoint)

    def _execute_apart(self, shard_id, stop):
        """Do a shard in this thread, on a connection of its own.

        An error is on the shard, and its customers are on the work list still.
        """
        threading.current_thread().dbname = self.env.registry.db_name
        context = {**self.env.context, "lifecycle_progress": None}
        try:
            with self.env.registry.cursor() as cr:
                env = api.Environment(cr, self.env.uid, context, self.env.su)
                keep = Checkpoint(env, stop)
                shard = env[self._name].browse(shard_id)
                with shard._among_shards(shard.company_id, is_run_held=True):
                    shard._execute(keep)
        except Cancelled:
            _logger.info("Lifecycle run %s: shard %s stopped", self.id, shard_id)
        except Exception:
            _logger.exception("Lifecycle run %s: shard %s failed", self.id, shard_id)
