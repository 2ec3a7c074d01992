from odoo import models


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _erase_profiles(self):
        """Erase the payloads of webhooks; what waits for sending is not sent."""
        self.env["crm.lifecycle.step"].search(
            [("profile_id", "in", self.ids), ("kind", "=", "webhook")]
        )._erase_payload()
        return super()._erase_profiles()
