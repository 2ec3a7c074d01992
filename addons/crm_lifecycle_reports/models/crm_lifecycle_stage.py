from odoo import models


class CrmLifecycleStage(models.Model):
    _inherit = "crm.lifecycle.stage"

    def write(self, vals):
        """Who counts as a customer is told by the category: have it counted anew."""
        changes = "category" in vals and any(
            stage.category != vals["category"] for stage in self
        )
        result = super().write(vals)
        if changes:
            self.env["crm.lifecycle.turn"]._forget()
        return result
