from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge_loyalty_cards(self, src_partners, dst_partner):
        """Move the lots and debts with their days, instead of only the balance."""
        Card = self.env["loyalty.card"]
        partners = src_partners | dst_partner
        # The right to merge contacts includes their cards.
        before = Card.sudo().search([("partner_id", "in", partners.ids)])
        tiered = self._get_tiered_cards(partners)
        with Card._collect_points(Card._get_transfers):
            result = super()._merge_loyalty_cards(src_partners, dst_partner)
            self._merge_tiers(tiered)
        for cards in before.grouped("program_id").values():
            kept = cards.filtered("active")[:1]
            gone = cards.filtered(lambda card: not card.active)
            if kept and gone:
                gone._mark_merged_into(kept)
        return result

    def _get_tiered_cards(self, partners):
        """Return the cards of contacts in programs with tiers."""
        # The right to merge contacts includes their cards.
        return (
            self.env["loyalty.card"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", partners.ids),
                    (
                        "program_id",
                        "in",
                        list(self.env["loyalty.program"]._get_tier_program_ids()),
                    ),
                ]
            )
        )

    def _merge_tiers(self, before):
        """Count what merged cards earned for the tier of the card that is kept.

        :param before: the cards with tiers of the contacts before the merge
        """
        for program, cards in before.grouped("program_id").items():
            kept = cards.filtered("active")[:1]
            gone = cards - kept
            if not kept or not gone:
                continue
            gone._transfer_qualifying(kept)
            kept.crm_loyalty_member_since = min(
                cards.mapped("crm_loyalty_member_since")
            )
            program._evaluate_tiers(cards=kept)

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Invalidate the customer of entries, which changes with the card."""
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env["crm.loyalty.entry"].invalidate_model(["partner_id"])
        return result
