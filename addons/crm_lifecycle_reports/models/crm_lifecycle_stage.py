from odoo import models


class CrmLifecycleStage(models.Model):
    _inherit = "crm.lifecycle.stage"

    def write(self, vals):
        """Recompute all turns if the category changes: it defines customers."""
        changes = "category" in vals and any(
            stage.category != vals["category"] for stage in self
        )
        result = super().write(vals)
        if changes:
            self.env["crm.lifecycle.growth.event"]._recompute_all()
        return result
