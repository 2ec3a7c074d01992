from odoo.tests import HttpCase, tagged

from odoo.addons.crm_lifecycle_service.tests.ticket_screens import TicketScreens

from .common import HelpdeskCase


@tagged("post_install", "-at_install")
class TestHelpdeskScreens(TicketScreens, HelpdeskCase):
    """Helpdesk tickets as staff see them."""

    number_field = "helpdesk_ticket_number"
    open_action = "action_open_helpdesk_tickets"
    new_action = "action_new_helpdesk_ticket"

    def _get_assignee(self, ticket):
        return ticket.user_id

    def _hide_from_sales(self, ticket):
        """Whoever has no right on the helpdesk reads their own tickets alone."""

    def test_a_rule_may_name_a_team(self):
        team = self.env["helpdesk.ticket.team"].create(
            {"name": "First aid", "company_id": self.company.id}
        )
        self._assign(priority=False, helpdesk_team_id=team.id)
        ticket = self._make(self.child, self.company)
        self.assertEqual(ticket.team_id, team)
        note = ticket.message_ids.filtered("body")[:1]
        self.assertIn("team First aid", note.body)


@tagged("post_install", "-at_install")
class TestHelpdeskTour(HelpdeskCase, HttpCase):
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
            f"/odoo/action-helpdesk_mgmt.helpdesk_ticket_action/{self.ticket.id}",
            "crm_lifecycle_helpdesk_ticket",
            login=agent.login,
        )

    def test_a_salesperson_gets_from_the_customer_to_tickets_and_back(self):
        both = self._user(
            "bea", f"sales_team.group_sale_salesman,{self.service_groups}"
        )
        profile = self._profile(self.partner)
        self.start_tour(
            f"/odoo/action-crm_lifecycle.crm_lifecycle_profile_action/{profile.id}",
            "crm_lifecycle_helpdesk_profile",
            login=both.login,
        )
