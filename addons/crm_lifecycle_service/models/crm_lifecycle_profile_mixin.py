from odoo import fields, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_mixin import profile_field


class CrmLifecycleProfileMixin(models.AbstractModel):
    _name = "crm.lifecycle.profile.mixin"
    _inherit = ["crm.lifecycle.profile.mixin", "crm.lifecycle.ticket.customer"]

    lifecycle_ticket_count = profile_field(
        fields.Integer, "ticket_count", string="Lifecycle Tickets"
    )
    lifecycle_ticket_open_count = profile_field(
        fields.Integer, "ticket_open_count", string="Lifecycle Open Tickets"
    )
    lifecycle_rating_last = profile_field(
        fields.Float, "rating_last", string="Lifecycle Last Rating"
    )
    lifecycle_rating_avg = profile_field(
        fields.Float, "rating_avg", string="Lifecycle Average Rating"
    )

    def _get_ticket_partner(self):
        """Return the contact itself, or that of the lead."""
        self.ensure_one()
        return self if self._name == "res.partner" else self.partner_id
