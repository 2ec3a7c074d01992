from odoo import api, models


class CrmLoyaltyCardWizard(models.AbstractModel):
    """Wizards about a card tell nothing of cards that the user may not see.

    What they compute from the card is computed with more rights than the user's.
    """

    _name = "crm.loyalty.card.wizard"
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

    @api.model
    def default_get(self, fields):
        defaults = super().default_get(fields)
        self._check_card(defaults)
        return defaults

    def onchange(self, values, field_names, fields_spec):
        """Compute nothing of a card that the user may not see, in no form."""
        self._check_card(values)
        return super().onchange(values, field_names, fields_spec)

    def _check_card(self, values):
        """Raise where values that are not saved name a card the user may not see."""
        card = self.new({"card_id": values.get("card_id")}).card_id._origin
        card.check_access("read")
