from datetime import date, timedelta

from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from odoo.addons.crm_loyalty.engine import periods


@tagged("post_install", "-at_install")
class TestTierPeriods(TransactionCase):
    """The days of periods are the same in Python and in SQL."""

    def _sql(self, kind, day, since):
        [row] = self.env.execute_query(
            periods.tier_period_sql(kind, SQL("%s::date", day), SQL("%s::date", since))
        )
        return periods.Period(*row)

    def test_a_year_of_membership_ends_on_the_day_before_its_anniversary(self):
        period = periods.get_tier_period(
            "anniversary", date(2026, 5, 8), date(2024, 5, 9)
        )
        self.assertEqual(period.stop, date(2026, 5, 8))
        period = periods.get_tier_period(
            "anniversary", date(2026, 5, 9), date(2024, 5, 9)
        )
        self.assertEqual(period.start, date(2026, 5, 9))
        self.assertEqual(period.previous_start, date(2025, 5, 9))
        self.assertEqual(period.next_stop, date(2028, 5, 8))

    def test_whoever_joined_on_29_february_has_28_as_anniversary(self):
        since = date(2024, 2, 29)
        self.assertEqual(periods.count_anniversaries(since, date(2025, 2, 27)), 0)
        self.assertEqual(periods.count_anniversaries(since, date(2025, 2, 28)), 1)
        self.assertEqual(periods.count_anniversaries(since, date(2028, 2, 28)), 3)
        self.assertEqual(periods.count_anniversaries(since, date(2028, 2, 29)), 4)

    def test_sql_and_python_agree_on_every_day_of_five_years(self):
        for since in (date(2024, 2, 29), date(2023, 12, 31), date(2024, 1, 1)):
            for kind in ("calendar", "anniversary"):
                rows = self.env.execute_query(
                    SQL(
                        """SELECT d::date, p.* FROM generate_series(
                               %s::date, %s::date, '1 day') AS d
                           CROSS JOIN LATERAL (%s) AS p""",
                        since,
                        since + timedelta(days=5 * 366),
                        periods.tier_period_sql(
                            kind, SQL("d::date"), SQL("%s::date", since)
                        ),
                    )
                )
                for day, *found in rows:
                    self.assertEqual(
                        periods.Period(*found),
                        periods.get_tier_period(kind, day, since),
                    )

    def test_what_was_earned_on_29_february_counts_to_27_february(self):
        leap = date(2024, 2, 29)
        self.assertTrue(periods.is_within_year(leap, date(2025, 2, 27)))
        self.assertFalse(periods.is_within_year(leap, date(2025, 2, 28)))
