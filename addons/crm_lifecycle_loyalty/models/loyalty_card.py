from odoo import models


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def write(self, vals):
        """What a card leaves (a customer, a programme) has no row to find."""
        if vals.keys() & {"partner_id", "program_id"}:
            self._touch_lifecycle()
        return super().write(vals)

    def unlink(self):
        self._touch_lifecycle()
        return super().unlink()

    def _touch_lifecycle(self):
        """Put the customers of the cards on the work list of the runs."""
        # Which customer a card belongs to is noted for the runs, not shown.
        for company, cards in self.sudo().grouped("company_id").items():
            self.env["crm.lifecycle.touch"]._touch(company, partners=cards.partner_id)
