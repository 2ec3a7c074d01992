from odoo import sql_db
from odoo.tests import tagged

from .. import locks
from ..run import phases
from ..run.session import Session
from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestRunShard(LifecycleCase):
    """A run in shards has the same result as a run in one piece."""

    def setUp(self):
        super().setUp()
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        self.partners = self.env["res.partner"]
        for index in range(9):
            self.partners |= self._partner(f"P{index}")
            self._lead(partner_id=self.partners[-1:].id)
        self.leads = self._lead(contact_name="A") | self._lead(contact_name="B")

    def _start(self):
        self.env.flush_all()
        run = self.env["crm.lifecycle.run"]._start(self.company, TODAY)
        phases.collect_changes(Session(run))
        return run

    def _state(self):
        """Return the stage and the moves of each customer, by subject."""
        profiles = self.env["crm.lifecycle.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        return {
            (profile.partner_id, profile.lead_id): (
                profile.stage_id.code,
                profile.open_lead_count,
                profile.review_date,
                self._moves(profile),
            )
            for profile in profiles
        }

    def test_shards_do_what_the_whole_does(self):
        with self.env.cr.savepoint() as savepoint:
            whole = self._run()
            expected, counts = self._state(), whole.read(["profile_count"])
            savepoint.rollback()
        self.env.invalidate_all()
        run = self._start()
        self.assertEqual(run._get_pending_count(), 11)
        shards = run._create_shards(3)
        for shard in shards:
            shard._execute()
            self.assertTrue(0 < shard.profile_count < 11)
        self.assertFalse(run._get_pending_count())
        run._finish()
        self.assertEqual(self._state(), expected)
        self.assertEqual(run.profile_count, counts[0]["profile_count"])
        self.assertRecordValues(
            run, [{"state": "done", "moved_count": 11, "created_count": 11}]
        )

    def test_what_a_shard_leaves_the_whole_does(self):
        run = self._start()
        first, second = run._create_shards(2)
        first._execute()
        second.write({"state": "failed", "error": "Power cut"})
        run._finish()
        self.assertEqual(len(self._state()), 11)
        self.assertTrue(all(state[0] for state in self._state().values()))
        self.assertEqual(run.state, "done")

    def test_a_run_of_many_shards_is_not_dead_while_one_of_them_works(self):
        """The lock decides, however long a statement of the shard takes."""
        run = self._start()
        shards = run._create_shards(2)
        (run | shards).date_progress = "2026-01-01"
        with sql_db.db_connect(self.env.cr.dbname).cursor() as worker:
            locks.try_lock(worker, locks.SHARD, self.company.id, shared=True)
            self.assertFalse(run._is_unfinished())
            run._fail_stale_runs(self.company)
            self.assertEqual(set((run | shards).mapped("state")), {"running"})
            locks.unlock(worker, locks.SHARD, self.company.id, shared=True)
        self.assertTrue(run._is_unfinished())
        run._fail_stale_runs(self.company)
        self.assertEqual(set((run | shards).mapped("state")), {"failed"})

    def test_the_first_run_is_quiet_in_shards_as_well(self):
        plan = self.env["mail.activity.plan"].create(
            {"name": "Welcome", "res_model": "crm.lifecycle.profile"}
        )
        self.engaged.activity_plan_id = plan
        run = self._start()
        for shard in run._create_shards(2):
            shard._execute()
        run._finish()
        self.assertFalse(
            self.env["crm.lifecycle.history"].search(
                [("company_id", "=", self.company.id), ("processed_at", "=", False)]
            )
        )
