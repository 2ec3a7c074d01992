from datetime import timedelta

from odoo import fields, sql_db
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_lifecycle import locks
from odoo.addons.crm_lifecycle.locks import RunUnderWay

from ..hooks import uninstall_hook
from .common import CUSTOMERS, TODAY, QueueCase

LOGGER = "odoo.addons.crm_lifecycle_queue.models.crm_lifecycle_run"


@tagged("post_install", "-at_install")
class TestRescue(QueueCase):
    """Runs with jobs that are never started, or that died."""

    def setUp(self):
        super().setUp()
        self.plain = self._snapshot_after(self._run)
        self.handed_out = self._hand_out()
        self.shards = self.handed_out.child_ids
        self.jobs = self.shards._get_jobs()

    def _finish_stalled(self):
        with self._worker() as env, mute_logger(LOGGER):
            env["crm.lifecycle.run"]._finish_stalled()

    def _set_progress(self, minutes_ago):
        (self.handed_out | self.shards).date_progress = (
            fields.Datetime.now() - timedelta(minutes=minutes_ago)
        )

    def test_shards_that_wait_for_their_turn_are_left_alone(self):
        self._set_progress(29)
        self._finish_stalled()
        self.assertEqual(self.handed_out.state, "running")
        self.assertEqual(set(self.jobs.mapped("state")), {"pending"})

    def test_one_shard_that_gets_on_keeps_the_run_alive(self):
        self._set_progress(31)
        self.shards[0].date_progress = fields.Datetime.now()
        self._finish_stalled()
        self.assertEqual(self.handed_out.state, "running")

    def test_a_queue_that_stands_still_leaves_the_run_to_the_schedule(self):
        self._set_progress(31)
        self._finish_stalled()
        self.assertRecordValues(
            self.handed_out, [{"state": "done", "failed_shard_count": 3}]
        )
        self.assertEqual(set(self.jobs.mapped("state")), {"cancelled"})
        self.assertEqual(self._snapshot(), self.plain)

    def test_what_is_done_by_then_is_kept(self):
        self._work_off(self.jobs[0])
        self._set_progress(31)
        self._finish_stalled()
        self.assertRecordValues(
            self.handed_out,
            [{"state": "done", "failed_shard_count": 2, "profile_count": CUSTOMERS}],
        )
        self.assertEqual(self._snapshot(), self.plain)

    def test_the_error_of_a_job_that_died_is_told_on_its_shard(self):
        self.jobs.write({"state": "failed", "exc_info": "Found dead"})
        self._finish_stalled()
        self.assertEqual(self.handed_out.state, "done")
        self.assertEqual(set(self.shards.mapped("error")), {"Found dead"})

    def test_jobs_that_are_gone_leave_the_run_to_the_schedule(self):
        self.jobs.unlink()
        self._finish_stalled()
        self.assertEqual(self.handed_out.state, "done")
        self.assertTrue(all(self.shards.mapped("error")))
        self.assertEqual(self._snapshot(), self.plain)

    def test_a_finish_that_died_is_made_up_for(self):
        for job in self.jobs:
            self._work_off(job)
        self._finish_stalled()
        self.assertEqual(self.handed_out.state, "running")
        self.handed_out._get_jobs().state = "failed"
        self._finish_stalled()
        self.assertRecordValues(
            self.handed_out,
            [{"state": "done", "failed_shard_count": 0, "profile_count": CUSTOMERS}],
        )

    def test_a_rescue_that_fails_is_told_on_its_run_and_holds_up_nothing(self):
        self.jobs.unlink()
        with self._failing(ValueError("Boom")):
            self._finish_stalled()
        self.assertRecordValues(self.handed_out, [{"state": "failed", "error": "Boom"}])

    def test_the_scheduled_job_begins_with_the_rescue(self):
        self.jobs.unlink()
        with self.enter_registry_test_mode(), mute_logger(LOGGER):
            self.env.ref("crm_lifecycle.ir_cron_run").method_direct_trigger()
        self.assertEqual(self.handed_out.state, "done")

    def test_another_run_does_not_bury_a_shard_that_waits(self):
        self._set_progress(31)
        self.shards[0].date_progress = fields.Datetime.now()
        self.env["crm.lifecycle.run"]._fail_stale_runs(self.company)
        self.assertEqual(self.handed_out.state, "running")
        self.assertEqual(set(self.shards.mapped("state")), {"running"})

    def test_another_run_does_not_begin_while_shards_wait(self):
        with self.assertRaisesRegex(RunUnderWay, "is under way since"):
            self._run()
        self.assertEqual(self.handed_out.state, "running")

    def test_a_job_that_works_keeps_the_run_alive_however_long_it_takes(self):
        self._set_progress(31)
        with sql_db.db_connect(self.env.cr.dbname).cursor() as worker:
            locks.try_lock(worker, locks.SHARD, self.company.id, shared=True)
            self._finish_stalled()
            self.assertEqual(self.handed_out.state, "running")
            locks.unlock(worker, locks.SHARD, self.company.id, shared=True)

    def test_jobs_whose_processes_died_are_made_up_for_at_once(self):
        self.jobs.state = "started"
        self._finish_stalled()
        self.assertRecordValues(
            self.handed_out, [{"state": "done", "failed_shard_count": 3}]
        )
        self.assertEqual(self._snapshot(), self.plain)

    def test_another_run_marks_one_whose_jobs_are_gone(self):
        self.jobs.unlink()
        self.env["crm.lifecycle.run"]._fail_stale_runs(self.company)
        self.assertEqual(self.handed_out.state, "failed")

    def test_uninstalling_leaves_the_work_to_the_next_run(self):
        uninstall_hook(self.env)
        self.assertEqual(self.handed_out.state, "failed")
        self.assertEqual(set(self.jobs.mapped("state")), {"cancelled"})
        self.assertTrue(self.env["crm.lifecycle"]._has_pending_customers(self.company))
        self._run(TODAY)
        self.assertEqual(self._snapshot(), self.plain)
