from datetime import date, datetime, time, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from .common import TODAY, LifecycleCase

DAY = timedelta(days=1)


@tagged("post_install", "-at_install")
class TestStay(LifecycleCase):
    """The visits of a customer to a stage, computed from the history alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile = cls._customer("Ada", user_id=cls.salesperson.id)
        cls.start = cls.profile.stage_date

    def setUp(self):
        super().setUp()
        self._today(TODAY)

    def _today(self, day):
        """Set the clock to noon of a day."""
        noon = datetime.combine(day, time(12))
        patcher = patch.object(fields.Datetime, "now", lambda *args: noon)
        patcher.start()
        self.addCleanup(patcher.stop)

    def _move(self, stage, day, profile=None):
        (profile or self.profile)._lifecycle_move(stage, origin="manual", as_of=day)

    def _stay(self, stage, profile=None):
        self.env.invalidate_all()
        return self.env["crm.lifecycle.stage.duration"].search(
            [
                ("profile_id", "=", (profile or self.profile).id),
                ("stage_id", "=", stage.id),
            ]
        )

    def _read(self, stage, profile=None):
        stay = self._stay(stage, profile)
        return (
            stay.entry_count,
            stay.date_entered,
            stay.date_exited,
            stay.latest_days,
            stay.cumulative_days,
            stay.total_days,
        )

    def test_a_first_visit_has_no_latest_time(self):
        self._today(self.start + 5 * DAY)
        self.assertEqual(
            self._read(self.prospect), (1, self.start, False, False, False, 5)
        )
        self.assertTrue(self._stay(self.prospect).is_current)
        self.assertFalse(self._stay(self.engaged))

    def test_a_finished_visit_tells_when_and_how_long(self):
        day = self.start + 10 * DAY
        self._move(self.engaged, day)
        self.assertEqual(self._read(self.prospect), (1, self.start, day, 10, 10, 10))
        self.assertFalse(self._stay(self.prospect).is_current)

    def test_on_reentry_the_latest_time_is_that_of_the_visit_before(self):
        """The example in the docstring of the model."""
        self._move(self.engaged, date(2026, 3, 2))
        self._move(self.customer, date(2026, 3, 12))
        self._move(self.engaged, date(2026, 3, 20))
        self._today(date(2026, 3, 25))
        self.assertEqual(
            self._read(self.engaged),
            (2, date(2026, 3, 20), date(2026, 3, 12), 10, 10, 15),
        )
        self._move(self.customer, date(2026, 3, 27))
        self.assertEqual(
            self._read(self.engaged),
            (2, date(2026, 3, 20), date(2026, 3, 27), 7, 17, 17),
        )
        self.assertEqual(self._stay(self.engaged).date_first_entered, date(2026, 3, 2))

    def test_a_visit_of_one_day_is_a_visit_of_no_days(self):
        self._move(self.engaged, TODAY)
        self._move(self.customer, TODAY)
        self.assertEqual(self._read(self.engaged), (1, TODAY, TODAY, 0, 0, 0))
        self._move(self.engaged, TODAY)
        self.assertEqual(self._read(self.engaged), (2, TODAY, TODAY, 0, 0, 0))

    def test_a_stage_passed_through_counts_as_a_visit_of_no_days(self):
        self.lifecycle.skip_policy = "fill"
        day = self.start + 4 * DAY
        self._move(self.customer, day)
        self.assertEqual(self._read(self.engaged), (1, day, day, 0, 0, 0))
        self.assertEqual(self._read(self.prospect), (1, self.start, day, 4, 4, 4))

    def test_days_that_merged_customers_both_spent_there_count_once(self):
        """Ada from day 0 to 20, Bob from day 10 to 30: 30 days, not 40."""
        self._move(self.engaged, date(2026, 3, 2))
        self._move(self.customer, date(2026, 3, 22))
        bob = self._customer("Bob")
        self._move(self.engaged, date(2026, 3, 12), bob)
        self._move(self.customer, date(2026, 4, 1), bob)
        self._today(date(2026, 4, 10))
        self.profile._merge_from(bob)
        self.assertEqual(
            self._read(self.engaged),
            (2, date(2026, 3, 12), date(2026, 4, 1), 20, 30, 30),
        )

    def test_merging_twins_in_one_stage_is_no_exit(self):
        self._move(self.engaged, date(2026, 3, 12))
        bob = self._customer("Bob")
        self._move(self.engaged, date(2026, 3, 2), bob)
        self._today(date(2026, 3, 22))
        self.profile._merge_from(bob)
        self.assertEqual(
            self._read(self.engaged),
            (1, date(2026, 3, 12), False, False, False, 20),
        )
        self._move(self.customer, date(2026, 3, 24))
        self.assertEqual(
            self._read(self.engaged),
            (1, date(2026, 3, 12), date(2026, 3, 24), 12, 22, 22),
        )

    def test_a_merged_customer_who_stood_elsewhere_left_there_on_that_day(self):
        bob = self._customer("Bob")
        self._move(self.lost, date(2026, 3, 2), bob)
        self._today(date(2026, 3, 12))
        self.profile._merge_from(bob)
        self.assertEqual(
            self._read(self.lost),
            (1, date(2026, 3, 2), date(2026, 3, 12), 10, 10, 10),
        )

    def test_today_is_that_of_the_customers_company(self):
        """At noon in UTC, it is already tomorrow on Kiritimati."""
        self.assertEqual(self._stay(self.prospect).total_days, 0)
        self.company.lifecycle_tz = "Pacific/Kiritimati"
        self.assertEqual(self._stay(self.prospect).total_days, 1)

    def test_the_days_in_the_status_bar_are_the_same(self):
        self._move(self.engaged, self.start + 3 * DAY)
        self._today(self.start + 5 * DAY)
        self.env.invalidate_all()
        self.assertEqual(
            self.profile.duration_tracking,
            {str(self.prospect.id): 3 * 86400, str(self.engaged.id): 2 * 86400},
        )

    def test_reports_average_over_those_who_have_finished_a_visit(self):
        self._move(self.engaged, self.start + 10 * DAY)
        self._customer("Bob")
        [[stage, latest, visits]] = self.env[
            "crm.lifecycle.stage.duration"
        ]._read_group(
            [("stage_id", "=", self.prospect.id)],
            ["stage_id"],
            ["latest_days:avg", "entry_count:sum"],
        )
        self.assertEqual((stage, latest, visits), (self.prospect, 10, 2))

    def test_a_salesperson_sees_the_days_of_their_customers_alone(self):
        other = self._customer("Bob", user_id=self.colleague.id)
        Stay = self.env["crm.lifecycle.stage.duration"].with_user(self.salesperson)
        seen = Stay.search([("stage_id", "=", self.prospect.id)]).profile_id
        self.assertIn(self.profile, seen)
        self.assertNotIn(other, seen)
        self.assertIn(other, Stay.with_user(self.leader).search([]).profile_id)

    def test_a_row_is_read_by_the_index_of_its_customer(self):
        """Reading by id must not add up the history of all customers."""
        stay = self._stay(self.prospect)
        query = self.env["crm.lifecycle.stage.duration"]._search(
            [("id", "in", stay.ids)]
        )
        self.assertEqual(list(query), stay.ids)
        words = self._get_plan(query.select(), "seqscan")
        # Other addons may have an index of their own that begins with the customer.
        self.assertRegex(words, r"Index Cond: .*profile_id = ")
        self.assertNotIn("Seq Scan on crm_lifecycle_history", words)
