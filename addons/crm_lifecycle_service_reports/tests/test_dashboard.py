import unittest
from datetime import time

from odoo import fields
from odoo.tests import HttpCase, tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .test_ticket_report import TaskCase


@tagged("post_install", "-at_install")
class TestServiceBoard(TaskCase, HttpCase):
    """Tickets of the last months: dashboards use the current date of the browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "lifecycle_is_service_desk" not in cls.env["project.project"]._fields:
            raise unittest.SkipTest("Tasks are no tickets here.")
        today = fields.Date.today()
        cls.shift = (TODAY - today).days
        ada, bob = (cls._customer(name) for name in ("Ada", "Bob"))
        ada.user_id, bob.user_id = cls.salesperson, cls.colleague
        (ada | bob)._lifecycle_move(
            cls.customer, origin="manual", as_of=TODAY, reason="Test", quiet=True
        )
        cls._ask(ada, 120, stars=5)
        first = cls._ask(ada, 40, hours=2, stars=5)
        cls._do(first, cls._close, 38 + cls.shift)
        cls._ask(ada, 5, hours=4)
        cls._ask(bob, 3, stars=1)
        oldest = cls.env["project.task"].search([("project_id", "=", cls.desk.id)])[-1:]
        cls._do(oldest, cls._close, 120 + cls.shift)
        cls._run(today)

    @classmethod
    def _ask(cls, customer, days_ago, *, hours=None, stars=None):
        """Create a ticket some days ago, optionally answered after hours, and rated."""
        days = days_ago + cls.shift
        ticket = cls._ticket(customer.partner_id, days, at=time(8))
        if hours:
            cls._answer(ticket, days, at=time(8 + hours))
        if stars:
            cls._rate(ticket, stars, days)
        return ticket

    def _open(self, tour, user):
        dashboard = self.env.ref(
            "crm_lifecycle_service_reports.spreadsheet_dashboard_service"
        )
        self.start_tour(
            f"/odoo/dashboards?dashboard_id={dashboard.id}",
            tour,
            login=user.login,
            timeout=240,
        )

    def test_figures_are_those_of_the_tickets(self):
        self._open("crm_lifecycle_service_reports_dashboard", self.leader)

    def test_a_salesperson_gets_own_customers_in_each_figure(self):
        self._open("crm_lifecycle_service_reports_dashboard_own", self.salesperson)
