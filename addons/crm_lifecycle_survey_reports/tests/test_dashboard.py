from odoo import fields
from odoo.tests import HttpCase, tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY
from odoo.addons.crm_lifecycle_survey.tests.common import SurveyCase


@tagged("post_install", "-at_install")
class TestSatisfactionBoard(SurveyCase, HttpCase):
    """Answers of the last months: dashboards use the current date of the browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ada, bob, cyd = (
            cls._customer(name, user_id=user.id, email=f"{name}@example.com")
            for name, user in (
                ("Ada", cls.salesperson),
                ("Bob", cls.colleague),
                ("Cyd", cls.colleague),
            )
        )
        (ada | bob | cyd)._lifecycle_move(
            cls.customer, origin="manual", as_of=TODAY, reason="Test", quiet=True
        )
        today = (fields.Date.today() - TODAY).days
        for customer, days_ago, scores in (
            (cyd, 120, {"nps": 3}),
            (ada, 40, {"nps": 10, "csat": 5}),
            (ada, 5, {"nps": 9}),
            (cyd, 4, {"nps": 7}),
            (bob, 3, {"nps": 2}),
        ):
            cls._answer(customer.partner_id, today - days_ago, **scores)
        cls.env.flush_all()

    def _open(self, tour, user):
        dashboard = self.env.ref(
            "crm_lifecycle_survey_reports.spreadsheet_dashboard_satisfaction"
        )
        self.start_tour(
            f"/odoo/dashboards?dashboard_id={dashboard.id}",
            tour,
            login=user.login,
            timeout=240,
        )

    def test_figures_are_those_of_the_answers(self):
        self._open("crm_lifecycle_survey_reports_dashboard", self.leader)

    def test_a_salesperson_gets_own_customers_in_each_figure(self):
        self._open("crm_lifecycle_survey_reports_dashboard_own", self.salesperson)
