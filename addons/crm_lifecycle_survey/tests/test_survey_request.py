"""Surveys by stage: recipients, dates and limits."""

from contextlib import contextmanager
from datetime import date, datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_lifecycle.tests.test_playbook import STEP_LOGGER

from .common import SurveyCase, day


class RequestCase(SurveyCase):
    """The engaged stage sends a survey at once, the customer stage another one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engaged.write(
            {
                "survey_id": cls.survey.id,
                "survey_after_days": 0,
                "survey_since": "2020-01-01",
            }
        )
        cls.customer.write(
            {
                "survey_id": cls.other_survey.id,
                "survey_after_days": 0,
                "survey_since": "2020-01-01",
            }
        )

    @contextmanager
    def _now(self, moment):
        """Set the current time, in UTC, also for created records."""
        moment = datetime.fromisoformat(moment)
        with freeze_time(moment), patch.object(self.env.cr, "now", lambda: moment):
            yield

    def _enter(self, stage, as_of, profile=None):
        (profile or self.profile)._lifecycle_move(stage, origin="rule", as_of=as_of)
        self._run(as_of)
        return self._work()

    def _answers(self, profile=None):
        partner = (profile or self.profile).partner_id
        return self.env["survey.user_input"].search([("partner_id", "=", partner.id)])

    def _survey_mails(self):
        return self.env["mail.mail"].search(
            [("model", "=", "survey.user_input"), ("res_id", "in", self._answers().ids)]
        )


@tagged("post_install", "-at_install")
class TestSurveyRequest(RequestCase):
    def test_a_customer_gets_a_link_of_their_own(self):
        steps = self._enter(self.engaged, day(0))
        self.assertRecordValues(
            steps,
            [
                {
                    "kind": "survey",
                    "key": f"survey:{self.survey.id}",
                    "name": "Welcome",
                    "state": "done",
                    "survey_state": "new",
                }
            ],
        )
        answer = self._answers()
        self.assertEqual(answer.lifecycle_company_id, self.company)
        mail = self._survey_mails()
        self.assertEqual(mail.recipient_ids, self.profile.partner_id)
        self.assertIn(answer.access_token, mail.body_html)
        self.assertEqual(mail.state, "outgoing")
        self._finish(answer, 1)
        self.assertEqual(steps.survey_state, "done")
        answered = self.env["crm.lifecycle.playbook.log"].search(
            [("survey_state", "=", "done"), ("profile_id", "=", self.profile.id)]
        )
        self.assertEqual(answered, steps)

    def test_it_is_sent_on_its_day_and_once(self):
        self.engaged.write({"survey_after_days": 7, "survey_since": day(0)})
        self.assertFalse(self._enter(self.engaged, day(0)))
        self._run(day(6))
        self.assertFalse(self._work())
        self._run(day(7))
        self.assertEqual(self._work().mapped("state"), ["done"])
        self._run(day(8))
        self.assertFalse(self._work())
        self.assertEqual(len(self._answers()), 1)

    def test_a_job_that_was_down_for_a_week_asks_nobody(self):
        self.engaged.write({"survey_after_days": 7, "survey_since": day(0)})
        self._enter(self.engaged, day(0))
        self._run(day(15))
        self.assertFalse(self._work())

    def test_a_new_survey_asks_nobody_of_before(self):
        self._enter(self.engaged, day(0))
        other = self._customer("Bob", email="bob@example.com")
        self.engaged.write({"survey_after_days": 2, "survey_since": day(5)})
        self._enter(self.engaged, day(0), other)
        self._run(day(5))
        self.assertFalse(self._work())

    def test_who_was_put_there_quietly_is_not_asked(self):
        self._move(self.profile, self.engaged, quiet=True)
        self._run(day(0))
        self.assertFalse(self._work())

    def test_why_somebody_was_not_asked_is_written_down(self):
        refused = self._customer("Refuses", email="no@example.com")
        silent = self._customer("No address")
        lead = self._lead(partner_name="Lead", email_from="lead@example.com")
        self._run()
        self.env["mail.blacklist"].create({"email": "no@example.com"})
        closed = self._customer("Closed", email="closed@example.com")
        reasons = {
            profile: self._enter(self.engaged, day(0), profile).reason
            for profile in (refused, silent, self._profile(lead))
        }
        self.survey.active = False
        reasons[closed] = self._enter(self.engaged, day(0), closed).reason
        self.assertEqual(
            list(reasons.values()),
            [
                "The customer's email address is on the blacklist.",
                "The customer has no email address.",
                "The lead has no contact yet.",
                "The stage has no open survey any more.",
            ],
        )
        self.assertFalse(self._answers(refused) | self._answers(closed))

    def test_a_request_that_fails_leaves_nothing_behind(self):
        """The answer, the reservation and the email are all created, or none."""
        Template = type(self.env["mail.template"])
        with (
            patch.object(Template, "send_mail", side_effect=ValueError("No server")),
            mute_logger(STEP_LOGGER),
        ):
            steps = self._enter(self.engaged, day(0))
        self.assertEqual(steps.state, "failed")
        self.assertFalse(self._answers())
        self.assertFalse(self.profile.survey_asked_date)
        steps.with_user(self.manager).action_retry()
        self.assertEqual(steps.state, "done")
        self.assertEqual(len(self._survey_mails()), 1)

    # ------------------------------------------------------------
    # Minimum days between requests
    # ------------------------------------------------------------

    def test_two_surveys_in_the_days_are_one_request(self):
        self.company.lifecycle_survey_days = 30
        with self._now("2026-03-02 12:00:00"):
            self._enter(self.engaged, day(0))
        with self._now("2026-03-31 12:00:00"):
            steps = self._enter(self.customer, day(29))
        self.assertEqual(steps.state, "skipped")
        self.assertEqual(
            steps.reason, "Asked on 03/02/2026: a customer is asked once in 30 days."
        )
        self.assertEqual(len(self._answers()), 1)
        with self._now("2026-04-01 12:00:00"):
            steps.with_user(self.manager).action_retry()
        self.assertEqual(steps.state, "done")
        self.assertEqual(len(self._answers()), 2)

    def test_who_has_answered_another_way_is_not_asked_either(self):
        with self._now("2026-03-02 12:00:00"):
            self._answer(self.profile.partner_id, nps=9, survey=self.other_survey)
            steps = self._enter(self.engaged, day(0))
        self.assertEqual(steps.state, "skipped")

    def test_0_sets_no_limit(self):
        self.company.lifecycle_survey_days = 0
        with self._now("2026-03-02 12:00:00"):
            self._enter(self.engaged, day(0))
            self._enter(self.customer, day(0))
        self.assertEqual(len(self._answers()), 2)

    def test_the_turn_is_written_on_the_customer_with_the_request(self):
        with self._now("2026-03-02 12:00:00"):
            self._enter(self.engaged, day(0))
        self.assertEqual(self.profile.survey_asked_date, day(0))
        self._run(day(0), full=True)
        self.assertEqual(self.profile.survey_asked_date, day(0))

    def _ask_twice(self, tz, first, second, days):
        """Request at two moments, in UTC. Return the result of the second request."""
        self.company.write({"lifecycle_tz": tz, "lifecycle_survey_days": days})
        states = []
        for stage, moment in ((self.engaged, first), (self.customer, second)):
            with self._now(moment):
                today = self.company._lifecycle_today()
                states += self._enter(stage, today).mapped("state")
        self.assertEqual(states[0], "done")
        return states[1]

    def test_shanghai_counts_its_own_days(self):
        """15:50 and 16:10 UTC are 23:50 and 00:10 on the next day in Shanghai."""
        state = self._ask_twice(
            "Asia/Shanghai", "2026-03-10 15:50:00", "2026-03-10 16:10:00", 1
        )
        self.assertEqual(state, "done")

    def test_shanghai_counts_no_day_of_utc(self):
        """16:10 and 15:50 on the next day UTC are the same day in Shanghai."""
        state = self._ask_twice(
            "Asia/Shanghai", "2026-03-10 16:10:00", "2026-03-11 15:50:00", 1
        )
        self.assertEqual(state, "skipped")

    def test_new_york_counts_its_own_days(self):
        """In summer, 23:30 and 04:30 UTC are 19:30 and 00:30 in New York."""
        state = self._ask_twice(
            "America/New_York", "2026-06-10 23:30:00", "2026-06-11 04:30:00", 1
        )
        self.assertEqual(state, "done")

    def test_a_night_without_two_o_clock_is_a_night(self):
        """March 8, 2026 has 23 hours in New York.

        04:59 UTC is 23:59 on the 7th, and 03:59 UTC on the 9th is 23:59 on the 8th, 23
        hours later.
        """
        state = self._ask_twice(
            "America/New_York", "2026-03-08 04:59:00", "2026-03-09 03:59:00", 1
        )
        self.assertEqual(state, "done")

    def test_a_night_with_two_one_o_clocks_is_one_night(self):
        """November 1, 2026 has 25 hours in New York.

        04:01 UTC is 00:01, and 04:59 UTC on the 2nd is 23:59 on the same day, 24 hours
        and 58 minutes later.
        """
        state = self._ask_twice(
            "America/New_York", "2026-11-01 04:01:00", "2026-11-02 04:59:00", 1
        )
        self.assertEqual(state, "skipped")

    def test_days_are_days_over_the_change_of_the_clock(self):
        """30 days from October 20 end on November 19 at midnight, not an hour later."""
        first, limit = "2026-10-20 20:00:00", date(2026, 11, 19)
        for moment, expected in (
            (datetime(2026, 11, 19, 4, 59), "skipped"),  # 23:59 on the 18th in New York
            (datetime(2026, 11, 19, 5, 1), "done"),  # 00:01 on the 19th in New York
        ):
            with self.subTest(moment=moment), self.env.cr.savepoint() as savepoint:
                state = self._ask_twice(
                    "America/New_York", first, moment.isoformat(" "), 30
                )
                self.assertEqual(state, expected)
                savepoint.rollback()
                self.env.invalidate_all()
        self.assertEqual(limit - timedelta(days=30), date(2026, 10, 20))
