from odoo import models


class LoyaltyCard(models.Model):
    """Quotations follow when cards are merged."""

    _inherit = "loyalty.card"

    def _mark_merged_into(self, kept):
        result = super()._mark_merged_into(kept)
        # The right to merge contacts includes their quotations. Merged cards are
        # archived.
        orders = self.env["sale.order"].sudo().with_context(active_test=False)
        orders._search_open_orders(self)._replace_cards(self, kept)
        return result
