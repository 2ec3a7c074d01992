"""Jobs in processes of their own that are killed at each of their commits.

The rows are committed: a test deletes what it and the jobs created.
"""

import os
import signal
import time
from datetime import timedelta
from unittest.mock import patch

from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name
from odoo.tools import config

PATIENCE = timedelta(seconds=60)


class Worker:
    """A process that does a scheduled job once, unless it is killed before.

    It is a fork of this process, which saves loading Odoo for each of them. It does not
    use the connections of the original.
    """

    def __init__(self, registry, job, die_at=None, after=False):
        self.name = f"worker_{time.monotonic_ns()}"
        self.registry = registry
        self.job = job
        self.pid = os.fork()
        if not self.pid:
            code = 255
            try:
                code = self._work(registry, die_at, after)
            finally:
                os._exit(code)

    def _work(self, registry, die_at, after):
        """Work, and return how many commits it took."""
        config["db_app_name"] = self.name
        commits = 0
        commit = sql_db.Cursor.commit

        def count(cr):
            nonlocal commits
            commits += 1
            last = commits == die_at  # read now: a commit may trigger others
            if last and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            commit(cr)
            if last:
                os.kill(os.getpid(), signal.SIGKILL)

        old_pools = sql_db._Pool, sql_db._Pool_readonly  # kept: not ours to close
        sql_db._Pool = sql_db._Pool_readonly = None
        registry._db = sql_db.db_connect(registry.db_name)
        with patch.object(sql_db.Cursor, "commit", count), registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            done = env.ref(self.job).method_direct_trigger()
        assert done is True and old_pools
        return commits

    def wait(self):
        """Return the exit status, once the server has released the worker's locks."""
        end = time.monotonic() + PATIENCE.total_seconds()
        status = None
        while status is None or self._is_connected():
            if status is None:
                pid, ended = os.waitpid(self.pid, os.WNOHANG)
                status = ended if pid else None
            if time.monotonic() > end:
                if status is None:
                    os.kill(self.pid, signal.SIGKILL)
                    os.waitpid(self.pid, 0)
                raise TimeoutError("The worker did not come to an end")
            time.sleep(0.005)
        return status

    def _is_connected(self):
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT FROM pg_stat_activity WHERE application_name = %s", [self.name]
            )
            return bool(cr.rowcount)


class Committed:
    """An environment of the superuser that commits at the end."""

    def __init__(self, registry):
        self.registry = registry

    def __enter__(self):
        self.cr = self.registry.cursor()
        return api.Environment(self.cr, SUPERUSER_ID, {})

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.cr.commit()
        self.cr.close()


class KillCase(BaseCase):
    """A scenario with the same end wherever the job is killed.

    A test case defines `_build`, `_forget_work`, `_read` and `_clean_up`.
    """

    job = None

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self._patch()
        with self.registry.cursor() as cr:
            self._build(api.Environment(cr, SUPERUSER_ID, {}))
        self.addCleanup(self._clean_up)

    def _patch(self):
        """Make the job commit often, with few records per batch."""

    def _build(self, env):
        """Create the records that the job processes."""
        raise NotImplementedError

    def _forget_work(self, cr):
        """Undo the work of the workers."""
        raise NotImplementedError

    def _clean_up(self):
        raise NotImplementedError

    def _read(self):
        """Return everything that the workers have left, and the remaining work."""
        raise NotImplementedError

    def _start(self, die_at=None, after=False):
        """Run a worker; return its exit status."""
        return Worker(self.registry, self.job, die_at, after).wait()

    def _query(self, query, *values):
        with self.registry.cursor() as cr:
            cr.execute(query, values)
            return cr.fetchall()

    def _work_undisturbed(self):
        """Run the job to its end; return the rows and the number of commits."""
        status = self._start()
        self.assertTrue(os.WIFEXITED(status), status)
        commits = os.WEXITSTATUS(status)
        self.assertLess(commits, 100)
        return self._read(), commits

    def _kill_at_each_commit(self, expected, commits, ways=(False, True)):
        """Kill the job right before and right after each commit, and run another one.

        In each case, the rows are the expected ones in the end. ``ways`` may leave out
        one of the two. The scheduler calls a job again, or not, by the clock: it may
        finish with one commit less than before.
        """
        kills = 0
        for die_at in range(1, commits + 1):
            for after in ways:
                with self.subTest(commit=die_at, after=after):
                    with self.registry.cursor() as cr:
                        self._forget_work(cr)
                    status = self._start(die_at, after)
                    if os.WIFSIGNALED(status):
                        self.assertEqual(os.WTERMSIG(status), signal.SIGKILL)
                        self.assertTrue(os.WIFEXITED(self._start()))
                        kills += 1
                    self.assertEqual(self._read(), expected)
        self.assertGreaterEqual(kills, (commits - 3) * len(ways))
        self.assertTrue(kills)
