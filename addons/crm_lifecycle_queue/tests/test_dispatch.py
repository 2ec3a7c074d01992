from contextlib import closing

from odoo.sql_db import db_connect
from odoo.tests import tagged

from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID

from .common import CUSTOMERS, QueueCase


@tagged("post_install", "-at_install")
class TestHandOut(QueueCase):
    def test_a_big_run_is_handed_out_in_shards(self):
        run = self._hand_out()
        self.assertEqual(run.state, "running")
        self.assertRecordValues(
            run.child_ids.sorted("shard"),
            [
                {"shard": shard, "shard_count": 3, "job_state": "pending"}
                for shard in range(3)
            ],
        )
        self.assertFalse(self._profile(self.partners[0]))
        self._work_off_all()
        self.assertRecordValues(
            run,
            [
                {
                    "state": "done",
                    "profile_count": CUSTOMERS,
                    "created_count": CUSTOMERS,
                    "failed_shard_count": 0,
                    "job_state": "done",
                    "error": False,
                }
            ],
        )
        self.assertEqual(set(run.child_ids.mapped("state")), {"done"})
        self.assertEqual(run.moved_count, sum(run.child_ids.mapped("moved_count")))

    def test_as_many_customers_as_the_threshold_stay_with_the_run(self):
        for threshold, count in (
            (CUSTOMERS - 1, 3),
            (CUSTOMERS, 0),
            (CUSTOMERS + 1, 0),
        ):
            self._set_parameter("threshold", threshold)
            with self.subTest(threshold=threshold):
                run = self._run_by_jobs(full=True)
                self.assertEqual(len(run.child_ids), count)
                self.assertEqual(run.state, "done")

    def test_shards_are_of_the_size_that_is_set(self):
        for size, count in ((1, 9), (4, 3), (5, 2), (100, 2), (0, 9), (-1, 9)):
            self._set_parameter("shard_size", size)
            with self.subTest(size=size):
                run = self._run_by_jobs(full=True)
                self.assertEqual(len(run.child_ids), count)
                self.assertEqual(run.state, "done")

    def test_a_parameter_that_is_no_number_counts_for_the_default(self):
        self._set_parameter("threshold", "many")
        with self.assertLogs("odoo.addons.crm_lifecycle_queue", "WARNING"):
            run = self._hand_out()
        self.assertRecordValues(run, [{"state": "done", "child_ids": []}])

    def test_a_run_in_the_foreground_does_the_work_itself(self):
        self.assertRecordValues(self._run(), [{"state": "done", "child_ids": []}])

    def test_a_quick_run_does_the_work_itself(self):
        self._run()
        self.env["crm.lifecycle.pending"]._mark_pending(self.company, self.partners)
        self._set_parameter("threshold", 0)
        self.assertRecordValues(
            self._hand_out(quick=True), [{"state": "done", "child_ids": []}]
        )

    def test_without_a_job_runner_the_run_does_the_work_itself(self):
        self.assertRecordValues(
            self._hand_out(served=False), [{"state": "done", "child_ids": []}]
        )

    def test_a_job_runner_is_known_by_its_lock(self):
        """The test holds the lock itself, unless a job runner already does."""
        with closing(db_connect(self.env.cr.dbname).cursor()) as cr:
            cr.execute("SELECT pg_try_advisory_lock(%s)", [PG_ADVISORY_LOCK_ID])
            is_ours = cr.fetchone()[0]
            self.assertTrue(self.env["crm.lifecycle.run"]._is_queue_served())
            if is_ours:
                cr.execute("SELECT pg_advisory_unlock(%s)", [PG_ADVISORY_LOCK_ID])
                self.assertFalse(self.env["crm.lifecycle.run"]._is_queue_served())

    def test_a_run_with_nothing_to_do_stays_with_itself(self):
        run = self._run()
        self._set_parameter("threshold", 0)
        self.assertFalse(run._get_pending_count())
        self.assertFalse(run._get_shard_count())

    def test_the_schedule_leaves_a_company_alone_that_is_with_the_queue(self):
        Lifecycle = self.env["crm.lifecycle"]
        self._hand_out(self.company._lifecycle_today())
        self.lifecycle.activation_date = "2040-01-01"
        self.assertFalse(Lifecycle._is_run_due(self.company))
        self.assertFalse(Lifecycle._has_pending_customers(self.company))
        self._work_off_all()
        self.assertTrue(Lifecycle._is_run_due(self.company))
        self.env["crm.lifecycle.pending"]._mark_pending(self.company, self.partners)
        self.assertTrue(Lifecycle._has_pending_customers(self.company))

    def test_the_end_of_a_run_wakes_the_schedule(self):
        run = self._hand_out()
        Trigger = self.env["ir.cron.trigger"]
        cron = self.env.ref("crm_lifecycle.ir_cron_run")
        Trigger.search([("cron_id", "=", cron.id)]).unlink()
        for job in run.child_ids._get_jobs():
            self._work_off(job)
        self.assertFalse(Trigger.search([("cron_id", "=", cron.id)]))
        self._work_off_all()
        self.assertTrue(Trigger.search([("cron_id", "=", cron.id)]))

    def test_another_company_is_not_held_up(self):
        Lifecycle = self.env["crm.lifecycle"]
        other = self.env["res.company"].create({"name": "Other"})
        Pending = self.env["crm.lifecycle.pending"]
        self._hand_out()
        Pending._mark_pending(other, self.partners)
        self.assertTrue(Lifecycle._is_run_due(other))
        self.assertTrue(Lifecycle._has_pending_customers(other))
        self._work_off_all()
        self.assertFalse(
            self.env["crm.lifecycle.profile"].search([("company_id", "=", other.id)])
        )
        self.assertEqual(
            Pending.search_count([("company_id", "=", other.id)]), len(self.partners)
        )
