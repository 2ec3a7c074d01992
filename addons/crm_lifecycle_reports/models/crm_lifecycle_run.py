from odoo import models


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _after_run(self):
        """Refresh the stored turns after a full run."""
        result = super()._after_run()
        if self.kind != "quick":
            self.env["crm.lifecycle.growth.event"]._trigger_refresh()
        return result

    def _void(self, reason):
        """Refresh the stored turns after a voided run."""
        result = super()._void(reason)
        self.env["crm.lifecycle.growth.event"]._trigger_refresh()
        return result
