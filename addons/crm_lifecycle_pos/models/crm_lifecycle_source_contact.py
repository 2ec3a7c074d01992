from odoo import api, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source_contact import DocumentType


class CrmLifecycleSourceContact(models.AbstractModel):
    _inherit = "crm.lifecycle.source.contact"

    @api.model
    def _get_document_types(self):
        return [
            *super()._get_document_types(),
            DocumentType(
                "pos.order", "pos_order", partner="partner_id", company="company_id"
            ),
        ]
