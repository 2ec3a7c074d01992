from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge_loyalty_cards(self, src_partners, dst_partner):
        """Move lots and debts, each with its days, instead of a bare balance."""
        Card = self.env["loyalty.card"]
        partners = src_partners | dst_partner
        # Merging contacts is a right of its own; cards follow.
        before = Card.sudo().search([("partner_id", "in", partners.ids)])
        with Card._collect_points(Card._get_transfers):
            result = super()._merge_loyalty_cards(src_partners, dst_partner)
        for cards in before.grouped("program_id").values():
            kept = cards.filtered("active")[:1]
            gone = cards.filtered(lambda card: not card.active)
            if kept and gone:
                gone._note_merge(kept)
        return result

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Have caches forget whose entries they are: they follow the customer."""
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env["loyalty.point.entry"].invalidate_model(["partner_id"])
        return result
