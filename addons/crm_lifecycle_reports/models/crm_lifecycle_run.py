from odoo import models


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _after_run(self):
        """Have the moves that reports keep follow a run over all changes."""
        result = super()._after_run()
        if self.kind != "quick":
            self.env["crm.lifecycle.turn"]._trigger_refresh()
        return result

    def _void(self, reason):
        """Have these moves follow a voided run, too."""
        result = super()._void(reason)
        self.env["crm.lifecycle.turn"]._trigger_refresh()
        return result
