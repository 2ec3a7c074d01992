from odoo import models


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def write(self, vals):
        """Refresh the previous customer: the next run finds no row that names it."""
        if vals.keys() & {"partner_id", "program_id"}:
            self._mark_lifecycle_pending()
        return super().write(vals)

    def unlink(self):
        self._mark_lifecycle_pending()
        return super().unlink()

    def _mark_lifecycle_pending(self):
        """Add the customers of the cards to the work list of the runs."""
        # `sudo()` also queues customers that the user may not read.
        for company, cards in self.sudo().grouped("company_id").items():
            self.env["crm.lifecycle.pending"]._mark_pending(
                company, partners=cards.partner_id
            )
