"""Runs as of future days are refused; wrong runs are voided."""

from datetime import date, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from ..run import phases
from ..run.session import Session
from .common import TODAY, LifecycleCase

AHEAD = TODAY + timedelta(days=400)
NEXT = TODAY + timedelta(days=1)


@tagged("post_install", "-at_install")
class TestRunDay(LifecycleCase):
    """The clock of the database and the company's time zone determine the day."""

    can_look_ahead = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.company._get_database_today()
        cls.tomorrow = cls.today + timedelta(days=1)

    def _assert_refused(self, call, *args, **kwargs):
        with self.assertRaisesRegex(UserError, "by the clock of the database it is"):
            call(*args, **kwargs)

    def test_a_run_of_a_day_to_come_is_refused(self):
        runs = self.env["crm.lifecycle.run"].search_count([])
        for day in (self.tomorrow, self.today + timedelta(days=400), date.max):
            for kind in ({}, {"quick": True}, {"full": True}):
                self._assert_refused(self._run, day, **kind)
        self.assertEqual(self.env["crm.lifecycle.run"].search_count([]), runs)
        self.assertEqual(self._run(self.today).state, "done")

    def test_a_server_whose_clock_is_ahead_runs_nothing(self):
        with freeze_time("2060-01-01 12:00"):
            self._assert_refused(self._run, None)
            with self.assertRaisesRegex(UserError, "can't be replayed"):
                day = self.company._lifecycle_today()
                self.env["crm.lifecycle"]._replay(self.company, TODAY, day)

    def test_the_day_is_that_of_the_company(self):
        self.company.lifecycle_tz = "Pacific/Kiritimati"  # 14 hours ahead
        east = self.company._get_database_today()
        self.company.lifecycle_tz = "Etc/GMT+12"  # 12 hours behind
        self.assertEqual((east - self.company._get_database_today()).days, 1)
        self._assert_refused(self._run, east)

    def test_a_preview_may_look_ahead(self):
        found = self.env["crm.lifecycle"]._preview(
            self.company, self.lifecycle, self.tomorrow + timedelta(days=400)
        )
        self.assertFalse(found["moves"])


