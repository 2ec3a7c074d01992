"""Customers who object to profiling: excluded from rules, tags and scores."""

from odoo import api, fields, models
from odoo.fields import Domain

# Domain of the contacts and leads with an objection.
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
            # sudo: any user who sees the customer must see the objection.
            subject = profile.sudo().partner_id or profile.sudo().lead_id
            profile.is_objecting = bool(subject.lifecycle_objection_date)

    def _search_is_objecting(self, operator, value):
        if operator != "in":
            return NotImplemented
        allowed = self._get_profiling_domain()
        return ~allowed if True in value else allowed

    @api.model
    def _get_profiling_domain(self):
        """Return the domain of the customers that rules, tags and scores may process.

        Any code that computes something about customers excludes the others, in SQL.
        """
        Partner = self.env["res.partner"].sudo()  # sudo: only finds who objects
        Lead = self.env["crm.lead"].sudo()
        archived = {"active_test": False}
        return Domain(
            "partner_id", "not in", Partner.with_context(**archived)._search(OBJECTS)
        ) & Domain("lead_id", "not in", Lead.with_context(**archived)._search(OBJECTS))

    def _keep_objections(self, customer=None):
        """Copy objections of leads to their contacts; see `_lifecycle_convert`."""
        # sudo: the objection is kept regardless of the user's rights.
        for profile in self.sudo().filtered("lead_id.lifecycle_objection_date"):
            partner = (customer or profile._get_customer()).sudo()
            partner = partner.commercial_partner_id
            if partner and not partner.lifecycle_objection_date:
                date = profile.lead_id.lifecycle_objection_date
                partner.lifecycle_objection_date = date
