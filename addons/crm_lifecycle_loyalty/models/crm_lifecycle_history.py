from odoo import api, models


class CrmLifecycleHistory(models.Model):
    _inherit = "crm.lifecycle.history"

    @api.model
    def _format_fact(self, field, value):
        """Return the name of a tier instead of its id."""
        if field.name == "loyalty_tier_id" and value:
            # `sudo()`: users who see the customer may read the name of the tier.
            tier = self.env["crm.loyalty.tier"].sudo().browse(int(value)).exists()
            return tier.name or str(value)
        return super()._format_fact(field, value)
