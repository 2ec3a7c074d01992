from odoo import api, models
from odoo.tools import SQL


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Read the purchases of merged contacts again: their documents have moved."""
        # sudo: merging contacts is a separate access right.
        merged = (src_partners | dst_partner).sudo()
        Pending = self.env["crm.lifecycle.purchase.pending"]
        Pending._mark_customers_pending(merged | merged.commercial_partner_id)
        self._rename_imported_purchases(merged)
        return super()._update_foreign_keys(src_partners, dst_partner)

    @api.model
    def _rename_imported_purchases(self, partners):
        """Add the ID to document numbers that several of the contacts have.

        The number is part of a unique key, and Odoo deletes the rows of merged contacts
        if they violate one. The oldest purchase keeps its number.
        """
        Import = self.env["crm.lifecycle.purchase.import"]
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_lifecycle_purchase_import AS p
                   SET name = p.name || ' (' || p.id || ')'
                  FROM (SELECT id, ROW_NUMBER() OVER (
                                   PARTITION BY company_id, name ORDER BY id) AS number
                          FROM crm_lifecycle_purchase_import
                         WHERE partner_id = ANY(%s)) AS same
                 WHERE p.id = same.id AND same.number > 1
                """,
                partners.ids,
            )
        )
        Import.invalidate_model(["name"])
