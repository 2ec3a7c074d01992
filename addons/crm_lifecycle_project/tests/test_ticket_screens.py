from odoo.tests import HttpCase, tagged

from odoo.addons.crm_lifecycle_service.tests.ticket_screens import (
    TicketScreens,
    TicketTours,
)

from .common import TaskCase


@tagged("post_install", "-at_install")
class TestTaskScreens(TicketScreens, TaskCase):
    """Tasks of service desks on the screens of service and sales staff."""

    number_field = "lifecycle_service_task_count"
    open_action = "action_open_service_tasks"
    new_action = "action_new_service_task"

    def _get_assignee(self, ticket):
        return ticket.user_ids

    def _hide_from_sales(self, ticket):
        self.desk.privacy_visibility = "followers"
        self.desk.message_unsubscribe(self.leader.partner_id.ids)
        ticket.message_unsubscribe(self.leader.partner_id.ids)


@tagged("post_install", "-at_install")
class TestTaskTour(TicketTours, TaskCase, HttpCase):
    list_action = "project.action_view_all_task"
    ticket_tour = "crm_lifecycle_project_task"
    profile_tour = "crm_lifecycle_project_profile"
