from datetime import date

from odoo.fields import Domain
from odoo.tests import TransactionCase, tagged

from odoo.addons.crm_lifecycle.engine import domains

DAY = date(2026, 5, 31)


@tagged("post_install", "-at_install")
class TestDomains(TransactionCase):
    def test_values_are_what_columns_can_have(self):
        for text in (
            "[('partner_id.country_id', '<', {})]",
            "[('partner_id', 'any', [('country_id', 'in', [{}])])]",
            "[('won_count', '=', b'1')]",
        ):
            with self.subTest(text=text), self.assertRaises(domains.DomainError):
                domains.parse(text)
        for text in (
            "[('won_count', 'in', [1, None, False, 'x'])]",
            "['!', ('partner_id', 'any', [('credit', '>', 1.5)])]",
        ):
            with self.subTest(text=text):
                self.assertFalse(domains.parse(text).is_true())

    def test_relative_dates_start_from_the_day_given(self):
        for text, expected in [
            ("today", date(2026, 5, 31)),
            ("today -90d", date(2026, 3, 2)),
            ("today -3m", date(2026, 2, 28)),
            ("-1y", date(2025, 5, 31)),
            ("today +1w -1d", date(2026, 6, 6)),
            ("today =1d", date(2026, 5, 1)),
            ("today =1d -1m", date(2026, 4, 1)),
            ("today =1m =1d", date(2026, 1, 1)),
            ("today =monday", date(2026, 5, 25)),
            ("today +monday", date(2026, 6, 1)),
            ("today -monday", date(2026, 5, 25)),
            ("2026-01-05", date(2026, 1, 5)),
            ("2026-01-05 10:00:00", date(2026, 1, 5)),
        ]:
            with self.subTest(text=text):
                self.assertEqual(domains.resolve_date(text, DAY), expected)

    def test_dates_that_rules_do_not_take_are_refused(self):
        for text in [
            "yesterday",
            "today -90",
            "=2w",
            "",
            "2026-13-01",
            "today 5d",
            "today -9999y",
        ]:
            with self.subTest(text=text), self.assertRaises(domains.DomainError):
                domains.resolve_date(text, DAY)

    def test_text_that_is_no_domain_is_refused(self):
        for text in ["[('a', '=')]", "import os", "[(", "{'a': 1}", "[1, 2]", "('a',)"]:
            with self.subTest(text=text), self.assertRaises(domains.DomainError):
                domains.parse(text)

    def test_empty_text_takes_everybody(self):
        for text in [None, "", "[]", " [] "]:
            self.assertTrue(domains.parse(text).is_true())

    def test_only_date_fields_are_resolved(self):
        types = {"when": "date", "name": "char"}
        domain = Domain([("when", "<=", "today -1d"), ("name", "=", "today -1d")])
        self.assertEqual(
            domains.resolve(domain, DAY, types.get),
            Domain([("when", "<=", date(2026, 5, 30)), ("name", "=", "today -1d")]),
        )

    def test_fields_are_listed_once_in_order(self):
        domain = Domain(["|", ("b", "=", 1), "&", ("a", "=", 1), ("b", "=", 2)])
        self.assertEqual(domains.fields_of(domain), ["b", "a"])

    def test_the_day_when_a_condition_will_hold(self):
        for operator, value, fact, expected in [
            ("<=", "today -90d", date(2026, 1, 1), date(2026, 4, 1)),
            ("<", "today -90d", date(2026, 1, 1), date(2026, 4, 2)),
            ("<=", "today -1m", date(2026, 1, 31), date(2026, 3, 1)),
            (">", "today -90d", date(2026, 1, 1), None),
            ("<=", "today =1d -1m", date(2026, 1, 1), None),
            ("<=", "2026-01-01", date(2026, 1, 1), None),
        ]:
            with self.subTest(operator=operator, value=value):
                day = domains.get_trigger_date(operator, value, fact)
                self.assertEqual(day, expected)

    def test_the_crossing_day_is_the_first_day_that_holds(self):
        for offset in ["today -30d", "today -2m", "today -1y", "today -1m -3d"]:
            for fact in [date(2024, 2, 29), date(2025, 12, 31), date(2026, 3, 30)]:
                with self.subTest(offset=offset, fact=fact):
                    day = domains.get_trigger_date("<=", offset, fact)
                    self.assertLessEqual(fact, domains.resolve_date(offset, day))
                    before = domains.resolve_date(offset, day - date.resolution)
                    self.assertGreater(fact, before)
