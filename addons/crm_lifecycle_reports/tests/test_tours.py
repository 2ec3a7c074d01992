from datetime import date

from odoo.tests import HttpCase, tagged

from .common import ReportCase


@tagged("post_install", "-at_install")
class TestTours(ReportCase, HttpCase):
    """Cohorts and flow in a browser, with the numbers of the models."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._walk(
            cls._traveller("Ada"),
            (cls.prospect, date(2025, 1, 5)),
            (cls.customer, date(2025, 1, 20)),
            (cls.lost, date(2025, 3, 10)),
        )
        cls._walk(
            cls._traveller("Bob"),
            (cls.customer, date(2025, 1, 31)),
            (cls.lost, date(2025, 2, 1)),
            (cls.customer, date(2025, 4, 30)),
        )
        cls._walk(cls._traveller("Cyd"), (cls.customer, date(2025, 4, 1)))
        # The browser's flow begins with this year's visits.
        for action in ("visit_report_action_flow",):
            record = cls.env.ref(f"crm_lifecycle_reports.crm_lifecycle_{action}")
            record.context = "{}"

    def test_cohorts(self):
        self.start_tour(
            "/odoo/lifecycle-cohorts",
            "crm_lifecycle_reports_cohort",
            login=self.leader.login,
        )

    def test_flow(self):
        self.start_tour(
            "/odoo/lifecycle-flow",
            "crm_lifecycle_reports_flow",
            login=self.leader.login,
        )
