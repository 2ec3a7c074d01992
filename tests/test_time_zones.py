"""Each company has its own present day, also on nights of 23 or 25 hours."""

from datetime import date, datetime, timedelta

from odoo.tests import tagged

from .two_companies import TwoCompaniesCase

HOUR = timedelta(hours=1)


@tagged("post_install", "-at_install")
class TestTimeZones(TwoCompaniesCase):
    def _hours(self, first, last):
        """Call the job each hour of a span (UTC); return the runs with their hour."""
        moment, last = datetime.fromisoformat(first), datetime.fromisoformat(last)
        found = []
        while moment <= last:
            ran = self._night(moment.isoformat(" "))
            found += [(moment.strftime("%d %H:%M"), *run) for run in ran]
            moment += HOUR
        return found

    # One moment, two days

    def test_at_the_same_moment_each_company_has_its_own_day(self):
        """16:30 UTC is past midnight in Shanghai, and lunch in New York."""
        self._order(self.east, "2026-03-10 12:00")
        self._order(self.west, "2026-03-10 12:00")
        self.assertEqual(
            self._night("2026-03-10 16:30"),
            [
                ("East", "2026-03-11", "done"),
                ("West", "2026-03-10", "done"),
                ("East shop", "2026-03-11", "done"),
            ],
        )
        self.assertEqual(self._profile(self.east).stage_date, date(2026, 3, 11))
        self.assertEqual(self._profile(self.west).stage_date, date(2026, 3, 10))
        self.assertEqual(self._night("2026-03-10 16:45"), [])
        self.assertEqual(
            self._night("2026-03-11 04:30"), [("West", "2026-03-11", "done")]
        )

    def test_the_day_begins_at_the_companys_own_midnight(self):
        self._night("2026-03-10 12:00")
        for moment, ran in (
            ("2026-03-10 15:59:59", []),
            ("2026-03-10 16:00:00", ["East", "East shop"]),
            ("2026-03-11 03:59:59", []),
            ("2026-03-11 04:00:00", ["West"]),
        ):
            self.assertEqual([run[0] for run in self._night(moment)], ran, moment)

    def test_one_moment_is_an_order_of_two_days(self):
        """So the 30 days of the same order also end on two days."""
        for company in (self.east, self.west):
            self._order(company, "2026-03-10 16:00")
        for company, day in ((self.east, 11), (self.west, 10)):
            self._run(company, date(2026, 3, day))
            ordered = date(2026, 3, day)
            self.assertEqual(self._profile(company).last_order_date, ordered)
            for days, stage in ((29, "customer"), (30, "asleep"), (31, "asleep")):
                self._run(company, ordered + timedelta(days=days))
                self.assertEqual(self._stage(company), stage, (company.name, days))
            row = self._profile(company).history_ids.sorted("id")[-1]
            self.assertEqual(row.date, ordered + timedelta(days=30))

    # Nights with a clock change

    def test_the_night_of_23_hours_is_run_once(self):
        """2026-03-08: New York goes from 01:59 to 03:00; its midnight stays at 05:00
        UTC that day, and is at 04:00 the next."""
        self._night("2026-03-07 17:00")
        found = self._hours("2026-03-07 18:00", "2026-03-09 15:00")
        west = [run for run in found if run[1] == "West"]
        self.assertEqual(
            west,
            [
                ("08 05:00", "West", "2026-03-08", "done"),
                ("09 04:00", "West", "2026-03-09", "done"),
            ],
        )
        east = [run[:3] for run in found if run[1] == "East"]
        self.assertEqual(east, [("08 16:00", "East", "2026-03-09")])

    def test_the_night_of_25_hours_is_run_once(self):
        """2026-11-01: New York has 01:00 to 01:59 twice."""
        self._night("2026-10-31 17:00")
        found = self._hours("2026-10-31 18:00", "2026-11-02 06:00")
        self.assertEqual(
            [run for run in found if run[1] == "West"],
            [
                ("01 04:00", "West", "2026-11-01", "done"),
                ("02 05:00", "West", "2026-11-02", "done"),
            ],
        )

    def test_orders_around_a_changed_clock_are_of_one_day_each(self):
        """No hour is counted twice, and none is left out."""
        for moment, day in (
            ("2026-03-08 04:59:59", date(2026, 3, 7)),
            ("2026-03-08 05:00:00", date(2026, 3, 8)),
            ("2026-03-08 07:00:00", date(2026, 3, 8)),
            ("2026-03-09 03:59:59", date(2026, 3, 8)),
            ("2026-03-09 04:00:00", date(2026, 3, 9)),
            ("2026-11-01 03:59:59", date(2026, 10, 31)),
            ("2026-11-01 04:00:00", date(2026, 11, 1)),
            ("2026-11-01 05:30:00", date(2026, 11, 1)),
            ("2026-11-01 06:30:00", date(2026, 11, 1)),
            ("2026-11-02 04:59:59", date(2026, 11, 1)),
            ("2026-11-02 05:00:00", date(2026, 11, 2)),
        ):
            with self.subTest(moment=moment), self.env.cr.savepoint() as savepoint:
                self._order(self.west, moment)
                self._run(self.west, day - timedelta(days=1))
                self.assertFalse(self._profile(self.west).order_count)
                self._run(self.west, day)
                profile = self._profile(self.west)
                self.assertEqual(
                    (profile.order_count, profile.last_order_date), (1, day)
                )
                self._run(self.west, day + timedelta(days=1))
                self.assertEqual(self._profile(self.west).order_total, 100)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_thirty_days_over_a_changed_clock(self):
        """A condition on a date changes on its day, by the rule and by the run."""
        for ordered in (date(2026, 2, 20), date(2026, 10, 15)):
            with self.subTest(ordered=ordered), self.env.cr.savepoint() as savepoint:
                self._order(self.west, f"{ordered} 17:00")
                self._run(self.west, ordered)
                self.assertEqual(
                    self._profile(self.west).review_date, ordered + timedelta(days=30)
                )
                for days, stage in ((29, "customer"), (30, "asleep"), (31, "asleep")):
                    self._run(self.west, ordered + timedelta(days=days))
                    self.assertEqual(self._stage(self.west), stage, days)
                savepoint.rollback()
                self.env.invalidate_all()

    # 29 February

    def test_twelve_months_around_the_29th_of_february(self):
        """An order of that day counts up to the last day of the next February."""
        self._order(self.west, "2028-02-29 17:00")
        for day, expected in (
            (date(2028, 2, 28), (0, 0)),
            (date(2028, 2, 29), (100, 0)),
            (date(2028, 3, 1), (100, 0)),
            (date(2029, 2, 27), (100, 0)),
            (date(2029, 2, 28), (100, 0)),
            (date(2029, 3, 1), (0, 100)),
            (date(2030, 2, 28), (0, 100)),
            (date(2030, 3, 1), (0, 0)),
        ):
            self._run(self.west, day)
            profile = self._profile(self.west)
            self.assertEqual(
                (profile.order_total_12m, profile.order_total_prev_12m), expected, day
            )
        self.assertEqual(
            self._run(self.west, date(2030, 3, 1), full=True).refreshed_count, 0
        )

    def test_twelve_months_that_end_on_the_29th_of_february(self):
        """As of that day the window begins on 1 March of the previous year."""
        for moment, expected in (
            ("2027-02-27 17:00", 0),
            ("2027-02-28 17:00", 0),
            ("2027-03-01 17:00", 100),
        ):
            with self.subTest(moment=moment), self.env.cr.savepoint() as savepoint:
                self._order(self.west, moment)
                self._run(self.west, date(2027, 6, 1))
                self._run(self.west, date(2028, 2, 29))
                self.assertEqual(self._profile(self.west).order_total_12m, expected)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_year_after_the_29th_of_february(self):
        """The rule, its review date and the run have the same day."""
        lifecycle = self.lifecycles[self.west]
        lifecycle.rule_ids.filtered(
            lambda rule: rule.name == "to asleep"
        ).domain = "[('last_order_date', '<=', 'today -1y')]"
        self._order(self.west, "2028-02-29 17:00")
        self._run(self.west, date(2028, 3, 1))
        self.assertEqual(self._stage(self.west), "customer")
        # Reviewed by then; months differ in length, so it may be some days earlier.
        self.assertLessEqual(self._profile(self.west).review_date, date(2029, 3, 1))
        for day, stage in (
            (date(2029, 2, 27), "customer"),
            (date(2029, 2, 28), "customer"),
            (date(2029, 3, 1), "asleep"),
        ):
            self._run(self.west, day)
            self.assertEqual(self._stage(self.west), stage, day)
        row = self._profile(self.west).history_ids.sorted("id")[-1]
        self.assertEqual(row.date, date(2029, 3, 1))

    def test_days_counted_over_the_29th_of_february(self):
        self._order(self.west, "2028-02-10 17:00")
        self._run(self.west, date(2028, 2, 10))
        for day, stage in (
            (date(2028, 3, 10), "customer"),
            (date(2028, 3, 11), "asleep"),
        ):
            self._run(self.west, day)
            self.assertEqual(self._stage(self.west), stage, day)
