from datetime import date

from odoo.tests import tagged

from .common import ReportCase


@tagged("post_install", "-at_install")
class TestVisitReport(ReportCase):
    """Visits to stages: funnel, transitions and time, from the history alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Report = cls.env["crm.lifecycle.visit.report"]
        cls.ada = cls._traveller("Ada", user_id=cls.salesperson.id)
        cls._walk(
            cls.ada,
            (cls.prospect, date(2025, 3, 1)),
            (cls.customer, date(2025, 3, 11)),
            (cls.lost, date(2025, 5, 10)),
        )

    def _read(self, *groups, domain=()):
        """Return ``{groups: aggregates}``, stages by their code."""
        rows = self.Report._read_group(
            [("company_id", "=", self.company.id), *domain],
            list(groups),
            ["entry_count:sum", "days:avg"],
        )
        return {
            tuple(getattr(key, "code", key) or False for key in row[: len(groups)]): row[
                len(groups) :
            ]
            for row in rows
        }

    def test_each_visit_tells_where_it_led(self):
        """The example in the docstring of the model."""
        self.assertEqual(
            self._read("stage_id", "outcome", "next_stage_id"),
            {
                ("prospect", "up", "customer"): (1, 10),
                ("customer", "lost", "lost"): (1, 60),
                ("lost", "open", False): (1, False),
            },
        )

    def test_entries_are_dated_by_their_own_day(self):
        self.assertEqual(
            self._read("date:month"),
            {
                (date(2025, 3, 1),): (2, 35),
                (date(2025, 5, 1),): (1, False),
            },
        )
