from odoo.tests import HttpCase, tagged

from odoo.addons.crm_lifecycle_service.tests.ticket_screens import TicketScreens

from .common import TaskCase


@tagged("post_install", "-at_install")
class TestTaskScreens(TicketScreens, TaskCase):
    """Tasks of service desks as staff see them."""

    number_field = "service_task_count"
    open_action = "action_open_service_tasks"
    new_action = "action_new_service_task"

    def _get_assignee(self, ticket):
        return ticket.user_ids

    def _hide_from_sales(self, ticket):
        self.desk.privacy_visibility = "followers"
        self.desk.message_unsubscribe(self.leader.partner_id.ids)
        ticket.message_unsubscribe(self.leader.partner_id.ids)


@tagged("post_install", "-at_install")
class TestTaskTour(TaskCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls._partner("Ada", company_id=False)
        cls.ticket = cls._ticket(cls.partner, 9)
        cls.risk.guidance = "<p>Call within a day</p>"
        cls._rule(cls.risk, [("ticket_open_count", ">", 0)])
        cls._run()

    def test_service_staff_see_where_the_customer_stands(self):
        agent = self._user("agatha", self.service_groups)
        self.start_tour(
            f"/odoo/action-project.action_view_all_task/{self.ticket.id}",
            "crm_lifecycle_project_task",
            login=agent.login,
        )

    def test_a_salesperson_gets_from_the_customer_to_tickets_and_back(self):
        both = self._user(
            "bea", f"sales_team.group_sale_salesman,{self.service_groups}"
        )
        profile = self._profile(self.partner)
        self.start_tour(
            f"/odoo/action-crm_lifecycle.crm_lifecycle_profile_action/{profile.id}",
            "crm_lifecycle_project_profile",
            login=both.login,
        )
