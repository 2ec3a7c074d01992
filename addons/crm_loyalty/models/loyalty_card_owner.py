from odoo import models


class LoyaltyCard(models.Model):
    """The owner of a card or personal coupon."""

    _inherit = "loyalty.card"

    def _filter_redeemable_by(self, partner):
        """Return the cards that a customer may redeem.

        The owner is the commercial partner: the contacts of a company share its cards,
        and people without a company have only their own. Cards without a customer, or
        of the public user of a shop, are redeemed by any customer.
        """
        # Only the owners are compared; the caller need not have access to the cards.
        cards = self.sudo()
        buyer = partner.sudo()
        return cards.filtered(
            lambda card: (
                not card.program_id.crm_loyalty_owner_only
                or not card.partner_id
                # Comparing ids first saves reading the contacts.
                or card.partner_id == buyer
                or card.partner_id.commercial_partner_id == buyer.commercial_partner_id
                or card.partner_id.is_public
            )
        ).with_env(self.env)
