from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..moves import Move, MoveService
from .common import TODAY, LifecycleCase

DAY = timedelta(days=1)
HOLD = timedelta(days=7)


class HoldCase(LifecycleCase):
    """The day is `TODAY`, and a rule moves every prospect with a lead on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.lifecycle_hold_days = 7
        cls.today = TODAY
        cls.classPatch(type(cls.company), "_lifecycle_today", lambda company: cls.today)
        cls.rule = cls._rule(
            cls.engaged, [("open_lead_count", ">", 0)], cls.prospect, name="Has a lead"
        )
        cls.ada = cls._customer("Ada")
        assert cls.ada.stage_id == cls.engaged

    def _pass_days(self, days, **kwargs):
        """Run as of some days after today."""
        return self._run(self.today + days * DAY, **kwargs)

    def _move(self, stage=None, profile=None, user=None):
        """Move a customer by hand."""
        profile = self.ada if profile is None else profile
        profile.with_user(user or self.salesperson).write(
            {"stage_id": (stage or self.prospect).id}
        )

    def _last(self, profile=None):
        return (profile or self.ada).history_ids.sorted("id")[-1]


@tagged("post_install", "-at_install")
class TestHold(HoldCase):
    # ------------------------------------------------------------
    # How long
    # ------------------------------------------------------------

    def test_seven_days_are_the_default_of_a_company(self):
        company = self.env["res.company"].create({"name": "New"})
        self.assertEqual(company.lifecycle_hold_days, 7)

    def test_the_hold_has_bounds(self):
        for days in (-1, 367):
            with self.assertRaises(ValidationError):
                self.company.lifecycle_hold_days = days
        for days in (0, 366):
            self.company.lifecycle_hold_days = days

    def test_the_settings_change_the_hold(self):
        with Form(self.env["res.config.settings"]) as settings:
            self.assertEqual(settings.lifecycle_hold_days, 7)
            settings.lifecycle_hold_days = 3
        settings.record.execute()
        self.assertEqual(self.company.lifecycle_hold_days, 3)
        self._move()
        self.assertEqual(self.ada.held_until, TODAY + 3 * DAY)

    def test_what_staff_set_holds_over_several_runs_and_then_the_rule_applies(self):
        self._move()
        self.assertEqual(self.ada.held_until, TODAY + HOLD)
        self.ada._mark_pending(review=True)
        for days, options in [
            (0, {"quick": True}),
            (0, {}),
            (0, {"full": True}),
            (1, {}),
            (5, {"full": True}),
            (6, {}),
        ]:
            with self.subTest(days=days, options=options):
                self.assertEqual(self._pass_days(days, **options).moved_count, 0)
                self.assertEqual(self.ada.stage_id, self.prospect)
        self.assertEqual(self.ada.review_date, TODAY + HOLD)
        self.assertEqual(self._pass_days(7).moved_count, 1)
        self.assertEqual(self.ada.stage_id, self.engaged)
        self.assertFalse(self.ada.held_until)
        self.assertEqual(self._pass_days(8).moved_count, 0)

    def test_a_changed_fact_does_not_end_the_hold(self):
        self._move()
        for days in (1, 6):
            self._lead(partner_id=self.ada.partner_id.id)
            self._pass_days(days)
            self.assertEqual(self.ada.stage_id, self.prospect)
            self.assertEqual(self.ada.review_date, TODAY + HOLD)

    def test_a_company_that_runs_late_applies_the_rule_late(self):
        self._move()
        self.assertEqual(self._pass_days(9).moved_count, 1)
        self.assertEqual(self._last().hold_days, 7)

    def test_without_a_hold_the_rule_applies_the_next_day(self):
        self.company.lifecycle_hold_days = 0
        self._move()
        self.assertFalse(self.ada.held_until)
        self.assertEqual(self._pass_days(0).moved_count, 0)
        self.assertEqual(self._pass_days(1).moved_count, 1)
        self.assertFalse(self._last().hold_days)

    def test_a_changed_setting_applies_to_later_moves(self):
        self._move()
        self.company.lifecycle_hold_days = 0
        self.assertEqual(self._pass_days(1).moved_count, 0)
        self.assertEqual(self.ada.held_until, TODAY + HOLD)

    def test_another_company_has_its_own_hold(self):
        other = self.env["res.company"].create(
            {"name": "Other", "lifecycle_tz": "UTC", "lifecycle_hold_days": 2}
        )
        self.env.user.company_ids |= other
        self.lifecycle.company_id = False
        profiles = self.ada | self.env["crm.lifecycle.profile"].create(
            {"partner_id": self._partner("Bob", company_id=False).id}
        )
        theirs = (
            self.env["crm.lifecycle.profile"]
            .with_company(other)
            .create(
                {
                    "partner_id": profiles[1].partner_id.id,
                    "company_id": other.id,
                    "is_manual": True,
                }
            )
        )
        both = self.ada | theirs
        both.with_context(allowed_company_ids=(self.company | other).ids).write(
            {"stage_id": self.customer.id}
        )
        self.assertEqual(self.ada.held_until, TODAY + HOLD)
        self.assertEqual(theirs.held_until, TODAY + 2 * DAY)

    # ------------------------------------------------------------
    # Which moves are held
    # ------------------------------------------------------------

    def test_every_way_to_move_by_hand_holds(self):
        Move = self.env["crm.lifecycle.profile.move"].with_user(self.salesperson)
        Move = Move.with_context(
            active_model="crm.lifecycle.profile", active_ids=self.ada.ids
        )
        vals = {"stage_id": self.prospect.id, "reason": "No"}
        ways = {
            "write": self._move,
            "wizard": lambda: Move.create(vals).action_move(),
            "left out": lambda: Move.create(
                {**vals, "is_refused_left_out": True}
            ).action_move(),
            "API": lambda: self.ada.action_move("prospect", "No"),
            "many": lambda: self.ada._move_some(self.prospect),
        }
        for name, move in ways.items():
            with self.subTest(way=name):
                self.ada._lifecycle_move(self.engaged, origin="rule", as_of=TODAY)
                self.assertFalse(self.ada.held_until)
                move()
                self.assertEqual(self.ada.stage_id, self.prospect)
                self.assertEqual(self.ada.held_until, TODAY + HOLD)

    def test_moves_by_others_are_not_held_and_end_the_hold(self):
        for origin in ("rule", "import", "replay", "merge", "convert"):
            for quiet in (False, True):
                with self.subTest(origin=origin, quiet=quiet):
                    self._move(self.customer)
                    self.assertTrue(self.ada.held_until)
                    self.ada._lifecycle_move(
                        self.prospect, origin=origin, as_of=TODAY, quiet=quiet
                    )
                    self.assertFalse(self.ada.held_until)

    def test_entering_the_lifecycle_is_no_choice_of_a_stage(self):
        profile = (
            self.env["crm.lifecycle.profile"]
            .with_user(self.salesperson)
            .create({"partner_id": self._partner("Bob").id})
        )
        self.assertEqual(profile.stage_id, self.prospect)
        self.assertFalse(profile.held_until)

    def test_a_customer_added_into_a_stage_is_held_there(self):
        profile = self.env["crm.lifecycle.profile"].create(
            {"partner_id": self._partner("Bob").id, "stage_id": self.customer.id}
        )
        self.assertEqual(profile.held_until, TODAY + HOLD)

    def test_a_quiet_move_by_hand_is_held_too(self):
        self.ada._lifecycle_move(self.prospect, origin="manual", quiet=True)
        self.assertEqual(self.ada.held_until, TODAY + HOLD)

    def test_passing_through_stages_holds_in_the_last_one(self):
        self.lifecycle.skip_policy = "fill"
        bob = self.env["crm.lifecycle.profile"].create(
            {"partner_id": self._partner("Bob").id}
        )
        self._move(self.customer, bob)
        self.assertEqual(bob.held_until, TODAY + HOLD)

    def test_the_hold_is_not_written_by_hand(self):
        with self.assertRaisesRegex(UserError, "Held Until"):
            self.ada.with_user(self.manager).held_until = TODAY

    def test_a_second_move_by_hand_begins_a_new_hold(self):
        self._move()
        type(self).today = TODAY + 5 * DAY
        self.addCleanup(setattr, type(self), "today", TODAY)
        self._move(self.lost)
        self.assertEqual(self.ada.held_until, TODAY + 12 * DAY)
        self._rule(self.risk, [("open_lead_count", ">", 0)], self.lost)
        for days, moved in [(6, 0), (7, 0), (11, 0), (12, 1)]:
            self.assertEqual(self._run(TODAY + days * DAY).moved_count, moved)

    def test_a_refused_move_leaves_the_hold_as_it_is(self):
        self._move()
        type(self).today = TODAY + DAY
        self.addCleanup(setattr, type(self), "today", TODAY)
        self.lifecycle.skip_policy = "forbid"
        with self.assertRaisesRegex(UserError, "Customer"):
            self._move(
                self.env["crm.lifecycle.stage"].create(
                    {
                        "name": "Loyal",
                        "code": "loyal",
                        "category": "loyal",
                        "sequence": 10,
                        "lifecycle_id": self.lifecycle.id,
                    }
                )
            )
        self.assertEqual(self.ada.held_until, TODAY + HOLD)
        self._move(self.risk)
        self.lifecycle.regress_policy = "decision"
        type(self).today = TODAY + 2 * DAY
        with self.assertRaisesRegex(UserError, "decide first"):
            self._move(self.engaged)
        self.assertEqual(self.ada.stage_id, self.risk)
        self.assertEqual(self.ada.held_until, TODAY + DAY + HOLD)

    # ------------------------------------------------------------
    # Together with other things
    # ------------------------------------------------------------

    def test_a_pin_and_a_hold_end_with_the_later_one(self):
        for pinned, first in [(3, 7), (6, 7), (7, 8), (20, 21)]:
            with self.subTest(pinned=pinned), self.env.cr.savepoint() as savepoint:
                self._move()
                self.ada.pinned_until = TODAY + pinned * DAY
                self.assertEqual(self._pass_days(first - 1).moved_count, 0)
                self.assertEqual(self._pass_days(first).moved_count, 1)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_the_first_of_two_rules_applies_at_the_end(self):
        self._rule(self.lost, [("open_lead_count", ">", 0)], self.prospect)
        self.rule.sequence = 99
        self.env.invalidate_all()
        self._move()
        self._pass_days(7)
        self.assertEqual(self.ada.stage_id, self.lost)
        self.assertEqual(self._last().hold_days, 7)

    def test_a_rule_that_the_lifecycle_refuses_at_the_end_moves_nobody(self):
        self.lifecycle.regress_policy = "decision"
        self._rule(self.lost, [("open_lead_count", ">", 0)], self.risk)
        self._move(self.risk)
        for days in (7, 8):
            self._pass_days(days)
            self.assertEqual(self.ada.stage_id, self.risk)
        self.ada.decision = "let_go"
        self._pass_days(9)
        self.assertEqual(self.ada.stage_id, self.lost)
        # It was the decision that the rule waited for.
        self.assertFalse(self._last().hold_days)

    def test_a_rule_that_matches_later_did_not_wait_for_the_hold(self):
        self._rule(self.lost, [("first_seen_date", "<=", "today -9d")], self.customer)
        self._move(self.customer)
        for days, moved in [(7, 0), (8, 0), (9, 1)]:
            self.assertEqual(self._pass_days(days).moved_count, moved)
        self.assertFalse(self._last().hold_days)

    def test_objectors_stay_when_the_hold_ends(self):
        self._move()
        self.ada.partner_id.lifecycle_objection_date = TODAY
        self._pass_days(7)
        self.assertEqual(self.ada.stage_id, self.prospect)

    def test_another_lifecycle_waits_for_the_hold_as_well(self):
        other = self.lifecycle.copy({"sequence": -1})
        other.write({"state": "active", "activation_date": "2026-01-01"})
        self._move()
        self.assertEqual(self._pass_days(6).moved_count, 0)
        self.assertEqual(self.ada.lifecycle_id, self.lifecycle)
        self._pass_days(7)
        self.assertEqual(self.ada.lifecycle_id, other)

    def test_a_transfer_by_hand_is_held(self):
        other = self.lifecycle.copy({"sequence": 99})
        other.write({"state": "active", "activation_date": "2026-01-01"})
        self.ada._lifecycle_transfer(other, "They asked")
        self.assertEqual(self.ada.held_until, TODAY + HOLD)
        self._pass_days(6)
        self.assertEqual(self.ada.lifecycle_id, other)
        self._pass_days(7)
        self.assertEqual(self.ada.lifecycle_id, self.lifecycle)

    def test_previews_and_comparisons_leave_held_customers_where_they_are(self):
        self._move()
        Lifecycle = self.env["crm.lifecycle"]
        for days, count in [(6, 0), (7, 1)]:
            preview = Lifecycle._preview(
                self.company, self.lifecycle, TODAY + days * DAY
            )
            self.assertEqual(sum(row[-1] for row in preview["moves"]), count)
            copied = self.lifecycle.copy()
            found = Lifecycle._compare(
                self.company, self.lifecycle, copied, [], TODAY + days * DAY
            )
            self.assertEqual(sum(found["matrix"].values()), 1)
        self.assertEqual(self.ada.held_until, TODAY + HOLD)

    def test_a_replay_leaves_held_customers_where_they_are(self):
        self._move()
        self.env["crm.lifecycle"]._replay(self.company, TODAY - 30 * DAY, TODAY, "week")
        self.assertEqual(self.ada.stage_id, self.prospect)
        self.assertEqual(self.ada.held_until, TODAY + HOLD)

    def test_a_voided_run_gives_the_hold_and_the_decision_back(self):
        self._rule(self.lost, [("decision", "=", "let_go")], self.risk)
        self._move(self.risk)
        self.ada.decision = "let_go"
        run = self._pass_days(8)
        self.assertEqual(self.ada.stage_id, self.lost)
        self.assertFalse(self.ada.decision)
        run._void("Wrong")
        self.env.invalidate_all()
        self.assertRecordValues(
            self.ada,
            [
                {
                    "stage_id": self.risk.id,
                    "decision": "let_go",
                    "held_until": TODAY + HOLD,
                }
            ],
        )
        self._pass_days(8)
        self.assertEqual(self.ada.stage_id, self.lost)
        self.assertEqual(self._last().hold_days, 7)

    def test_voiding_a_run_does_not_move_who_was_moved_by_hand_since(self):
        run = self._run(TODAY + DAY, full=True)
        self._move()
        run._void("Wrong")
        self.env.invalidate_all()
        self.assertEqual(self.ada.stage_id, self.prospect)
        self.assertEqual(self.ada.held_until, TODAY + HOLD)

    def test_an_import_that_corrects_the_date_keeps_hold_and_decision(self):
        self._move(self.risk)
        self.ada.decision = "reinvest"
        move = Move(
            stage=self.risk,
            origin="import",
            days={self.ada.id: TODAY - 30 * DAY},
            quiet=True,
        )
        MoveService(self.env).correct_date(self.ada, move)
        self.env.invalidate_all()
        self.assertEqual(self.ada.stage_date, TODAY - 30 * DAY)
        self.assertEqual(self.ada.held_until, TODAY + HOLD)
        self.assertEqual(self.ada.decision, "reinvest")

    # ------------------------------------------------------------
    # Merges and conversions
    # ------------------------------------------------------------

    def test_a_merged_customer_keeps_the_hold_of_its_stage(self):
        bob = self._customer("Bob")
        self._move()
        self.ada._merge_from(bob)
        self.assertEqual(self.ada.stage_id, self.prospect)
        self.assertEqual(self.ada.held_until, TODAY + HOLD)

    def test_the_hold_of_another_stage_ends_with_a_merge(self):
        bob = self._customer("Bob")
        self._move()
        bob._merge_from(self.ada)
        self.assertEqual(bob.stage_id, self.engaged)
        self.assertFalse(bob.held_until)

    def test_the_hold_of_the_same_stage_survives_a_merge(self):
        bob = self._customer("Bob")
        bob._lifecycle_move(
            self.prospect, origin="rule", as_of=TODAY - 60 * DAY, quiet=True
        )
        self._move()
        bob._merge_from(self.ada)
        bob._mark_pending(review=True)
        self.assertEqual(bob.held_until, TODAY + HOLD)
        self._pass_days(6)
        self.assertEqual(bob.stage_id, self.prospect)
        self._pass_days(7)
        self.assertEqual(bob.stage_id, self.engaged)
        # The days of the hold, not those of the longer stay.
        self.assertEqual(self._last(bob).hold_days, 7)

    def test_a_customer_without_a_stage_takes_the_hold_with_the_stage(self):
        self.lifecycle.domain = "[('partner_id.name', '=', 'Ada')]"
        bob = self.env["crm.lifecycle.profile"].create(
            {"partner_id": self._partner("Bob").id}
        )
        self.assertFalse(bob.stage_id)
        self._move(self.risk)
        self.ada.decision = "reinvest"
        bob._merge_from(self.ada)
        self.assertEqual(bob.stage_id, self.risk)
        self.assertEqual(bob.held_until, TODAY + HOLD)
        self.assertEqual(bob.decision, "reinvest")

    def test_a_lead_that_gets_a_customer_stays_held(self):
        lead = self._lead()
        self._run()
        profile = self._profile(lead)
        self.assertEqual(profile.stage_id, self.engaged)
        self._move(self.prospect, profile)
        lead.partner_id = self._partner("Bob")
        profile = self._profile(lead.partner_id)
        self.assertEqual(profile.stage_id, self.prospect)
        self.assertEqual(profile.held_until, TODAY + HOLD)
        self._pass_days(6)
        self.assertEqual(profile.stage_id, self.prospect)

    # ------------------------------------------------------------
    # The decision
    # ------------------------------------------------------------

    def test_a_decision_is_forgotten_with_its_stage(self):
        for quiet in (False, True):
            for stage in (self.customer, self.risk):
                with self.subTest(stage=stage.code, quiet=quiet):
                    self.ada._lifecycle_move(self.engaged, origin="rule", as_of=TODAY)
                    self.ada.decision = "reinvest"
                    self.ada._lifecycle_move(stage, origin="manual", quiet=quiet)
                    self.assertFalse(self.ada.decision)
                    self.assertEqual(self._last().decision, "reinvest")

    def test_a_decision_allows_one_way_back_only(self):
        self.lifecycle.regress_policy = "decision"
        self._move(self.risk)
        self.ada.decision = "reinvest"
        self._move(self.engaged)
        self._move(self.risk)
        with self.assertRaisesRegex(UserError, "decide first"):
            self._move(self.engaged)


@tagged("post_install", "-at_install")
class TestHoldNotice(HoldCase):
    """What users are told about rules that wait for the end of the hold."""

    def _notice(self, profiles=None):
        return (
            (self.ada if profiles is None else profiles)
            .with_user(self.salesperson)
            .get_move_notice()
        )

    def test_a_rule_that_waits_is_named_with_its_day(self):
        self._move()
        notice = self._notice()
        self.assertEqual(
            notice["message"],
            "The rule “Has a lead” would move this customer to “Engaged” on "
            "03/09/2026.\nPin the customer to keep the stage.",
        )
        self.assertEqual(notice["profile_ids"], self.ada.ids)

    def test_names_are_text_in_the_notice_and_escaped_on_the_form(self):
        self.rule.name = "A & <b>B</b>"
        self._move()
        self.assertIn("“A & <b>B</b>”", self._notice()["message"])
        self.assertIn("“A &amp; &lt;b&gt;B&lt;/b&gt;”", self.ada.explanation)

    def test_without_a_hold_it_is_tomorrow(self):
        self.company.lifecycle_hold_days = 0
        self._move()
        self.assertIn("on 03/03/2026", self._notice()["message"])

    def test_there_is_no_notice_without_a_rule(self):
        self._move(self.lost)
        self.assertFalse(self._notice())

    def test_pinned_customers_and_objectors_need_no_notice(self):
        self._move()
        self.ada.pinned_until = TODAY + HOLD
        self.assertFalse(self._notice())
        self.ada.pinned_until = TODAY + HOLD - DAY
        self.assertTrue(self._notice())
        self.ada.partner_id.lifecycle_objection_date = TODAY
        self.assertFalse(self._notice())

    def test_the_day_of_the_notice_counts_not_the_present_one(self):
        self.rule.domain = "[('first_seen_date', '<=', 'today -7d')]"
        self._move()
        self.assertTrue(self._notice())
        self.rule.domain = "[('first_seen_date', '<=', 'today -8d')]"
        self.assertFalse(self._notice())
        self.rule.domain = "[('first_seen_date', '>', 'today -5d')]"
        self.assertFalse(self._notice())
        self.rule.write({"domain": "[]", "min_days": 7})
        self.assertTrue(self._notice())
        self.rule.min_days = 8
        self.assertFalse(self._notice())

    def test_a_move_that_the_lifecycle_refuses_is_not_announced(self):
        self.lifecycle.regress_policy = "decision"
        self._rule(self.lost, [("open_lead_count", ">", 0)], self.risk)
        self._move(self.risk)
        self.assertFalse(self._notice())
        self.ada.decision = "let_go"
        self.assertTrue(self._notice())

    def test_the_first_rule_is_announced_as_runs_apply_it(self):
        rule = self._rule(self.lost, [("open_lead_count", ">", 0)], self.prospect)
        self.rule.sequence = 99
        self.env.invalidate_all()
        self._move()
        self.assertIn("“to Lost”", self._notice()["message"])
        rule.active = False
        self.assertIn("“Has a lead”", self._notice()["message"])

    def test_a_rule_that_cannot_be_evaluated_holds_up_those_after_it(self):
        broken = self._rule(self.lost, [], self.prospect, sequence=-1)
        self._move()
        self.env.cr.execute(
            "UPDATE crm_lifecycle_rule SET domain = %s WHERE id = %s",
            ["[('gone', '=', 1)]", broken.id],
        )
        self.env.invalidate_all()
        self.assertFalse(self._notice())

    @mute_logger("odoo.sql_db")
    def test_conditions_that_the_database_refuses_give_no_notice(self):
        self._move()
        self.env.cr.execute(
            "UPDATE crm_lifecycle_rule SET domain = %s WHERE id = %s",
            ["[('partner_id.name', '=like', '\\\\')]", self.rule.id],
        )
        self.env.invalidate_all()
        self.assertFalse(self._notice())

    def test_another_lifecycle_that_would_take_over_is_named(self):
        other = self.lifecycle.copy({"name": "VIP", "sequence": -1})
        other.write({"state": "active", "activation_date": "2026-01-01"})
        self._move()
        self.assertIn(
            "The lifecycle “VIP” would take over this customer on 03/09/2026, in the "
            "stage “Prospect”.",
            self._notice()["message"],
        )
        self.assertTrue(self.ada.explanation.count("VIP"))

    def test_several_customers_are_counted_by_rule(self):
        profiles = self.ada | self._customer("Bob") | self._customer("Cy")
        profiles.write({"stage_id": self.prospect.id})
        profiles[2].pinned_until = TODAY + 30 * DAY
        notice = self._notice(profiles)
        self.assertEqual(
            notice["message"],
            "The rule “Has a lead” would move 2 of these customers to “Engaged” on "
            "03/09/2026.\nPin the customers to keep the stage.",
        )
        self.assertEqual(notice["profile_ids"], profiles[:2].ids)

    def test_the_number_of_queries_does_not_depend_on_the_customers(self):
        profiles = self.ada
        for number in range(20):
            profiles |= self._customer(f"Customer {number}")
        profiles.write({"stage_id": self.prospect.id})

        def count(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some.get_move_notice()
            return self.env.cr.sql_log_count - before

        count(profiles)
        self.assertEqual(count(profiles), count(profiles[:2]))

    def test_the_dialog_notifies_and_closes(self):
        wizard = (
            self.env["crm.lifecycle.profile.move"]
            .with_user(self.salesperson)
            .create(
                {
                    "profile_ids": [Command.set(self.ada.ids)],
                    "stage_id": self.prospect.id,
                    "reason": "Too early",
                }
            )
        )
        action = wizard.action_move()
        self.assertEqual(action["tag"], "lifecycle_move_notice")
        self.assertIn("“Has a lead”", action["params"]["message"])
        self.assertEqual(
            action["params"]["next"], {"type": "ir.actions.act_window_close"}
        )
        wizard.write({"stage_id": self.lost.id, "is_refused_left_out": True})
        self.assertEqual(wizard.action_move()["tag"], "display_notification")
        wizard.stage_id = self.prospect
        action = wizard.action_move()
        self.assertIn(
            "1 of 1 customers moved", action["params"]["next"]["params"]["message"]
        )

    def test_a_transfer_notifies(self):
        other = self.lifecycle.copy({"sequence": 99})
        other.write({"state": "active", "activation_date": "2026-01-01"})
        wizard = self.env["crm.lifecycle.transfer"].create(
            {
                "profile_ids": [Command.set(self.ada.ids)],
                "lifecycle_id": other.id,
                "reason": "They asked",
            }
        )
        self.assertIn("Test lifecycle", wizard.action_transfer()["params"]["message"])

    def test_a_move_in_the_background_has_it_in_its_outcome(self):
        task = self.ada._start_move(self.prospect, "Too early")
        task = self.env["background.task"].search([], order="id desc", limit=1)

        class Progress:
            def begin(self, *args):
                pass

            advance = begin

            def run_batch(self, work, *args):
                return work(*args)

        outcome = self.ada._task_move(Progress(), self.prospect.id, "Too early")
        self.assertTrue(task)
        self.assertIn("“Has a lead”", outcome["outcome"])

    def test_callers_of_the_api_get_it(self):
        [answer] = self.ada.action_move("prospect", "Too early")
        self.assertEqual(answer["held_until"], TODAY + HOLD)
        self.assertEqual(
            answer["next_move"],
            {
                "date": TODAY + HOLD,
                "rule": "Has a lead",
                "to": "engaged",
                "to_name": "Engaged",
            },
        )
        [answer] = self.ada.action_move("lost", "Gone")
        self.assertIsNone(answer["next_move"])

    # ------------------------------------------------------------
    # Explanation
    # ------------------------------------------------------------

    def test_the_form_explains_until_when_the_stage_is_held(self):
        self._move()
        explained = self.ada._explain()
        self.assertEqual(explained["held_until"], TODAY + HOLD)
        self.assertEqual(explained["next_move"].rule, self.rule)
        [rule] = explained["rules"]
        self.assertFalse(rule["holds"])
        self.assertEqual(rule["date"], TODAY + HOLD)
        text = " ".join(self.ada.explanation.striptags().split())
        self.assertIn(
            "Held until 03/09/2026: rule “Has a lead” would move this customer to "
            "Engaged.",
            text,
        )
        self.assertEqual(self.ada.explain()["held_until"], TODAY + HOLD)
        self._move(self.lost)
        text = " ".join(self.ada.explanation.striptags().split())
        self.assertIn("Held until 03/09/2026: the stage was chosen by hand.", text)

    def test_a_hold_that_is_over_is_not_shown(self):
        self._move()
        explained = self.ada._explain(TODAY + HOLD)
        self.assertFalse(explained["held_until"])
        self.assertTrue(explained["rules"][0]["holds"])

    def test_the_overview_shows_the_hold(self):
        overview = self.env["crm.lifecycle.profile"].get_overview(
            "crm.lifecycle.profile", self.ada.id
        )
        self.assertFalse(overview["held_until"])
        self._move()
        overview = (
            self.env["crm.lifecycle.profile"]
            .with_user(self.salesperson)
            .get_overview("crm.lifecycle.profile", self.ada.id)
        )
        self.assertEqual(overview["held_until"], TODAY + HOLD)
        self.assertEqual(
            overview["hold"],
            "Held until 03/09/2026: rule “Has a lead” would move this customer to "
            "Engaged.",
        )

    def test_the_history_says_that_the_hold_ended(self):
        self._move()
        self._pass_days(7)
        self.assertEqual(
            self._last().explanation,
            "Has a lead (Open leads: 1), after the hold of 7 days ended",
        )

    def test_the_test_of_a_rule_names_the_hold(self):
        self._move()
        with patch.object(type(self.rule), "test_profile_id", self.ada):
            notes = self.rule._test_on(self.ada)["notes"]
        self.assertIn("No rule moves this customer before 03/09/2026", notes[0])
