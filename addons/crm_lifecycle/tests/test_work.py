from datetime import datetime, time, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LifecycleCase

DAY = timedelta(days=1)


@tagged("post_install", "-at_install")
class TestWork(LifecycleCase):
    """The daily work of a salesperson: the call list, and actions on customers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.company._lifecycle_today()
        cls.prospect.write(
            {"follow_up_days": 3, "goal": "Find out whether we can help."}
        )
        cls.profiles = {}
        for name, days_ago in (
            ("Overdue", 4),
            ("Due", 3),
            ("Planned", 2),
        ):
            cls.profiles[name] = cls._placed(name, days_ago)
        cls.profiles["None"] = cls._placed("None", 9)
        cls.profiles["None"]._lifecycle_move(cls.lost, origin="manual")
        cls.overdue, cls.due, cls.planned, cls.without = cls.profiles.values()
        cls.all = cls.overdue | cls.due | cls.planned | cls.without

    @classmethod
    def _placed(cls, name, days_ago, **vals):
        """Create a customer who has been a prospect for some days."""
        partner = cls._partner(name, phone="+86 10 5555 0100")
        profile = cls.env["crm.lifecycle.profile"].create(
            {
                "partner_id": partner.id,
                "company_id": cls.company.id,
                "user_id": cls.salesperson.id,
                **vals,
            }
        )
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE crm_lifecycle_profile SET stage_date = %s WHERE id = %s",
            [cls.today - timedelta(days=days_ago), profile.id],
        )
        profile.invalidate_recordset()
        profile._sync_follow_up(profile.ids)
        return profile

    def _as_seller(self, records):
        return records.with_user(self.salesperson)

    def _call_list(self, user=None):
        """Return the list of the menu, with its two filters."""
        user = user or self.salesperson
        return (
            self.env["crm.lifecycle.profile"]
            .with_user(user)
            .search(
                [
                    ("user_id", "=", user.id),
                    ("is_to_call", "=", True),
                    ("company_id", "=", self.company.id),
                ]
            )
        )

    # ------------------------------------------------------------
    # Follow-ups
    # ------------------------------------------------------------

    def test_the_state_of_a_follow_up_turns_on_its_day(self):
        states = {name: p.follow_up_state for name, p in self.profiles.items()}
        self.assertEqual(
            states,
            {
                "Overdue": "overdue",
                "Due": "today",
                "Planned": "planned",
                "None": "none",
            },
        )
        Profile = self.env["crm.lifecycle.profile"]
        mine = [("id", "in", self.all.ids)]
        for state, profile in zip(
            ("overdue", "today", "planned", "none"), self.all, strict=True
        ):
            with self.subTest(state=state):
                leaf = ("follow_up_state", "=", state)
                self.assertEqual(Profile.search([*mine, leaf]), profile)
                others = Profile.search([*mine, ("follow_up_state", "!=", state)])
                self.assertEqual(others.sorted("id"), (self.all - profile).sorted("id"))

    def test_a_column_of_the_board_counts_its_follow_ups(self):
        bars = self._as_seller(self.env["crm.lifecycle.profile"]).read_progress_bar(
            [("id", "in", self.all.ids)],
            "stage_id",
            {
                "field": "follow_up_state",
                "colors": {"overdue": "danger", "today": "warning", "planned": "x"},
            },
        )
        self.assertEqual(
            bars[str(self.prospect.id)], {"overdue": 1, "today": 1, "planned": 1}
        )

    # ------------------------------------------------------------
    # The call list
    # ------------------------------------------------------------

    def test_the_call_list_has_whose_follow_up_is_due(self):
        self.assertEqual(set(self._call_list()), set(self.overdue | self.due))
        self.assertEqual(self.all.filtered("is_to_call"), self.overdue | self.due)

    def test_the_call_list_has_whom_an_activity_of_mine_is_due_with(self):
        for profile, user, day in (
            (self.planned, self.salesperson, self.today),
            (self.without, self.colleague, self.today),
        ):
            profile.activity_schedule(
                "mail.mail_activity_data_call", day, user_id=user.id
            )
        self.env.invalidate_all()
        self.assertEqual(
            set(self._call_list()), set(self.overdue | self.due | self.planned)
        )
        self.assertTrue(self._as_seller(self.planned).is_to_call)
        self.assertFalse(self._as_seller(self.without).is_to_call)

    def test_the_next_action_is_the_next_activity_or_what_the_stage_says(self):
        self.due.activity_schedule(
            "mail.mail_activity_data_call", self.today + DAY, summary="Later"
        )
        self.due.activity_schedule(
            "mail.mail_activity_data_call", self.today, summary="Ask for the plans"
        )
        self.lost.guidance = "<p>Send <b>nothing</b>.</p>"
        self.env.invalidate_all()
        self.assertEqual(self.due.next_action, "Call: Ask for the plans")
        self.assertEqual(self.overdue.next_action, "Find out whether we can help.")
        self.assertIn("nothing", self.without.next_action)

    def _log_call(self, profile, **values):
        context = self._as_seller(profile).action_log_call()["context"]
        Call = self._as_seller(self.env["crm.lifecycle.profile.call"])
        Call.with_context(**context).create(values).action_log()

    def test_logging_a_call_takes_the_customer_off_the_list_at_once(self):
        self._log_call(self.overdue, note="Wants an offer")
        self.assertEqual(self._call_list(), self.due)
        self.assertEqual(self.overdue.last_contact_date, self.today)
        self.assertEqual(self.overdue.follow_up_date, self.today + 3 * DAY)
        done = (
            self.env["mail.activity"]
            .with_context(active_test=False)
            .search(
                [
                    ("res_model", "=", "crm.lifecycle.profile"),
                    ("res_id", "=", self.overdue.id),
                ]
            )
        )
        self.assertRecordValues(
            done,
            [
                {
                    "active": False,
                    "feedback": "Wants an offer",
                    "user_id": self.salesperson.id,
                }
            ],
        )

    def test_the_next_run_finds_the_same_day_of_contact(self):
        self._log_call(self.overdue)
        with self._later():
            self._run(self.today)
        self.assertEqual(self.overdue.last_contact_date, self.today)
        self.assertEqual(self.overdue.follow_up_date, self.today + 3 * DAY)

    def _later(self):
        """Return a time later than that of all previous writes."""
        later = datetime.combine(self.today, time(23, 59))
        return patch.object(fields.Datetime, "now", lambda *args: later)

    def test_a_call_has_done_with_the_activity_that_was_due(self):
        planned = self.due.activity_schedule(
            "mail.mail_activity_data_call", self.today, user_id=self.salesperson.id
        )
        self._log_call(self.due, note="Done", next_date=self.today + 7 * DAY)
        self.assertFalse(planned.active)
        self.assertEqual(planned.feedback, "Done")
        self.assertEqual(self.due.activity_ids.date_deadline, self.today + 7 * DAY)
        self.assertEqual(self.due.activity_ids.user_id, self.salesperson)

    def test_the_next_call_is_after_today(self):
        for day in (self.today - DAY, self.today):
            with self.subTest(day=day), self.assertRaisesRegex(UserError, "Due"):
                self._log_call(self.due, next_date=day)
        self._log_call(self.due, next_date=self.today + DAY)

    def test_an_activity_done_anywhere_starts_the_follow_up_anew(self):
        activity = self.overdue.activity_schedule(
            "mail.mail_activity_data_todo", self.today, user_id=self.salesperson.id
        )
        self._as_seller(activity).action_done()
        self.assertEqual(self.overdue.follow_up_date, self.today + 3 * DAY)

    def test_uploading_a_file_is_no_contact(self):
        activity = self.overdue.activity_schedule(
            "mail.mail_activity_data_upload_document",
            self.today,
            user_id=self.salesperson.id,
        )
        before = self.overdue.follow_up_date
        self._as_seller(activity).action_done()
        self.assertEqual(self.overdue.follow_up_date, before)

    def test_a_call_with_a_colleagues_customer_can_not_be_logged(self):
        others = self._placed("Other", 5, user_id=self.colleague.id)
        with self.assertRaises(AccessError):
            self._log_call(others)

    # ------------------------------------------------------------
    # Mass actions
    # ------------------------------------------------------------

    def _wizard(self, name, profiles, **values):
        return (
            self._as_seller(self.env[f"crm.lifecycle.profile.{name}"])
            .with_context(active_model="crm.lifecycle.profile", active_ids=profiles.ids)
            .create(values)
        )

    def test_several_customers_move_with_one_reason(self):
        chosen = self.overdue | self.due
        self._wizard(
            "move", chosen, stage_id=self.engaged.id, reason="At the fair"
        ).action_move()
        self.assertEqual(chosen.stage_id, self.engaged)
        self.assertEqual(
            set(chosen.history_ids.filtered("from_stage_id").mapped("reason")),
            {"At the fair"},
        )

    def test_nobody_moves_if_one_can_not(self):
        self.lifecycle.skip_policy = "forbid"
        self.due._lifecycle_move(self.engaged, origin="manual")
        move = self._wizard(
            "move", self.overdue | self.due, stage_id=self.customer.id, reason="Fair"
        )
        with self.assertRaisesRegex(UserError, "Overdue.*Still missing: Engaged"):
            move.action_move()

    def test_those_who_can_not_move_are_left_out_on_demand(self):
        self.lifecycle.skip_policy = "forbid"
        self.due._lifecycle_move(self.engaged, origin="manual")
        action = self._wizard(
            "move",
            self.overdue | self.due,
            stage_id=self.customer.id,
            reason="Fair",
            is_refused_left_out=True,
        ).action_move()
        self.assertEqual(self.due.stage_id, self.customer)
        self.assertEqual(self.overdue.stage_id, self.prospect)
        self.assertIn("1 of 2 customers", action["params"]["message"])

    def test_pinned_customers_are_moved_by_no_rule_up_to_that_day(self):
        self._rule(self.engaged, [("first_seen_date", "=", False)], self.prospect)
        chosen = self.overdue | self.due
        self._wizard("pin", chosen, pinned_until=self.today + DAY).action_pin()
        self.assertEqual(set(chosen.mapped("pinned_until")), {self.today + DAY})
        self._run(self.today + DAY)
        self.assertEqual(chosen.stage_id, self.prospect)
        self.assertEqual(self.planned.stage_id, self.engaged)
        self._run(self.today + 2 * DAY)
        self.assertEqual(chosen.stage_id, self.engaged)

    def test_pins_are_taken_out_again(self):
        self.due.pinned_until = self.today + DAY
        self._wizard("pin", self.due).action_unpin()
        self.assertFalse(self.due.pinned_until)

    def test_a_pin_in_the_past_is_refused_with_the_first_day_allowed(self):
        with self.assertRaisesRegex(UserError, f"Due.*{self.today}"):
            self._wizard("pin", self.due, pinned_until=self.today - DAY).action_pin()
        self._wizard("pin", self.due, pinned_until=self.today).action_pin()
        with self.assertRaisesRegex(UserError, "Choose the day"):
            self._wizard("pin", self.due).action_pin()

    def test_a_salesperson_gives_customers_to_a_colleague(self):
        chosen = self.overdue | self.due
        self._wizard("assign", chosen, user_id=self.colleague.id).action_assign()
        self.assertEqual(chosen.user_id, self.colleague)
        self.assertFalse(self._call_list())
        self.assertEqual(set(self._call_list(self.colleague)), set(chosen))

    def test_customers_of_colleagues_can_not_be_taken(self):
        others = self._placed("Other", 5, user_id=self.colleague.id)
        for name, values, action in (
            ("assign", {"user_id": self.salesperson.id}, "action_assign"),
            ("pin", {"pinned_until": self.today}, "action_pin"),
            ("move", {"stage_id": self.engaged.id, "reason": "Mine"}, "action_move"),
        ):
            with self.subTest(name=name), self.assertRaises(AccessError):
                wizard = self._wizard(name, others, **values)
                getattr(wizard, action)()
        with self.assertRaises(AccessError):
            self._as_seller(others).action_reevaluate()
        self.assertEqual(others.stage_id, self.prospect)

    def test_reevaluating_asks_the_rules_now(self):
        self._rule(self.engaged, [("first_seen_date", "=", False)], self.prospect)
        action = self._as_seller(self.due | self.without).action_reevaluate()
        self.assertEqual(self.due.stage_id, self.engaged)
        self.assertEqual(self.due.history_ids[0].origin, "rule")
        self.assertIn("2 customers looked at, 1 moved", action["params"]["message"])
        moves = len(self.due.history_ids)
        self._as_seller(self.due).action_reevaluate()
        self.assertEqual(len(self.due.history_ids), moves)

    def test_many_that_wait_are_left_to_the_scheduled_job(self):
        self._rule(self.engaged, [("first_seen_date", "=", False)], self.prospect)
        with patch("odoo.addons.crm_lifecycle.profile.reevaluate.MAX_SYNCHRONOUS", 1):
            action = self._as_seller(self.all).action_reevaluate()
        self.assertIn("in the background", action["params"]["message"])
        self.assertEqual(self.due.stage_id, self.prospect)
        self._run(self.today, quick=True)
        self.assertEqual(self.due.stage_id, self.engaged)

    # ------------------------------------------------------------
    # Query counts
    # ------------------------------------------------------------

    def test_dragging_a_card_costs_at_most_12_queries(self):
        def drag(profile, stage):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._as_seller(profile).web_save(
                {"stage_id": stage.id}, {"display_name": {}, "stage_id": {}}
            )
            self.env.flush_all()
            return self.cr.sql_log_count - before

        # A follow-up due today wakes the worker of the playbook, one that was due
        # before the clock was set does not: the same path fills the same caches.
        drag(self._placed("Due as well", 3), self.engaged)
        self.assertLessEqual(drag(self.due, self.engaged), 12)

    def test_80_customers_to_call_cost_as_many_queries_as_20(self):
        more = self.env["crm.lifecycle.profile"].create(
            [
                {
                    "partner_id": self._partner(f"P{n}").id,
                    "user_id": self.salesperson.id,
                }
                for n in range(80)
            ]
        )
        names = [
            "display_name",
            "phone",
            "stage_id",
            "follow_up_date",
            "follow_up_state",
            "next_action",
            "last_contact_date",
        ]

        def count(profiles):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._as_seller(profiles).web_read({name: {} for name in names})
            return self.cr.sql_log_count - before

        count(more[:20])  # fills the caches of the registry
        self.assertEqual(count(more), count(more[:20]))

    def test_customers_in_several_lifecycles_are_pointed_out(self):
        second = self.lifecycle.copy({"name": "Second", "state": "active"})
        other = self._placed("Elsewhere", 1)
        other._lifecycle_move(second.stage_ids[0], origin="rule")
        move = self._wizard(
            "move",
            self.due | other,
            stage_id=self.engaged.id,
            reason="Fair",
        )
        self.assertEqual(move.lifecycle_count, 2)
        with self.assertRaisesRegex(UserError, "Elsewhere.*Second"):
            move.action_move()
        move.is_refused_left_out = True
        move.action_move()
        self.assertEqual(self.due.stage_id, self.engaged)
        self.assertEqual(other.lifecycle_id, second)

    def test_the_selection_is_taken_from_a_list_of_customers_alone(self):
        wizard = self.env["crm.lifecycle.profile.pin"].with_context(
            active_model="res.partner", active_ids=self.due.ids
        )
        self.assertFalse(wizard.new({}).profile_ids)
        self.assertEqual(
            wizard.create({"profile_ids": [Command.set(self.due.ids)]}).profile_count, 1
        )
