from odoo import api, models


class CrmLoyaltyCardWizard(models.AbstractModel):
    """Keep wizards about a card from showing cards that the user can't read.

    The wizards compute values from the card with sudo.
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
        """Check access to the card before a form computes values from it."""
        self._check_card(values)
        return super().onchange(values, field_names, fields_spec)

    def _check_card(self, values):
        """Raise AccessError if unsaved values have a card that the user can't read."""
        card = self.new({"card_id": values.get("card_id")}).card_id._origin
        card.check_access("read")
