from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Merge the profiles first: the core would delete one of them.

        The core deletes rows that violate a unique index, and their history with them.
        """
        # Merging contacts is a separate access right; profiles follow their contacts.
        Profile = self.env["crm.lifecycle.profile"].sudo()
        profiles = Profile.with_context(active_test=False).search(
            [("partner_id", "in", src_partners.ids)]
        )
        profiles.with_env(self.env)._lifecycle_convert(
            dst_partner, origin="merge", document=dst_partner
        )
        self.env.flush_all()
        # sudo: the companies that merged contacts were part of lose their documents.
        former = src_partners.sudo().commercial_partner_id - src_partners
        result = super()._update_foreign_keys(src_partners, dst_partner)
        History = self.env["crm.lifecycle.history"]
        History._clear_references("partner_id", src_partners, replacement=dst_partner)
        self.env["crm.lifecycle.pending"]._mark_pending(
            None, partners=dst_partner | former
        )
        return result
