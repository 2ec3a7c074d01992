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
        # The documents leave the customers of all contacts for that of the target.
        # sudo: includes customers that the user may not read.
        customers = (src_partners | dst_partner).sudo().commercial_partner_id
        self.env.flush_all()
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self._recompute_customers(dst_partner)
        History = self.env["crm.lifecycle.history"]
        History._clear_references("partner_id", src_partners, replacement=dst_partner)
        Pending = self.env["crm.lifecycle.pending"]
        Pending._mark_pending(None, partners=customers | dst_partner)
        return result

    def _recompute_customers(self, partner):
        """Compute the commercial partners below a contact again.

        Contacts below the merged ones are now below this one, by SQL alone.
        """
        Partner = self.env["res.partner"].sudo()  # sudo: as in any change of a parent
        below = Partner.with_context(active_test=False).search(
            [("id", "child_of", partner.ids)]
        )
        self.env.add_to_compute(Partner._fields["commercial_partner_id"], below)
