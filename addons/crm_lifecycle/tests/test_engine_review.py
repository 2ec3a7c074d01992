import doctest
from datetime import date, timedelta

from odoo.fields import Domain
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine import domains, review
from odoo.addons.crm_lifecycle.engine.review import DateTrigger

AS_OF = date(2026, 3, 2)


def column_type(name):
    """Return the type of a column of the customer in these tests."""
    return {
        "last_order_date": "date",
        "write_date": "datetime",
        "count": "integer",
    }.get(name)


@tagged("post_install", "-at_install")
class TestReview(TransactionCase):
    def _turns(self, *conditions):
        return review.get_date_triggers(Domain(list(conditions)), column_type)

    def test_documented_examples_hold(self):
        self.assertFalse(doctest.testmod(domains).failed)

    def test_turns_of_conditions(self):
        self.assertEqual(
            self._turns(
                ("last_order_date", "<=", "today -90d"),
                ("last_order_date", ">", "today -2w"),
                ("last_order_date", "<", "today -1y -1m"),
                ("last_order_date", "!=", False),
                ("last_order_date", ">=", "2026-01-01"),
                ("count", ">", 3),
            ),
            [
                DateTrigger("last_order_date", days=90),
                DateTrigger("last_order_date", days=14),
                DateTrigger("last_order_date", months=13, slack=6),
            ],
        )

    def test_what_can_not_be_told_ahead(self):
        for condition in [
            ("last_order_date", "<=", "today =1d"),
            ("last_order_date", "<=", "today -monday"),
            ("partner_id.country_id", "=", 1),
            ("computed", "=", 1),
        ]:
            with self.subTest(condition=condition):
                self.assertIsNone(self._turns(condition))

    def test_nobody_turns_unseen(self):
        """A review is due on each day on which a condition changes its result."""
        fact = date(2025, 11, 30)
        for value in ("today -90d", "today -3m", "today -1m -5d", "today +1w"):
            for operator in ("<", "<=", ">", ">=", "="):
                condition = ("last_order_date", operator, value)
                [trigger] = self._turns(condition)
                day = date(2025, 11, 1)
                while day < date(2026, 5, 1):
                    following = day + timedelta(days=1)
                    if self._holds(condition, fact, day) != self._holds(
                        condition, fact, following
                    ):
                        with self.subTest(condition=condition, day=day):
                            self.assertEqual(
                                self._next_day(trigger, fact, day), following
                            )
                    day = following

    def _holds(self, condition, fact, day):
        _field, operator, value = condition
        bound = domains.resolve_date(value, day)
        return {
            "<": fact < bound,
            "<=": fact <= bound,
            ">": fact > bound,
            ">=": fact >= bound,
            "=": fact == bound,
        }[operator]

    def _next_day(self, trigger, fact, as_of):
        query = SQL(
            "SELECT %s FROM (SELECT %s::date AS last_order_date) AS p",
            trigger.next_day("p", as_of),
            fact,
        )
        return self.env.execute_query(query)[0][0]

    def test_no_look_without_a_date_or_after_it(self):
        trigger = DateTrigger("last_order_date", days=90)
        self.assertIsNone(self._next_day(trigger, None, AS_OF))
        turned = AS_OF - timedelta(days=90)
        for days, expected in [
            (1, AS_OF + timedelta(days=1)),
            (0, AS_OF + timedelta(days=1)),
            (-1, None),
        ]:
            day = turned + timedelta(days=days)
            self.assertEqual(self._next_day(trigger, day, AS_OF), expected)
