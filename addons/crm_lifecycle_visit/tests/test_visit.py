"""Return visits: scheduling by stage, activities and results."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import VisitCase, day


@tagged("post_install", "-at_install")
class TestVisit(VisitCase):
    # ------------------------------------------------------------
    # Schedule
    # ------------------------------------------------------------

    def test_it_is_planned_on_the_thirtieth_day_and_not_before(self):
        self.assertFalse(self._tick(29))
        steps = self._tick(30)
        self.assertRecordValues(
            steps, [{"kind": "visit", "key": f"visit:{day(30)}", "state": "done"}]
        )
        self.assertRecordValues(
            self._visits(),
            [
                {
                    "user_id": self.salesperson.id,
                    "state": "planned",
                    "stage_id": self.customer.id,
                }
            ],
        )
        self.assertRecordValues(
            self._activities(self.profile),
            [
                {
                    "user_id": self.salesperson.id,
                    "activity_type_id": self.env.ref(
                        "crm_lifecycle_visit.mail_activity_type_visit"
                    ).id,
                }
            ],
        )

    def test_none_is_planned_while_one_is(self):
        self._tick(30)
        self.assertFalse(self._tick(31))
        self.assertFalse(self._tick(61))
        self.assertEqual(len(self._visits()), 1)

    def test_the_clock_starts_anew_with_a_visit(self):
        self._tick(30)
        visit = self._visits()
        visit.result = "reached"
        visit.action_record()
        visit.date_done = day(33)
        self.assertFalse(self._tick(62))
        self.assertTrue(self._tick(63))

    def test_a_visit_that_is_cancelled_is_not_planned_again_at_once(self):
        self._tick(30)
        visit = self._visits()
        self._activities(self.profile).unlink()
        self.assertEqual(visit.state, "cancelled")
        visit.date_due = day(30)
        self.assertFalse(self._tick(31))
        self.assertTrue(self._tick(60))

    def test_a_first_round_is_spread(self):
        """Customers who were due long before are spread over several days."""
        profiles = self.profile
        for number in range(5):
            profile = self._customer(f"Old {number}", user_id=self.salesperson.id)
            self._move(profile, self.customer)
            profiles |= profile
        self.customer.visit_since = day(100)
        days = set()
        for number in range(100, 130):
            days |= {step.key for step in self._tick(number)}
        self.assertEqual(len(self._visits(profiles[0])), 1)
        self.assertGreater(len(days), 4)
        expected = {f"visit:{day(100 + profile.id % 30)}" for profile in profiles}
        self.assertEqual(days, expected)

    def test_who_has_left_the_stage_is_not_visited(self):
        self._run(day(30))
        self._move(self.profile, self.engaged)
        self.assertFalse(self._visits())

    def test_a_stage_without_rhythm_plans_none(self):
        self.customer.visit_days = 0
        self.assertFalse(self._tick(90))

    # ------------------------------------------------------------
    # Results
    # ------------------------------------------------------------

    def test_reaching_the_customer_is_a_contact(self):
        visit = self._visit().with_user(self.salesperson)
        activity = visit.activity_id
        self._set_create_date(activity, 0)
        visit.write(
            {
                "result": "reached",
                "satisfaction": "4",
                "note": "All is well",
                "next_step": "Send the list",
                "next_date": day(5),
            }
        )
        visit.action_record()
        self.assertRecordValues(visit, [{"state": "done", "satisfaction_score": 4}])
        self.assertFalse(activity.active)
        self.assertRecordValues(
            self._activities(self.profile),
            [{"summary": "Send the list", "date_deadline": day(5)}],
        )
        activity.date_done = day(0)
        visit.date_done = day(0)
        self._run(day(0))
        self.assertRecordValues(
            self.profile,
            [
                {
                    "last_contact_date": day(0),
                    "visit_last_date": day(0),
                    "visit_satisfaction": 4,
                }
            ],
        )

    def test_not_reaching_them_is_none_and_waits_for_the_next_attempt(self):
        visit = self._visit()
        activity = visit.activity_id
        visit.write({"result": "not_reached", "next_date": day(3)})
        visit.action_record()
        self.assertEqual(visit.state, "done")
        again = self._visits() - visit
        self.assertRecordValues(
            again,
            [{"state": "planned", "date_due": day(3), "activity_id": activity.id}],
        )
        self.assertTrue(activity.active)
        self.assertEqual(activity.date_deadline, day(3))
        self._run(day(0))
        self.assertFalse(self.profile.last_contact_date)
        self.assertFalse(self.profile.visit_last_date)

    def test_giving_up_takes_the_activity_away(self):
        visit = self._visit()
        visit.write({"result": "not_reached", "next_date": False})
        visit.action_record()
        self.assertFalse(self._activities(self.profile))
        self.assertEqual(visit.state, "done")

    def test_marking_the_activity_as_done_is_a_visit(self):
        visit = self._visit()
        visit.activity_id.with_user(self.salesperson).action_feedback("Friendly")
        self.assertRecordValues(
            visit, [{"state": "done", "result": "reached", "note": "Friendly"}]
        )

    def test_a_result_is_asked_for_and_written_down_once(self):
        visit = self._visit()
        with self.assertRaisesRegex(UserError, "whether you reached"):
            visit.action_record()
        visit.result = "reached"
        visit.action_record()
        with self.assertRaisesRegex(UserError, "already"):
            visit.action_record()

    def test_the_timeline_tells_of_it(self):
        visit = self._visit(result="reached", note="All is well")
        visit.action_record()
        visit.date_done = day(0)
        events = [(row["label"], row["title"]) for row in self.profile._get_timeline(9)]
        self.assertIn(("Return visit", "All is well"), events)

    # ------------------------------------------------------------
    # Access
    # ------------------------------------------------------------

    def test_a_colleague_does_not_see_it(self):
        visit = self._visit()
        with self.assertRaises(AccessError):
            visit.with_user(self.colleague).read(["note"])
        self.assertTrue(visit.with_user(self.leader).read(["note"]))
