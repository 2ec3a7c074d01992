from odoo import api, fields, models


class CrmLifecycleDocument(models.AbstractModel):
    """A document of a customer (an order, an invoice, a ticket): it shows where the
    customer stands in the document's company, and opens their profile.

    Inherited before the model of the document, so that what is done here comes after
    all that its application does.
    """

    _name = "crm.lifecycle.document"
    _description = "Document of a Customer"

    lifecycle_profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        compute="_compute_lifecycle_profile_id",
        compute_sudo=False,
        groups="sales_team.group_sale_salesman",
    )
    lifecycle_stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage",
        compute="_compute_lifecycle_profile_id",
        compute_sudo=False,
        groups="sales_team.group_sale_salesman",
    )

    @api.depends("partner_id", "company_id")
    @api.depends_context("uid")
    def _compute_lifecycle_profile_id(self):
        """Find the customers of the documents, those that the user sees."""
        profiles = self._get_lifecycle_profiles(self.env["crm.lifecycle.profile"])
        for document in self:
            profile = profiles.get(document)
            document.lifecycle_profile_id = profile
            document.lifecycle_stage_id = profile and profile.stage_id

    def _get_lifecycle_profiles(self, Profile):
        """Return ``{document: profile}``, in one search."""
        # Whose contact it is tells which customer; nothing of the contact is shown.
        owners = {document: document.sudo()._get_lifecycle_owner() for document in self}
        customers = {customer.id for customer, _company in owners.values() if customer}
        companies = {company.id for _customer, company in owners.values()}
        if not customers or not Profile.has_access("read"):
            return {}
        profiles = Profile.with_context(active_test=False).search_fetch(
            [
                ("partner_id", "in", list(customers)),
                ("company_id", "in", list(companies)),
            ],
            ["partner_id", "company_id", "stage_id"],
        )
        known = {
            (profile.partner_id.id, profile.company_id.id): profile
            for profile in profiles
        }
        return {
            document: known[customer.id, company.id]
            for document, (customer, company) in owners.items()
            if (customer.id, company.id) in known
        }

    def _get_lifecycle_owner(self):
        """Extension point: return the customer, and the company where they count."""
        self.ensure_one()
        return self.partner_id.commercial_partner_id, self.company_id

    def action_open_lifecycle_profile(self):
        """Open the profile of the document's customer."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lifecycle.profile",
            "res_id": self.lifecycle_profile_id.id,
            "view_mode": "form",
        }
