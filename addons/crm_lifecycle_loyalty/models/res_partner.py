from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _erase_rest(self):
        """Erase personal data in the points ledger, and keep its sums."""
        result = super()._erase_rest()
        # `sudo()`: the person is erased in all companies.
        cards = self.env["loyalty.card"].sudo().with_context(active_test=False)
        cards.search([("partner_id", "in", self.ids)])._erase_person()
        return result
