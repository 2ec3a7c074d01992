"""The follow-up clock: one activity each time it runs out."""

from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import TODAY
from .test_playbook import STEP_LOGGER, PlaybookCase


def day(number):
    return TODAY + timedelta(days=number)


@tagged("post_install", "-at_install")
class TestFollowUp(PlaybookCase):
    """Engaged customers are contacted every three days."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engaged.write({"follow_up_days": 3, "follow_up_since": TODAY})
        cls.call = cls.env.ref("mail.mail_activity_data_call")
        cls.profile._lifecycle_move(cls.engaged, origin="rule", as_of=TODAY)

    def _tick(self, number, **kwargs):
        """Run as of a day, then run the worker; return the new steps."""
        self._run(day(number), **kwargs)
        return self._work()

    def _talk(self, number, profile=None):
        """Send a message to the customer, on a day at noon."""
        profile = profile or self.profile
        message = profile.partner_id.message_post(
            body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_message SET date = %s, write_date = now() WHERE id = %s",
            [f"{day(number)} 12:00:00", message.id],
        )
        # The next run reads what was written since the previous one.
        self.env["crm.lifecycle.run"].search([]).write({"watermark": "2020-01-01"})

    def _open(self):
        return self._activities(self.profile)

    # ------------------------------------------------------------
    # Due dates
    # ------------------------------------------------------------

    def test_it_falls_due_on_the_third_day_and_not_before(self):
        self.assertFalse(self._tick(2))
        steps = self._tick(3)
        self.assertRecordValues(
            steps,
            [
                {
                    "kind": "follow_up",
                    "key": f"follow_up:{day(3)}",
                    "state": "done",
                    "stage_id": self.engaged.id,
                    "profile_id": self.profile.id,
                    "reason": False,
                }
            ],
        )
        self.assertRecordValues(
            self._open(),
            [
                {
                    "activity_type_id": self.call.id,
                    "user_id": self.salesperson.id,
                    "date_deadline": day(3),
                    "summary": "Follow up: no contact yet",
                    "automated": True,
                }
            ],
        )

    def test_a_run_that_comes_late_finds_it_all_the_same(self):
        self._tick(5)
        self.assertEqual(self._open().date_deadline, day(3))

    def test_the_day_is_that_of_the_last_run(self):
        """Without a run, it is unknown which customers were contacted since."""
        self._tick(2)
        self.assertFalse(self._work())
        self._run(day(3), quick=True)
        self.assertFalse(self._work())

    def test_once_in_a_period_however_often_it_is_looked_at(self):
        self._tick(3)
        activity = self._open()
        for number in (3, 3, 4, 10):
            self.assertFalse(self._tick(number))
        self.assertEqual(self._open(), activity)

    def test_once_in_a_period_though_somebody_cancelled_it(self):
        self._tick(3)
        self._open().unlink()
        self.assertFalse(self._tick(4))
        self.assertFalse(self._open())

    def test_a_contact_moves_the_clock(self):
        self._talk(2)
        self.assertFalse(self._tick(4))
        self.assertEqual(self.profile.follow_up_date, day(5))
        self._tick(5)
        activity = self._open()
        self.assertEqual(activity.date_deadline, day(5))
        self.assertIn("no contact since", activity.summary)

    def test_the_next_period_has_its_own(self):
        self._tick(3)
        self._open().action_feedback("Called")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_activity SET date_done = %s, create_date = %s "
            "WHERE res_model = %s AND res_id = %s",
            [day(4), day(3), self.profile._name, self.profile.id],
        )
        self.env.invalidate_all()
        self.env["crm.lifecycle.run"].search([]).write({"watermark": "2020-01-01"})
        self.assertFalse(self._tick(6))
        steps = self._tick(7)
        self.assertEqual(steps.key, f"follow_up:{day(7)}")
        self.assertEqual(len(self._open()), 1)

    def test_none_while_one_is_open_still(self):
        """The customer answered, the follow-up was not done, and time passed."""
        self._tick(3)
        activity = self._open()
        self._talk(4)
        self.assertFalse(self._tick(8))
        self.assertEqual(self.profile.follow_up_date, day(7))
        self.assertEqual(self._open(), activity)
        activity.unlink()
        self.assertEqual(self._tick(9).key, f"follow_up:{day(7)}")

    # ------------------------------------------------------------
    # Responsible users
    # ------------------------------------------------------------

    def test_the_stage_says_who_does_what(self):
        todo = self.env.ref("mail.mail_activity_data_todo")
        self.engaged.write(
            {
                "follow_up_activity_type_id": todo.id,
                "follow_up_responsible": "other",
                "follow_up_user_id": self.leader.id,
                "follow_up_since": TODAY,
            }
        )
        self._tick(3)
        self.assertRecordValues(
            self._open(), [{"activity_type_id": todo.id, "user_id": self.leader.id}]
        )

    def test_without_an_activity_type_the_customer_is_only_shown_as_due(self):
        self.engaged.follow_up_activity_type_id = False
        self.assertFalse(self._tick(4))
        self.assertEqual(self.profile.follow_up_date, day(3))

    def test_with_nobody_to_call_it_is_skipped_once(self):
        self.profile.user_id = False
        step = self._tick(3)
        self.assertEqual(step.state, "skipped")
        self.assertIn("no salesperson", step.reason)
        self.assertFalse(self._tick(4))
        # A salesperson is assigned to the customer, and the step is retried.
        self.profile.user_id = self.salesperson
        step.with_user(self.manager).action_retry()
        self.assertEqual(step.state, "done")
        self.assertEqual(self._open().user_id, self.salesperson)
        self.assertFalse(self._tick(5))

    def test_archived_customers_and_lifecycles_have_no_follow_up(self):
        self.profile.partner_id.active = False
        other = self._customer("Bob", user_id=self.salesperson.id)
        self._move(other, self.engaged)
        self.assertEqual(self._tick(3).profile_id, other)
        self.lifecycle.state = "archived"
        self._talk(4, other)
        self.assertFalse(self._tick(9))

    # ------------------------------------------------------------
    # Quiet moves
    # ------------------------------------------------------------

    def test_those_put_there_quietly_wait_for_a_first_contact(self):
        """Thousands enter at once; no one could call all of them in three days."""
        quiet = self._customer("Bob", user_id=self.salesperson.id)
        quiet._lifecycle_move(self.engaged, origin="rule", as_of=TODAY, quiet=True)
        imported = self._customer("Cid", user_id=self.salesperson.id)
        imported._lifecycle_move(self.engaged, origin="import", as_of=TODAY)
        self._place_on(TODAY)
        self.assertEqual(self._tick(4).profile_id, self.profile)
        self.assertEqual((quiet | imported).mapped("follow_up_date"), [day(3)] * 2)
        self._talk(4, quiet)
        self.assertEqual(self._tick(7).profile_id, quiet)

    def test_a_contact_before_they_were_put_there_starts_no_clock(self):
        quiet = self._customer("Bob", user_id=self.salesperson.id)
        self._talk(-1, quiet)
        quiet._lifecycle_move(self.engaged, origin="import", as_of=day(-30))
        self._place_on(TODAY)
        self._tick(1)
        self.assertEqual(quiet.follow_up_date, day(2))
        self.assertNotIn(quiet, self._tick(3).profile_id)

    def test_those_overdue_when_the_stage_gets_its_clock_are_only_shown(self):
        """A shorter period does not plan calls to all customers at once."""
        early = self._customer("Bob", user_id=self.salesperson.id)
        early._lifecycle_move(self.engaged, origin="rule", as_of=day(-9))
        self.engaged.follow_up_since = day(2)
        self.assertEqual(self._tick(4).profile_id, self.profile)
        self.assertEqual(early.follow_up_date, day(-6))
        for vals in (
            {"follow_up_days": 4},
            {"follow_up_activity_type_id": False},
            {"follow_up_activity_type_id": self.call.id},
        ):
            self.engaged.follow_up_since = day(2)
            self.engaged.with_user(self.manager).write(vals)
            self.assertGreater(self.engaged.follow_up_since, day(4))
        self.engaged.follow_up_since = day(2)
        self.engaged.with_user(self.manager).write(
            {"follow_up_days": 4, "goal": "Talk"}
        )
        self.assertEqual(self.engaged.follow_up_since, day(2))

    def test_a_lifecycle_that_rested_does_not_have_everybody_called(self):
        self.lifecycle.activation_date = f"{day(4)} 00:00:00"
        self.assertFalse(self._tick(5))
        self._talk(4)
        self.assertEqual(self._tick(7).profile_id, self.profile)

    def _place_on(self, today):
        """Set the day on which moves were recorded, which is that of the server."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_lifecycle_history SET create_date = %s WHERE company_id = %s",
            [f"{today} 08:00:00", self.company.id],
        )

    # ------------------------------------------------------------
    # Exit
    # ------------------------------------------------------------

    def test_leaving_the_stage_closes_it(self):
        self._tick(3)
        activity = self._open()
        self.profile._lifecycle_move(self.customer, origin="rule", as_of=day(4))
        step = self._work()
        self.assertEqual((step.kind, step.state), ("close", "done"))
        self.assertFalse(activity.exists())
        self.assertFalse(self._tick(9))

    def test_who_leaves_while_it_is_being_planned_is_looked_at_again(self):
        """The move waits for the worker, although there is no activity yet."""
        self._run(day(3))
        self.env["crm.lifecycle.profile"].flush_model()
        self.env.cr.execute("UPDATE crm_lifecycle_profile SET follow_up_date = now()")
        self.env.invalidate_all()
        self.profile._lifecycle_move(self.customer, origin="rule", as_of=day(3))
        self.assertTrue(self._waiting())

    def test_who_has_left_meanwhile_is_left_alone(self):
        self._run(day(3))
        Log = self.env["crm.lifecycle.playbook.log"]
        self.assertEqual(Log._get_pending_follow_ups(), self.profile.ids)
        self.profile._lifecycle_move(self.customer, origin="rule", as_of=day(3))
        self.assertTrue(Log._follow_up(self.profile.id))
        self.assertFalse(self._open())

    # ------------------------------------------------------------
    # Errors
    # ------------------------------------------------------------

    def test_a_collision_is_tried_again_and_leaves_one(self):
        Log = type(self.env["crm.lifecycle.playbook.log"])
        perform = Log._perform_follow_up
        collisions = [SerializationFailure()]

        def collide(model, row, stage):
            answer = perform(model, row, stage)
            if collisions:
                raise collisions.pop()
            return answer

        with patch.object(Log, "_perform_follow_up", collide):
            self._tick(3)
        self.assertEqual(len(self._open()), 1)

    def test_one_that_fails_is_recorded_and_tried_by_hand_only(self):
        Log = type(self.env["crm.lifecycle.playbook.log"])
        with (
            patch.object(Log, "_perform_follow_up", side_effect=ValueError("broken")),
            mute_logger(STEP_LOGGER),
        ):
            step = self._tick(3)
        self.assertEqual((step.state, step.reason), ("failed", "ValueError: broken"))
        self.assertFalse(self._tick(4))
        step.with_user(self.manager).action_retry()
        self.assertEqual(step.state, "done")
        self.assertEqual(len(self._open()), 1)

    def test_the_run_notes_that_all_was_planned(self):
        self._run(day(3))
        run = self.env["crm.lifecycle.run"].search([], limit=1)
        self._work()
        self.assertFalse(run.followed_up_at)
        self._work()
        self.assertTrue(run.followed_up_at)

    def test_the_run_wakes_the_worker_where_something_is_due(self):
        triggers = self._triggers()
        self._run(day(2))
        self.assertFalse(self._triggers() - triggers)
        self._run(day(3))
        self.assertEqual(len(self._triggers() - triggers), 1)

    def _triggers(self):
        self.env.cr.precommit.data.pop("crm_lifecycle.playbook_triggered", None)
        return self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)])

    def test_who_is_due_is_found_in_one_query_however_many(self):
        others = self.env["crm.lifecycle.profile"]
        for number in range(12):
            others |= self._customer(f"Customer {number}")
        self._move(others, self.engaged)
        self._work()
        run = self._run(day(3))
        counts = []
        for profile_ids in (others[:1].ids, None):
            self.env.flush_all()
            self.env.invalidate_all()
            run.company_id.lifecycle_tz  # noqa: B018  read before counting
            before = self.env.cr.sql_log_count
            due = run._get_due_follow_ups(profile_ids)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(len(due), 13)
        self.assertEqual(counts[0], counts[1])
