from odoo import models


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _execute(self, checkpoint=None):
        """Have the moves that reports keep follow a run over all changes."""
        run = super()._execute(checkpoint)
        if run.state == "done" and run.kind != "quick":
            self.env["crm.lifecycle.turn"]._trigger_refresh()
        return run

    def _void(self, reason):
        """Have these moves follow a voided run, too."""
        result = super()._void(reason)
        self.env["crm.lifecycle.turn"]._trigger_refresh()
        return result
