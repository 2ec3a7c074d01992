from odoo import api, fields, models

from odoo.addons.crm_lifecycle_service.ticket_kind import TicketButton


class CrmLifecycleTicketCustomer(models.AbstractModel):
    _inherit = "crm.lifecycle.ticket.customer"

    lifecycle_helpdesk_ticket_number = fields.Integer(
        string="Helpdesk Tickets",
        compute="_compute_lifecycle_helpdesk_ticket_number",
        compute_sudo=False,
        groups="helpdesk_mgmt.group_helpdesk_user_own",
    )

    @api.depends_context("uid")
    def _compute_lifecycle_helpdesk_ticket_number(self):
        counts = self._count_tickets("helpdesk.ticket")
        for record in self:
            record.lifecycle_helpdesk_ticket_number = counts.get(record, 0)

    @api.model
    def _get_ticket_buttons(self):
        button = TicketButton(
            method="action_open_helpdesk_tickets",
            number="lifecycle_helpdesk_ticket_number",
            label=self.env._("Tickets"),
            icon="fa-ticket",
            groups="helpdesk_mgmt.group_helpdesk_user_own",
        )
        return [*super()._get_ticket_buttons(), button]

    def action_open_helpdesk_tickets(self):
        """Show the customer's helpdesk tickets."""
        return self._open_tickets(
            "helpdesk.ticket", "helpdesk_mgmt.helpdesk_ticket_action"
        )

    def action_new_helpdesk_ticket(self):
        """Open an empty helpdesk ticket of the customer."""
        return self._new_ticket("helpdesk.ticket")
