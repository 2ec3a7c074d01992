import doctest
from datetime import date

from odoo.tests import BaseCase, tagged

from ..engine import cohorts
from ..engine.cohorts import build_cohorts, get_average

JANUARY, FEBRUARY, MARCH = (date(2026, month, 1) for month in (1, 2, 3))


@tagged("post_install", "-at_install")
class TestEngineCohorts(BaseCase):
    """Computation of the table of cohorts, in plain Python."""

    def test_examples_in_the_docstrings_hold(self):
        failed, run = doctest.testmod(cohorts)
        self.assertFalse(failed)
        self.assertTrue(run)

    def test_all_cohorts_end_with_the_last_period(self):
        rows = [(JANUARY, JANUARY, 5, 5), (FEBRUARY, MARCH, 1, 0)]
        tables = build_cohorts(rows, "month", is_cumulative=False)
        self.assertEqual([item.cells for item in tables], [[5, 0, 0], [0, 1]])

    def test_a_balance_keeps_what_came_before_the_cohort_began(self):
        """Customers from before they entered the stage count in it."""
        rows = [(FEBRUARY, JANUARY, 4, 0), (FEBRUARY, MARCH, -1, 0)]
        [cohort] = build_cohorts(rows, "month", is_cumulative=True)
        self.assertEqual(cohort.cells, [4, 3])

    def test_shares_of_amounts_are_of_the_first_period(self):
        rows = [(JANUARY, JANUARY, 200.0, 4), (JANUARY, FEBRUARY, 50.0, 0)]
        tables = build_cohorts(rows, "month", is_cumulative=False, is_amount=True)
        self.assertEqual(get_average(tables), [1.0, 0.25])

    def test_only_the_latest_cohorts_are_shown(self):
        rows = [(day, day, 1, 1) for day in (JANUARY, FEBRUARY, MARCH)]
        tables = build_cohorts(rows, "month", is_cumulative=False, limit=2)
        self.assertEqual([item.start for item in tables], [FEBRUARY, MARCH])

    def test_nothing_makes_an_empty_table(self):
        self.assertEqual(build_cohorts([], "month", is_cumulative=True), [])
        self.assertEqual(get_average([]), [])
