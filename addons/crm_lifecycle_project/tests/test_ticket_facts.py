from odoo.tests import tagged

from odoo.addons.crm_lifecycle_service.tests.common import moment
from odoo.addons.crm_lifecycle_service.tests.ticket_facts import TicketFacts

from .common import TaskCase


@tagged("post_install", "-at_install")
class TestTaskFacts(TicketFacts, TaskCase):
    """Only tasks of service desks count as tickets."""

    def test_tasks_of_other_projects_subtasks_and_templates_are_none(self):
        partner = self._partner()
        ticket = self._ticket(partner, 5)
        self._ticket(partner, 4, parent_id=ticket.id)
        self._ticket(partner, 3, is_template=True)
        other = self.env["project.project"].create(
            {"name": "House", "company_id": False}
        )
        self._ticket(partner, 2, project_id=other.id)
        self._run()
        self._check(partner, ticket_count=1)

    def test_a_project_that_becomes_a_service_desk_brings_its_tasks(self):
        partner = self._partner()
        other = self.env["project.project"].create(
            {"name": "House", "company_id": False}
        )
        task = self._ticket(partner, 2, project_id=other.id)
        self._ticket(partner, 1, project_id=other.id)
        self._close(task)
        self._set_closed_at(task, moment(1))
        self._run()
        self.assertFalse(self._facts(partner))
        other.lifecycle_is_service_desk = True
        self._run(quick=True)
        self._check(partner, ticket_count=2, ticket_open_count=1)
        other.lifecycle_is_service_desk = False
        self._run(quick=True)
        self._check(partner, ticket_count=0, ticket_open_count=0)

    def test_a_task_of_no_company_counts_in_that_of_its_customer(self):
        partner = self._partner()  # of the company
        self._ticket(partner, 1).company_id = False
        self._run()
        self._check(partner, ticket_count=1)
