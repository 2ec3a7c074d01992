from odoo import models


class CrmTeam(models.Model):
    _inherit = "crm.team"

    def write(self, vals):
        """Clear the cached record rules, which name the leader's stand-ins."""
        result = super().write(vals)
        if "user_id" in vals:
            self.env.registry.clear_cache()
            self.env["res.users"].invalidate_model(["lifecycle_represented_ids"])
        return result
