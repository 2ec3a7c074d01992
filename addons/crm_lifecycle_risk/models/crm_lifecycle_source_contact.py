from odoo import api, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source_contact import DocumentType


class CrmLifecycleSourceContact(models.AbstractModel):
    _inherit = "crm.lifecycle.source.contact"

    @api.model
    def _get_document_types(self):
        """Add cases: their calls and messages are contacts with the customer."""
        return [
            *super()._get_document_types(),
            DocumentType(
                "crm.lifecycle.risk.case",
                "crm_lifecycle_risk_case",
                partner="partner_id",
                company="company_id",
            ),
        ]
