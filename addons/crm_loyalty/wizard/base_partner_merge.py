from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge_loyalty_cards(self, src_partners, dst_partner):
        """Move lots and debts, each with its days, instead of a bare balance."""
        Card = self.env["loyalty.card"]
        with Card._collect_points(Card._get_transfers):
            return super()._merge_loyalty_cards(src_partners, dst_partner)

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Have caches forget whose entries they are: they follow the customer."""
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env["loyalty.point.entry"].invalidate_model(["partner_id"])
        return result
