from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge_loyalty_cards(self, src_partners, dst_partner):
        """Have what merged cards earned count for the tier of the one that stays."""
        # Merging contacts is a right of its own; cards follow.
        Card = self.env["loyalty.card"].sudo()
        domain = [
            (
                "program_id",
                "in",
                list(self.env["loyalty.program"]._get_tier_program_ids()),
            )
        ]
        before = Card.search(
            [("partner_id", "in", (src_partners | dst_partner).ids), *domain]
        )
        result = super()._merge_loyalty_cards(src_partners, dst_partner)
        for program, cards in before.grouped("program_id").items():
            kept = cards.filtered("active")[:1]
            gone = cards - kept
            if not kept or not gone:
                continue
            gone._move_qualifying(kept)
            kept.member_since = min(cards.mapped("member_since"))
            program._evaluate_tiers(cards=kept)
        return result
