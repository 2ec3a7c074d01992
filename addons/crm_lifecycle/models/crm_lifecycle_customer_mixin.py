from odoo import api, fields, models
from odoo.fields import Domain

from ..access import as_reader, can_read, is_readable


class CrmLifecycleCustomerMixin(models.AbstractModel):
    """Document of a customer (an order, an invoice, a ticket) that shows the customer's
    stage in the company of the document, and opens their profile.

    Inherit this mixin before the model of the document, so that its overrides run after
    those of the application.
    """

    _name = "crm.lifecycle.customer.mixin"
    _inherit = ["crm.lifecycle.owner.mixin"]
    _description = "Document of a Customer"

    _lifecycle_owner_fields = frozenset({"partner_id", "company_id"})

    lifecycle_profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        compute="_compute_lifecycle_profile_id",
        search="_search_lifecycle_profile_id",
        compute_sudo=False,
        groups="sales_team.group_sale_salesman",
    )
    lifecycle_stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage",
        compute="_compute_lifecycle_profile_id",
        search="_search_lifecycle_stage_id",
        compute_sudo=False,
        groups="sales_team.group_sale_salesman",
    )

    @api.depends("partner_id", "company_id")
    @api.depends_context("uid")
    def _compute_lifecycle_profile_id(self):
        """Find the profiles of the documents' customers that the user may see."""
        profiles = self._get_lifecycle_profiles(self.env["crm.lifecycle.profile"])
        for document in self:
            profile = profiles.get(document)
            document.lifecycle_profile_id = profile
            document.lifecycle_stage_id = profile and profile.stage_id

    def _get_lifecycle_profiles(self, Profile):
        """Return ``{document: profile}``, in one search."""
        # sudo: the contact identifies the customer; nothing of it is shown.
        owners = {document: document.sudo()._get_lifecycle_owner() for document in self}
        customers = {customer.id for customer, _company in owners.values() if customer}
        companies = {company.id for _customer, company in owners.values()}
        if not customers or not is_readable(Profile):
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

    def _search_lifecycle_profile_id(self, operator, value):
        return self._search_lifecycle("id", operator, value)

    def _search_lifecycle_stage_id(self, operator, value):
        return self._search_lifecycle("stage_id", operator, value)

    def _search_lifecycle(self, name, operator, value):
        """Find documents by a field of their customer's profile.

        The profiles are searched with the user's own rights. A search for an empty
        value finds the documents without a profile or with an empty field.
        """
        if operator not in ("in", "any", "any!"):
            return NotImplemented
        Profile = as_reader(self.env["crm.lifecycle.profile"])
        if not can_read(Profile):
            return Domain.FALSE
        if operator != "in":
            condition = Domain(name, "any", value)
            return self._get_documents_of(Profile, condition)
        known = [item for item in value if item]
        domain = self._get_documents_of(Profile, Domain(name, "in", known))
        if len(known) < len(value):
            domain |= ~self._get_documents_of(Profile, Domain(name, "!=", False))
        return domain

    @api.model
    def _get_documents_of(self, Profile, condition):
        """Return the domain of the documents of some profiles.

        It has one condition for each of the user's companies, since a customer has a
        profile in each.
        """
        domains = []
        for company in self.env.companies:
            found = Profile.with_context(active_test=False)._search(
                condition
                & Domain("company_id", "=", company.id)
                & Domain("partner_id", "!=", False)
            )
            # "any!": only the commercial partner is compared; nothing of the contact is
            # shown.
            customer = Domain(
                "commercial_partner_id", "in", found.subselect("partner_id")
            )
            domains.append(
                self._get_lifecycle_company_domain(company)
                & Domain("partner_id", "any!", customer)
            )
        return Domain.OR(domains)

    @api.model
    def _get_lifecycle_company_domain(self, company):
        """Extension point: return the domain of the documents that count in a company,
        see `_get_lifecycle_owner`."""
        return Domain("company_id", "=", company.id)

    def _get_lifecycle_owner(self):
        """Extension point: return the customer and the company of the document."""
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
