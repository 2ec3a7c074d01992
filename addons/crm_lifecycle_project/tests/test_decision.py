from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.engine.scope import Scope
from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import TaskCase


@tagged("post_install", "-at_install")
class TestDecision(TaskCase):
    """What the service for a customer took in two years."""

    def _figures(self, partner):
        """Return ``{label: value}`` of the figures from tickets."""
        self._run()
        scope = Scope(company_id=self.company.id, as_of=TODAY, tz="UTC")
        profile = self._profile(partner)
        found = profile._get_decision_figures(scope)[profile.id]
        return {
            figure.label: figure.value
            for figure in found
            if figure.label in ("Tickets", "Hours on tickets")
        }

    def test_tickets_of_two_years(self):
        ada = self._partner()
        for days_ago in (1, 700, 740):
            self._ticket(ada, days_ago)
        project = self.env["project.project"].create({"name": "Sold work"})
        self._ticket(ada, 3, project_id=project.id)
        self._ticket(self._partner("Bea"), 3)
        self.assertEqual(self._figures(ada)["Tickets"], 2)

    def test_hours_are_shown_where_timesheets_are_installed(self):
        ada = self._partner()
        ticket = self._ticket(ada, 5)
        part = self.env["project.task"].create(
            {"name": "Part", "project_id": self.desk.id, "parent_id": ticket.id}
        )
        Line = self.env["account.analytic.line"]
        if "task_id" not in Line._fields:
            self.assertEqual(self._figures(ada), {"Tickets": 1})
            return
        self.desk.allow_timesheets = True
        employee = self.env["hr.employee"].create(
            {"name": "Eve", "company_id": self.company.id}
        )
        for task, hours in ((ticket, 1.5), (part, 2)):
            Line.create(
                {
                    "name": "Work",
                    "task_id": task.id,
                    "employee_id": employee.id,
                    "unit_amount": hours,
                    "date": TODAY - timedelta(days=4),
                }
            )
        self.assertEqual(self._figures(ada), {"Tickets": 1, "Hours on tickets": 3.5})
