from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _erase_rest(self):
        """Erase what the points ledger says of the persons, and keep its sums."""
        result = super()._erase_rest()
        # Cards of all companies: the person is erased in all of them.
        cards = self.env["loyalty.card"].sudo().with_context(active_test=False)
        cards.search([("partner_id", "in", self.ids)])._erase_person()
        return result
