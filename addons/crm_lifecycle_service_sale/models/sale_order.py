from lxml.builder import E

from odoo import api, models


class SaleOrder(models.Model):
    """Add buttons to show and create the customer's service tickets on orders."""

    _name = "sale.order"
    _inherit = ["sale.order", "crm.lifecycle.ticket.customer"]

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Add a button for each kind of ticket. Only the bridges know the kinds."""
        arch, view = super()._get_view(view_id, view_type, **options)
        for box in arch.xpath("//div[@name='button_box']")[:1]:
            for button in self._get_ticket_buttons():
                number = {"name": button.number, "string": button.label}
                box.append(
                    E.button(
                        E.field(widget="statinfo", **number),
                        name=button.method,
                        type="object",
                        icon=button.icon,
                        groups=button.groups,
                        **{"class": "oe_stat_button"},
                    )
                )
        return arch, view

    def _get_ticket_partner(self):
        self.ensure_one()
        return self.partner_id

    def _get_new_ticket_context(self, model):
        """Default new tickets to the order's company, and name the order."""
        return {
            **super()._get_new_ticket_context(model),
            "default_company_id": self.company_id.id,
            "default_name": self.env._("Order %(order)s", order=self.name),
        }