@tagged("post_install", "-at_install")
class TestRunVoid(LifecycleCase):
    """A run 400 days ahead has moved three customers to the lost stage."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._rule(cls.engaged, [("open_lead_count", ">", 0)], cls.prospect)
        cls._rule(cls.lost, [("first_seen_date", "<=", "today -30d")], cls.engaged)
        cls.env["crm.lifecycle.tag"].create(
            {
                "name": "Old",
                "code": "old",
                "lifecycle_id": cls.lifecycle.id,
                "domain": "[('first_seen_date', '<=', 'today -60d')]",
            }
        )
        cls.partners = cls.env["res.partner"]
        for name in ("Ada", "Bob", "Cid"):
            cls.partners |= cls._partner(name)
            cls._lead(partner_id=cls.partners[-1:].id, days_ago=3)
        cls._run()
        cls.profiles = cls._profile_of(cls.partners)

    @classmethod
    def _profile_of(cls, partners):
        return cls.env["crm.lifecycle.profile"].search(
            [("partner_id", "in", partners.ids)], order="partner_id"
        )

    def _void(self, run, user=None):
        wizard = (
            self.env["crm.lifecycle.run.void"]
            .with_user(user or self.manager)
            .create({"run_id": run.id, "reason": "The clock was wrong"})
        )
        self.env.flush_all()
        wizard.action_void()
        self.env.invalidate_all()

    def _digest(self):
        """Return everything that rules and staff see of the customers."""
        return [
            (
                profile.partner_id,
                profile.stage_id,
                profile.stage_date,
                profile.lifecycle_id,
                profile.follow_up_date,
                profile.review_date,
                profile.open_lead_count,
                profile.tag_ids.mapped("code"),
                profile.active,
            )
            for profile in self._profile_of(self.partners)
        ]

    def _real_moves(self):
        return [
            (row.profile_id, row.from_stage_id, row.to_stage_id, row.date, row.origin)
            for row in self.env["crm.lifecycle.history"].search(
                [("company_id", "=", self.company.id), ("is_voided", "!=", True)],
                order="profile_id, id",
            )
        ]

    def _after_control(self, work=lambda: None):
        """Return the result of a run on the next day without the wrong run."""
        with self.env.cr.savepoint() as savepoint:
            work()
            self._run(NEXT)
            found = self._digest(), self._real_moves()
            savepoint.rollback()
        self.env.invalidate_all()
        return found

    def test_the_next_run_leaves_what_it_would_have_left(self):
        self.lost.follow_up_days = self.engaged.follow_up_days = 20
        expected = self._after_control()
        run = self._run(AHEAD)
        self.assertEqual(self.profiles.stage_id, self.lost)
        self.assertEqual(set(self.profiles.tag_ids.mapped("code")), {"old"})
        with self.assertRaisesRegex(UserError, "brought up to"):
            self._run(NEXT)
        before = len(self.profiles.history_ids)
        self._void(run)
        self.assertEqual(self.profiles.stage_id, self.engaged)
        self.assertEqual(set(self.profiles.mapped("stage_date")), {TODAY})
        self.assertEqual(len(self.profiles.history_ids), before + 3)
        again = self._run(NEXT)
        self.assertEqual(again.kind, "full")
        self.assertEqual((self._digest(), self._real_moves()), expected)
        self.assertEqual(self._run(NEXT).kind, "changes")

    def test_the_same_holds_for_quick_runs_and_shards(self):
        expected = self._after_control()
        run = self.env["crm.lifecycle.run"]._start(self.company, AHEAD)
        phases.collect_changes(Session(run))
        for shard in run._create_shards(2):
            shard._execute()
        run._finish()
        self.assertEqual(self.profiles.stage_id, self.lost)
        with self.assertRaisesRegex(UserError, "Void the whole run"):
            run.child_ids[0].action_void()
        self.profiles._mark_pending(review=True)
        quick = self._run(AHEAD, quick=True)
        self._void(quick)
        self._void(run)
        self._run(NEXT)
        self.assertEqual((self._digest(), self._real_moves()), expected)

    def test_a_run_of_the_same_day_is_taken_up_again(self):
        """Rules may move customers back on the day of the voided moves."""
        run = self._run(NEXT, full=True)
        self.profiles.write({"stage_id": self.prospect.id})
        self.profiles._mark_pending(review=True)
        run = self._run(NEXT, quick=True)
        self.assertEqual(self.profiles.stage_id, self.engaged)
        self._void(run)
        self.assertEqual(self.profiles.stage_id, self.prospect)
        self.assertTrue(self.env["crm.lifecycle"]._is_run_due(self.company))
        self._run(NEXT)
        self.assertEqual(self.profiles.stage_id, self.engaged)

    def test_customers_that_a_run_has_brought_in_leave_again(self):
        partner = self._partner("Dot")
        lead = self._lead(partner_id=partner.id)
        run = self._run(AHEAD)
        profile = self._profile(partner)
        self.assertEqual(profile.stage_id, self.lost)
        self._void(run)
        self.assertFalse(profile.stage_id or profile.stage_date or profile.lifecycle_id)
        self._run(NEXT)
        self.assertEqual(profile.stage_id, self.engaged)
        self.assertEqual(profile.stage_date, NEXT)
        self.assertTrue(lead)

    def test_customers_who_were_moved_since_stay_and_are_named(self):
        run = self._run(AHEAD)
        ada, bob, cid = self.profiles
        ada.with_user(self.manager).write({"stage_id": self.customer.id})
        stay = ada.stage_date
        self._void(run)
        self.assertEqual(ada.stage_id, self.customer)
        self.assertEqual(ada.stage_date, stay)
        self.assertEqual((bob | cid).stage_id, self.engaged)
        self.assertIn("Ada", run.void_account)
        self.assertNotIn("Bob", run.void_account)
        self.assertIn("2 customers are back", run.void_account)
        self.assertFalse(any(ada.history_ids.mapped("is_voided")))

    def test_no_playbook_comes_of_it_and_what_was_done_is_counted(self):
        plan = self.env["mail.activity.plan"].create(
            {"name": "Farewell", "res_model": "crm.lifecycle.profile"}
        )
        self.env["mail.activity.plan.template"].create(
            {"plan_id": plan.id, "summary": "Call", "responsible_type": "on_demand"}
        )
        self.lost.activity_plan_id = self.engaged.activity_plan_id = plan
        run = self._run(AHEAD)
        waiting = self.profiles.history_ids.filtered(lambda row: not row.processed_at)
        self.assertEqual(len(waiting), 3)
        self.env["crm.lifecycle.playbook.log"]._process_move(waiting[0].id)
        done = waiting[0].playbook_log_ids.filtered(lambda step: step.state == "done")
        self._void(run)
        self.assertTrue(all(self.profiles.history_ids.mapped("processed_at")))
        if done:
            self.assertIn("can't be undone", run.void_account)

    def test_follow_ups_planned_too_early_are_planned_again(self):
        self.lifecycle.rule_ids.filtered(
            lambda rule: rule.to_stage_id == self.lost
        ).active = False
        self.engaged.write({"follow_up_days": 20, "follow_up_since": "2026-01-01"})
        partner = self._partner("Dot", user_id=self.salesperson.id)
        self._lead(partner_id=partner.id)
        self._run(NEXT)
        profile = self._profile(partner)
        run = self._run(AHEAD)
        Log = self.env["crm.lifecycle.playbook.log"]
        Log._follow_up(profile.id)
        step = Log.search([("profile_id", "=", profile.id), ("kind", "=", "follow_up")])
        self.assertEqual(step.state, "done")
        self._void(run)
        self.assertIn("1 follow-ups were planned too early", run.void_account)
        step.activity_id.unlink()
        day = self._run(profile.follow_up_date)
        self.assertIn(profile.id, day._get_due_follow_ups())

    def test_time_in_stages_goes_on(self):
        run = self._run(AHEAD)
        self._void(run)
        stays = self.env["crm.lifecycle.stage.duration"].search(
            [("profile_id", "=", self.profiles[0].id)]
        )
        by_stage = {stay.stage_id: stay for stay in stays}
        self.assertNotIn(self.lost, by_stage)
        self.assertEqual(by_stage[self.engaged].entry_count, 1)
        self.assertTrue(by_stage[self.engaged].is_current)
        self.assertFalse(by_stage[self.engaged].date_exited)

    def test_who_voided_it_and_why_is_kept(self):
        run = self._run(AHEAD)
        self._void(run)
        self.assertRecordValues(
            run,
            [
                {
                    "state": "void",
                    "void_reason": "The clock was wrong",
                    "void_user_id": self.manager.id,
                    "watermark": False,
                }
            ],
        )
        with self.assertRaisesRegex(UserError, "voided already"):
            run.with_user(self.manager).action_void()

    def test_only_administrators_of_the_company_void(self):
        run = self._run(AHEAD)
        for user in (self.salesperson, self.leader):
            with self.assertRaises(AccessError):
                self._void(run, user)
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self._user("stranger", "sales_team.group_sale_manager")
        stranger.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        with self.assertRaises(AccessError):
            self._void(run, stranger)
        self.assertEqual(run.state, "done")

    def test_a_run_under_way_is_not_voided(self):
        run = self._run(AHEAD)
        run.state = "running"
        Run = self.registry["crm.lifecycle.run"]
        with (
            patch.object(Run, "_is_under_way", lambda *args: True),
            self.assertRaisesRegex(UserError, "still under way"),
        ):
            run.action_void()

    def test_moves_of_before_the_history_had_runs_are_found(self):
        run = self._run(AHEAD)
        run.date_end = fields.Datetime.now() + timedelta(minutes=1)
        run.date_start = "2026-01-01"
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_lifecycle_history SET run_id = NULL WHERE run_id = %s", [run.id]
        )
        self.env.invalidate_all()
        self._void(run)
        self.assertEqual(self.profiles.stage_id, self.engaged)
