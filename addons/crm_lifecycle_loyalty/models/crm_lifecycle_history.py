from odoo import api, models


class CrmLifecycleHistory(models.Model):
    _inherit = "crm.lifecycle.history"

    @api.model
    def _format_fact(self, field, value):
        """Name the tier that a rule looked at."""
        if field.name == "loyalty_tier_id" and value:
            # The name of a tier is no secret to whoever sees the customer.
            tier = self.env["loyalty.tier"].sudo().browse(int(value)).exists()
            return tier.name or str(value)
        return super()._format_fact(field, value)
