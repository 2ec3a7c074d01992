"""Work in the background that is killed, or watched and stopped by other users.

The worker runs in a process or thread of its own, on committed rows.
"""

import os
import threading
import time
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

from odoo.addons.base_background_task import progress
from odoo.addons.crm_lifecycle.models import crm_lifecycle_background as work

from .killed import Worker

CUSTOMERS = 6
PATIENCE = 60


@tagged("post_install", "-at_install")
class TestTaskKill(BaseCase):
    """The rows are committed, so the test itself deletes them."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        for patcher in (
            patch.object(work, "MOVE_BATCH", 2),
            patch.object(progress, "INTERVAL", 0),
        ):
            patcher.start()
            self.addCleanup(patcher.stop)
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            lifecycle = env["crm.lifecycle"].create(
                {
                    "name": "Task kill",
                    "company_id": env.company.id,
                    "sequence": -1,
                    "stage_ids": [
                        Command.create(
                            {"name": code, "code": code, "sequence": sequence}
                        )
                        for sequence, code in enumerate("ab")
                    ],
                }
            )
            lifecycle.write({"state": "active", "activation_date": "2026-01-01"})
            partners = env["res.partner"].create(
                [{"name": f"Task kill {index}"} for index in range(CUSTOMERS)]
            )
            profiles = env["crm.lifecycle.profile"].create(
                [{"partner_id": partner.id} for partner in partners]
            )
            self.lifecycle_id = lifecycle.id
            self.partner_ids = partners.ids
            self.profile_ids = profiles.ids
        self.addCleanup(self._clean_up)

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["background.task"].search([]).unlink()
            env["crm.lifecycle.profile"].browse(self.profile_ids).unlink()
            env["res.partner"].browse(self.partner_ids).unlink()
            cr.execute(
                "DELETE FROM crm_lifecycle_history WHERE lifecycle_id = %s",
                [self.lifecycle_id],
            )
            cr.execute("DELETE FROM crm_lifecycle_pending")
            env.invalidate_all()
            env["crm.lifecycle"].browse(self.lifecycle_id).unlink()

    def _start(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env = env(user=env.ref("base.user_admin").id)
            profiles = env["crm.lifecycle.profile"].browse(self.profile_ids)
            stage = profiles.lifecycle_id.stage_ids.sorted("sequence")[-1]
            return profiles._start_move(stage, "test")["res_id"]

    def _work(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env.ref("base_background_task.ir_cron_run_tasks").method_direct_trigger()

    def _read(self, task_id, *names):
        with self.registry.cursor() as cr:
            task = api.Environment(cr, SUPERUSER_ID, {})["background.task"]
            task = task.browse(task_id)
            return tuple(task[name] for name in names)

    def _get_moves(self):
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT profile_id, COUNT(*) FROM crm_lifecycle_history "
                "WHERE lifecycle_id = %s AND from_stage_id IS NOT NULL "
                "GROUP BY profile_id ORDER BY profile_id",
                [self.lifecycle_id],
            )
            return dict(cr.fetchall())

    def _work_until_commit(self, die_at):
        """Have a process work that is killed at a commit; return how it ended."""
        return Worker(
            self.registry, "base_background_task.ir_cron_run_tasks", die_at
        ).wait()

    def _wait_for_connections_to_go(self, task_id):
        """Wait until PostgreSQL has noticed the killed client."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with self.registry.cursor() as cr:
                task = api.Environment(cr, SUPERUSER_ID, {})["background.task"]
                if not task._get_locked_ids():
                    return
            time.sleep(0.005)

    def test_killed_at_any_commit_the_rest_is_done_once_by_starting_again(self):
        ended, states = False, set()
        for die_at in range(1, 100):
            task_id = self._start()
            status = self._work_until_commit(die_at)
            ended = not os.WIFSIGNALED(status)
            self._wait_for_connections_to_go(task_id)
            state, text = self._read(task_id, "state", "progress_text")
            if state == "running":
                self.assertIn("server stopped", text)
                self._work()
                [state] = self._read(task_id, "state")
                self.assertEqual(state, "interrupted", f"killed at commit {die_at}")
            states.add(state)
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                env = env(user=env.ref("base.user_admin").id)
                if state == "interrupted":
                    env["background.task"].browse(task_id).action_start_again()
            self._work()
            self.assertEqual(
                self._get_moves(),
                dict.fromkeys(self.profile_ids, 1),
                f"killed at commit {die_at}",
            )
            if ended:
                break
            self._go_back()
        self.assertTrue(ended, "the worker never came to its end")
        self.assertIn("interrupted", states)

    def _go_back(self):
        """Reset the customers to their former stages, and delete their moves."""
        with self.registry.cursor() as cr:
            cr.execute(
                "DELETE FROM crm_lifecycle_history WHERE lifecycle_id = %s "
                "AND from_stage_id IS NOT NULL",
                [self.lifecycle_id],
            )
            cr.execute(
                "UPDATE crm_lifecycle_profile SET stage_id = (SELECT id FROM "
                "crm_lifecycle_stage WHERE lifecycle_id = %s AND code = 'a') "
                "WHERE id = ANY(%s)",
                [self.lifecycle_id, self.profile_ids],
            )

    def test_others_see_the_progress_and_stop_the_work(self):
        task_id = self._start()
        reached, seen = threading.Event(), threading.Event()
        Profile = self.registry["crm.lifecycle.profile"]
        original = Profile._move_some

        def slowly(profiles, stage):
            if self.profile_ids[2] in profiles.ids:
                reached.set()
                seen.wait(PATIENCE)
            return original(profiles, stage)

        with patch.object(Profile, "_move_some", slowly):
            worker = threading.Thread(target=self._work)
            worker.start()
            try:
                self.assertTrue(reached.wait(PATIENCE))
                names = ("state", "done_count", "total_count", "progress_text")
                state, done, total, text = self._read(task_id, *names)
                self.assertEqual((state, done, total), ("running", 2, CUSTOMERS))
                self.assertIn("2 of 6", text)
                with self.registry.cursor() as cr:
                    env = api.Environment(cr, SUPERUSER_ID, {})
                    env["background.task"].browse(task_id).action_cancel()
            finally:
                seen.set()
                worker.join(PATIENCE)
        self.assertEqual(self._read(task_id, "state"), ("cancelled",))
        # The current batch is finished, the next one is not started.
        self.assertEqual(list(self._get_moves()), self.profile_ids[:4])

    def test_two_workers_do_a_task_once(self):
        task_id = self._start()
        taken = []
        barrier = threading.Barrier(2)

        def take():
            with self.registry.cursor() as cr:
                task = api.Environment(cr, SUPERUSER_ID, {})["background.task"]
                task = task.browse(task_id)
                barrier.wait(PATIENCE)
                is_mine = task._acquire()
                taken.append(is_mine)
                cr.commit()
                barrier.wait(PATIENCE)
                if is_mine:
                    task._release()

        workers = [threading.Thread(target=take) for _worker in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(PATIENCE)
        self.assertEqual(sorted(taken), [False, True])
