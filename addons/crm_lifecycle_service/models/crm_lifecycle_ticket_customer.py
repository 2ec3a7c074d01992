from odoo import api, models
from odoo.fields import Domain

from odoo.addons.crm_lifecycle.access import is_readable


class CrmLifecycleTicketCustomer(models.AbstractModel):
    """Mixin of profiles, contacts and leads, with buttons to their tickets.

    A bridge adds a count and a button for its kind, with `_count_tickets`,
    `_open_tickets` and `_new_ticket`. They show only tickets that the user may read.
    """

    _name = "crm.lifecycle.ticket.customer"
    _description = "Customer with Service Tickets"

    @api.model
    def _get_ticket_buttons(self):
        """Extension point: return the buttons to tickets, as `TicketButton`.

        For documents of addons that a bridge does not depend on.
        """
        return []

    def _get_ticket_partner(self):
        """Return the contact that decides which customer's tickets are shown."""
        raise NotImplementedError

    @api.model
    def _get_tickets_of(self, model, customers):
        """Return the domain of the tickets of some customers, for a model."""
        kind = self.env["crm.lifecycle.source.ticket"]._get_ticket_kind(model)
        # `sudo()`: only finds the contacts of the customer for the domain.
        contacts = (
            self.env["res.partner"]
            .sudo()
            .with_context(active_test=False)
            ._search([("commercial_partner_id", "in", customers.ids)])
        )
        return kind.domain & Domain("partner_id", "in", contacts)

    def _count_tickets(self, model):
        """Return ``{record: number}`` of the tickets that the user may read."""
        # `sudo()`: only finds the customer of the contact, and shows nothing of it.
        customers = {
            record: record.sudo()._get_ticket_partner().commercial_partner_id
            for record in self
        }
        everybody = self.env["res.partner"].browse(
            {customer.id for customer in customers.values() if customer}
        )
        Ticket = self.env[model].with_context(active_test=False)
        if not everybody or not is_readable(Ticket):
            return {}
        counts = {}
        for partner, count in Ticket._read_group(
            self._get_tickets_of(model, everybody), ["partner_id"], ["__count"]
        ):
            customer = partner.sudo().commercial_partner_id.id  # see above
            counts[customer] = counts.get(customer, 0) + count
        return {
            record: counts.get(customer.id, 0) for record, customer in customers.items()
        }

    def _open_tickets(self, model, xmlid):
        """Return the action that shows the customer's tickets of a model."""
        self.ensure_one()
        self.check_access("read")
        # `sudo()`: only finds the customer of the contact, and shows nothing of it.
        customer = self.sudo()._get_ticket_partner().commercial_partner_id
        kind = self.env["crm.lifecycle.source.ticket"]._get_ticket_kind(model)
        mine = Domain("partner_id.commercial_partner_id", "=", customer.id)
        return {
            **self.env["ir.actions.actions"]._for_xml_id(xmlid),
            "display_name": self.env._("Tickets"),
            "domain": list(kind.domain & mine),
            "context": {
                **self._get_new_ticket_context(model),
                "active_test": False,
                "create": bool(customer),
            },
        }

    def _new_ticket(self, model):
        """Return the action that opens a new ticket of the customer."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New Ticket"),
            "res_model": model,
            "view_mode": "form",
            "views": [(False, "form")],
            "context": self._get_new_ticket_context(model),
        }

    def _get_new_ticket_context(self, model):
        """Extension point: return the default values of new tickets of the customer."""
        self.ensure_one()
        return {"default_partner_id": self._get_ticket_partner().id}
