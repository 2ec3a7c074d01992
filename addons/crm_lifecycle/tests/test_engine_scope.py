from datetime import date, datetime
from itertools import pairwise

from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine.scope import Scope, day_end


@tagged("post_install", "-at_install")
class TestScope(TransactionCase):
    def test_a_day_ends_at_local_midnight(self):
        for tz, day, expected in [
            ("UTC", date(2026, 3, 1), datetime(2026, 3, 2)),
            ("Asia/Shanghai", date(2026, 3, 1), datetime(2026, 3, 1, 16)),
            ("America/New_York", date(2026, 3, 7), datetime(2026, 3, 8, 5)),
            # Daylight saving time starts on the 8th: that day is an hour shorter.
            ("America/New_York", date(2026, 3, 8), datetime(2026, 3, 9, 4)),
        ]:
            with self.subTest(tz=tz, day=day):
                self.assertEqual(day_end(day, tz), expected)

    def test_local_dates_in_the_database_agree(self):
        for tz in ["UTC", "Asia/Shanghai", "America/New_York"]:
            scope = Scope(company_id=1, as_of=date(2026, 3, 8), tz=tz)
            last = scope.day_end.replace(microsecond=0)
            for moment, inside in [(last, False), (datetime(2026, 3, 8, 16), None)]:
                [[day]] = self.env.execute_query(
                    SQL("SELECT %s", scope.local_date(SQL("%s::timestamp", moment)))
                )
                if inside is False:
                    self.assertEqual(day, date(2026, 3, 9))

    def test_a_scope_without_past_asks_about_everybody(self):
        scope = Scope(company_id=1, as_of=date(2026, 3, 8), tz="UTC")
        self.assertTrue(scope.is_full)
        with self.assertRaises(AssertionError):
            scope.crosses_cutoff(SQL("now()"))

    def test_a_moment_crosses_once(self):
        """The next run does not see again what one run sees as crossing."""
        moment = SQL("'2025-03-08 12:00'::timestamp")
        days = [date(2026, 3, day) for day in range(5, 12)]
        crossed = []
        for previous, day in pairwise(days):
            scope = Scope(1, day, "UTC", datetime(2026, 1, 1), previous)
            [[hit]] = self.env.execute_query(
                SQL("SELECT %s", scope.crosses_cutoff(moment, months=12))
            )
            if hit:
                crossed.append(day)
        self.assertEqual(crossed, [date(2026, 3, 8)])

    def test_a_date_crosses_on_its_own_day(self):
        scope = Scope(
            1, date(2026, 3, 8), "UTC", datetime(2026, 1, 1), date(2026, 3, 6)
        )
        for day, expected in [(6, False), (7, True), (8, True), (9, False)]:
            [[hit]] = self.env.execute_query(
                SQL(
                    "SELECT %s",
                    scope.date_crosses_cutoff(SQL("%s::date", date(2026, 3, day))),
                )
            )
            self.assertEqual(hit, expected, day)
