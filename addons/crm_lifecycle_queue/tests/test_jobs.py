from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from odoo.addons.crm_lifecycle.run import refresh

from .common import CUSTOMERS, TODAY, QueueCase


@tagged("post_install", "-at_install")
class TestJobs(QueueCase):
    def test_jobs_leave_the_same_rows_as_a_plain_run(self):
        plain = self._snapshot_after(self._run)
        self.assertEqual(len(plain[0]), CUSTOMERS)
        self.assertEqual(len(plain[1]), CUSTOMERS)
        self.assertEqual(self._snapshot_after(self._run_by_jobs), plain)

    def test_the_day_after_leaves_the_same_rows_as_well(self):
        self._run()
        self._rule(self.risk, [("first_seen_date", "<=", "today -5d")])
        self.partners[1].opportunity_ids.action_set_lost()
        self.env["crm.lifecycle.pending"]._mark_pending(self.company, self.partners)
        self._set_parameter("threshold", 0)
        tomorrow = TODAY + timedelta(days=1)
        before = self._snapshot()
        plain = self._snapshot_after(lambda: self._run(tomorrow))
        self.assertNotEqual(before, plain)
        jobs = self._snapshot_after(lambda: self._run_by_jobs(tomorrow))
        self.assertEqual(jobs, plain)

    def test_every_shard_of_a_first_run_is_quiet(self):
        self._run_by_jobs()
        history = self.env["crm.lifecycle.history"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertTrue(history)
        self.assertTrue(all(history.mapped("processed_at")))

    def test_two_runs_by_jobs_do_the_work_once(self):
        self._run_by_jobs()
        before = self._snapshot()
        again = self._run_by_jobs(full=True)
        self.assertEqual(len(again.child_ids), 3)
        self.assertRecordValues(
            again, [{"created_count": 0, "refreshed_count": 0, "moved_count": 0}]
        )
        self.assertEqual(self._snapshot(), before)

    def test_a_shard_keeps_to_its_own_customers(self):
        run = self._hand_out()
        shard = run.child_ids.sorted("shard")[1]
        self._work_off(shard._get_jobs())
        profiles = self.env["crm.lifecycle.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertTrue(profiles)
        self.assertEqual(len(profiles), shard.profile_count)
        for profile in profiles:
            subject = profile.partner_id or profile.lead_id
            self.assertEqual(subject.id % 3, 1)
            self.assertTrue(profile.stage_id)

    def test_a_shard_is_queued_once(self):
        run = self._hand_out()
        shard = run.child_ids[0]
        before = shard.job_uuid
        shard._delay("_job_work_off", "Again")
        self.assertEqual(shard.job_uuid, before)
        self.assertEqual(run.job_count, 3)

    def test_a_job_that_comes_again_changes_nothing(self):
        run = self._hand_out()
        shard = run.child_ids[0]
        job = shard._get_jobs()
        self.assertEqual(self._work_off(job), "done")
        seen = shard.profile_count
        self.assertEqual(self._work_off(job), "done")
        self.assertEqual(shard.profile_count, seen)
        self._work_off_all()
        before = self._snapshot()
        for each in job | run._get_jobs():
            self.assertEqual(self._work_off(each), "done")
        self.assertEqual(self._snapshot(), before)
        self.assertEqual(run.profile_count, CUSTOMERS)

    def test_the_finish_is_queued_once_by_the_last_shard(self):
        run = self._hand_out()
        *others, last = run.child_ids._get_jobs()
        for job in others:
            self._work_off(job)
            self.assertFalse(run.job_uuid)
        self._work_off(last)
        finish = run._get_jobs()
        self.assertEqual(finish.state, "pending")
        self._work_off(others[0])
        self.assertEqual(run._get_jobs(), finish)
        self.assertEqual(run.job_count, 4)

    def test_a_job_that_was_killed_goes_on_where_it_stopped(self):
        plain = self._snapshot_after(self._run)
        refresh_batch, batches = refresh.refresh_batch, []

        def refresh_two_batches(session):
            batches.append(session)
            if len(batches) > 2:
                raise SystemExit
            return refresh_batch(session)

        run = self._hand_out()
        shard = run.child_ids.sorted("shard")[0]
        with (
            patch.object(refresh, "BATCH", 1),
            patch.object(refresh, "refresh_batch", refresh_two_batches),
            # Not assertRaises, which would roll the work back.
            suppress(SystemExit),
        ):
            self._work_off(shard._get_jobs())
        self.assertRecordValues(shard, [{"state": "running", "profile_count": 2}])
        self.assertEqual(shard.job_state, "started")
        # The job runner finds that no process holds the job's lock.
        shard._get_jobs().state = "pending"
        self._work_off_all()
        self.assertRecordValues(
            run,
            [{"state": "done", "failed_shard_count": 0, "profile_count": CUSTOMERS}],
        )
        self.assertEqual(self._snapshot(), plain)

    def test_a_failing_shard_does_not_hold_up_the_run(self):
        plain = self._snapshot_after(self._run)
        run = self._hand_out()
        shard = run.child_ids[1]
        with self._failing(ValueError("Boom")):
            self.assertEqual(self._work_off(shard._get_jobs()), "failed")
        self.assertRecordValues(shard, [{"state": "failed", "error": "Boom"}])
        self._work_off_all()
        self.assertRecordValues(
            run,
            [{"state": "done", "failed_shard_count": 1, "profile_count": CUSTOMERS}],
        )
        self.assertEqual(self._snapshot(), plain)

    def test_a_failed_shard_can_be_queued_again_before_the_finish(self):
        run = self._hand_out()
        shard = run.child_ids[0]
        with self._failing(ValueError("Boom")):
            self._work_off(shard._get_jobs())
        shard._get_jobs().requeue()
        self._work_off_all()
        self.assertRecordValues(shard, [{"state": "done", "error": False}])
        self.assertRecordValues(run, [{"state": "done", "failed_shard_count": 0}])

    def test_shards_that_all_fail_leave_the_work_to_the_finish(self):
        plain = self._snapshot_after(self._run)
        run = self._hand_out()
        with self._failing(ValueError("Boom")):
            for job in run.child_ids._get_jobs():
                self._work_off(job)
        self._work_off_all()
        self.assertRecordValues(run, [{"state": "done", "failed_shard_count": 3}])
        self.assertEqual(self._snapshot(), plain)

    def test_a_shard_that_fails_before_its_work_is_failed_as_well(self):
        run = self._hand_out()
        shard = run.child_ids[0]
        with self._worker() as env:
            shard.with_env(env)._job_work_off_failed(exc_message="No such job")
            env.cr.commit()
        self.assertRecordValues(shard, [{"state": "failed", "error": "No such job"}])

    def test_a_conflict_has_the_job_come_again(self):
        run = self._hand_out()
        shard = run.child_ids[0]
        with self._conflicting():
            self.assertEqual(self._work_off(shard._get_jobs()), "pending")
        self.assertRecordValues(shard, [{"state": "running", "error": False}])
        self.assertTrue(shard._get_jobs().eta)
        self._work_off_all()
        self.assertRecordValues(run, [{"state": "done", "failed_shard_count": 0}])

    def test_conflicts_without_end_fail_the_shard_alone(self):
        run = self._hand_out()
        shard = run.child_ids[0]
        job = shard._get_jobs()
        with self._conflicting():
            states = [self._work_off(job) for _try in range(job.max_retries)]
        self.assertEqual(states, ["pending"] * (job.max_retries - 1) + ["failed"])
        self._work_off_all()
        self.assertRecordValues(run, [{"state": "done", "failed_shard_count": 1}])
        self.assertIn("Max. retries", shard.error)

    def test_a_conflict_at_the_finish_has_it_come_again(self):
        run = self._hand_out()
        for job in run.child_ids._get_jobs():
            self._work_off(job)
        with self._conflicting():
            self.assertEqual(self._work_off(run._get_jobs()), "pending")
        self.assertEqual(run.state, "running")
        self._work_off_all()
        self.assertRecordValues(
            run, [{"state": "done", "error": False, "profile_count": CUSTOMERS}]
        )

    def test_a_finish_that_fails_is_told(self):
        run = self._hand_out()
        for job in run.child_ids._get_jobs():
            self._work_off(job)
        with self._failing(ValueError("Disk full")):
            self.assertEqual(self._work_off(run._get_jobs()), "failed")
        self.assertRecordValues(run, [{"state": "failed", "error": "Disk full"}])

    def test_jobs_work_for_whom_and_where_the_run_was_started(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        env = self.env(user=self.manager, su=True, context={"lang": "zh_CN"})
        run = self._hand_out(env=env)
        jobs = run.child_ids._get_jobs()
        self.assertEqual(jobs.company_id, self.company)
        self.assertEqual(jobs.user_id, self.manager)
        self.assertEqual(set(jobs.mapped("channel")), {"root.lifecycle"})
        for job in jobs:
            self.assertTrue(job.records.env.su)
            self.assertEqual(job.records.env.lang, "zh_CN")
            self.assertEqual(job.records.env.company, self.company)
        self._work_off_all()
        self.assertEqual(run.state, "done")

    def test_those_who_may_see_jobs_open_them_from_the_run(self):
        run = self._run_by_jobs()
        admin = self._user(
            "queenie", "sales_team.group_sale_manager,queue_job.group_queue_job_manager"
        )
        form = Form(run.with_user(admin))
        self.assertEqual(form.job_count, 4)
        jobs = self.env["queue.job"].with_user(admin)
        self.assertEqual(
            len(jobs.search(run.with_user(admin).action_open_jobs()["domain"])), 4
        )

    def test_a_manager_of_sales_sees_shards_but_no_jobs(self):
        run = self._run_by_jobs().with_user(self.manager)
        form = Form(run)
        self.assertEqual(len(form.child_ids), 3)
        self.assertNotIn("action_open_jobs", run.get_view()["arch"])
        with self.assertRaises(AccessError):
            run.env["queue.job"].check_access("read")

    def test_a_salesperson_sees_no_runs(self):
        run = self._run_by_jobs().with_user(self.salesperson)
        with self.assertRaises(AccessError):
            run.read(["job_state"])
        with self.assertRaises(AccessError):
            run.action_open_jobs()
