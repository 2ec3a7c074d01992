from odoo.tests import HttpCase, tagged

from odoo.addons.crm_lifecycle_service.tests.ticket_screens import (
    TicketScreens,
    TicketTours,
)

from .common import HelpdeskCase


@tagged("post_install", "-at_install")
class TestHelpdeskScreens(TicketScreens, HelpdeskCase):
    """Helpdesk tickets on the screens of service and sales staff."""

    number_field = "lifecycle_helpdesk_ticket_number"
    open_action = "action_open_helpdesk_tickets"
    new_action = "action_new_helpdesk_ticket"

    def _get_assignee(self, ticket):
        return ticket.user_id

    def _hide_from_sales(self, ticket):
        """Do nothing: users without helpdesk rights read only their own tickets."""

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
class TestHelpdeskTour(TicketTours, HelpdeskCase, HttpCase):
    list_action = "helpdesk_mgmt.helpdesk_ticket_action"
    ticket_tour = "crm_lifecycle_helpdesk_ticket"
    profile_tour = "crm_lifecycle_helpdesk_profile"
