from odoo import api, models


class LoyaltyCardWizard(models.AbstractModel):
    """Wizards about a card tell nothing of cards that the user may not see.

    What they compute from the card is computed with more rights than the user's.
    """

    _name = "loyalty.card.wizard"
    _description = "Wizard about a Loyalty Card"

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        wizards.card_id.check_access("read")
        return wizards

    def write(self, vals):
        result = super().write(vals)
        self.card_id.check_access("read")
        return result
