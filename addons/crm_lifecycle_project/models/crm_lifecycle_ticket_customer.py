from odoo import api, fields, models

from odoo.addons.crm_lifecycle_service.ticket_kind import TicketButton


class CrmLifecycleTicketCustomer(models.AbstractModel):
    _inherit = "crm.lifecycle.ticket.customer"

    lifecycle_service_task_count = fields.Integer(
        string="Service Tasks",
        compute="_compute_lifecycle_service_task_count",
        compute_sudo=False,
        groups="project.group_project_user",
    )

    @api.depends_context("uid")
    def _compute_lifecycle_service_task_count(self):
        counts = self._count_tickets("project.task")
        for record in self:
            record.lifecycle_service_task_count = counts.get(record, 0)

    @api.model
    def _get_ticket_buttons(self):
        button = TicketButton(
            method="action_open_service_tasks",
            number="lifecycle_service_task_count",
            label=self.env._("Service Tasks"),
            icon="fa-life-ring",
            groups="project.group_project_user",
        )
        return [*super()._get_ticket_buttons(), button]

    def action_open_service_tasks(self):
        """Open the customer's tickets in service desks."""
        return self._open_tickets("project.task", "project.action_view_all_task")

    def action_new_service_task(self):
        """Open a new ticket of the customer in a service desk."""
        return self._new_ticket("project.task")

    def _get_new_ticket_context(self, model):
        """Default to the first service desk."""
        context = super()._get_new_ticket_context(model)
        if model == "project.task":
            companies = [False, context.get("default_company_id", self.env.company.id)]
            desk = self.env["project.project"].search(
                [
                    ("lifecycle_is_service_desk", "=", True),
                    ("company_id", "in", companies),
                ],
                limit=1,
            )
            context["default_project_id"] = desk.id
        return context
