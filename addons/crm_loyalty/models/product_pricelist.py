from odoo import api, models


class ProductPricelist(models.Model):
    _inherit = "product.pricelist"

    @api.model
    def _get_partner_pricelist_multi(self, partner_ids):
        """Use the pricelist of the customer's tier, unless one is set by hand.

        Nothing is written on contacts, so the pricelist changes with the tier.
        """
        result = super()._get_partner_pricelist_multi(partner_ids)
        if not self.env["res.groups"]._is_feature_enabled(
            "product.group_product_pricelist"
        ):
            return result
        partners = self.env["res.partner"].browse(partner_ids)
        free = partners.filtered(
            lambda p: not p.specific_property_product_pricelist.active
        )
        for partner_id, pricelist in free._get_tier_pricelists().items():
            result[partner_id] = pricelist
        return result
