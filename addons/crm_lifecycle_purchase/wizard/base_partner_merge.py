from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Read the purchases of merged contacts again: their documents have moved."""
        # sudo: merging contacts is a separate access right.
        merged = (src_partners | dst_partner).sudo()
        Pending = self.env["crm.lifecycle.purchase.pending"]
        Pending._mark_customers_pending(merged | merged.commercial_partner_id)
        return super()._update_foreign_keys(src_partners, dst_partner)
