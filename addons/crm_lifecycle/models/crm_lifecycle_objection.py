"""Customers who object to profiling: no rule moves them, nothing explains them."""

from odoo import api, fields, models
from odoo.fields import Domain

# What a contact or lead tells of it.
OBJECTS = [("lifecycle_objection_date", "!=", False)]


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    is_objecting = fields.Boolean(
        string="Objects to profiling",
        compute="_compute_is_objecting",
        search="_search_is_objecting",
        help="No rule moves this customer, and no tag or score is kept on them.",
    )

    @api.depends(
        "partner_id.lifecycle_objection_date", "lead_id.lifecycle_objection_date"
    )
    def _compute_is_objecting(self):
        for profile in self:
            # Whoever sees the customer has to know.
            subject = profile.sudo().partner_id or profile.sudo().lead_id
            profile.is_objecting = bool(subject.lifecycle_objection_date)

    def _search_is_objecting(self, operator, value):
        if operator != "in":
            return NotImplemented
        allowed = self._get_profiling_domain()
        return ~allowed if True in value else allowed

    @api.model
    def _get_profiling_domain(self):
        """Return the domain of customers whom rules, tags and scores may be about.

        Whoever computes something about customers leaves out the others, in SQL.
        """
        Partner = self.env["res.partner"].sudo()  # which ones object, and no more
        Lead = self.env["crm.lead"].sudo()
        archived = {"active_test": False}
        return Domain(
            "partner_id", "not in", Partner.with_context(**archived)._search(OBJECTS)
        ) & Domain("lead_id", "not in", Lead.with_context(**archived)._search(OBJECTS))

    def _keep_objections(self, customer=None):
        """Copy objections of leads to their contacts; see `_lifecycle_convert`."""
        # The objection goes with the customer, whoever converts the lead.
        for profile in self.sudo().filtered("lead_id.lifecycle_objection_date"):
            partner = (customer or profile._get_customer()).sudo()
            partner = partner.commercial_partner_id
            if partner and not partner.lifecycle_objection_date:
                date = profile.lead_id.lifecycle_objection_date
                partner.lifecycle_objection_date = date
