from odoo import models


class LoyaltyCard(models.Model):
    _name = "loyalty.card"
    _inherit = ["crm.lifecycle.owner.mixin", "loyalty.card"]

    _lifecycle_owner_fields = frozenset({"partner_id", "program_id", "company_id"})
    _triggers_lifecycle_run = False

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
