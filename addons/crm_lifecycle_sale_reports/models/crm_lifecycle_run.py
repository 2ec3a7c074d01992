from odoo import models


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _execute(self, checkpoint=None):
        """Have the purchases by month follow a run over all changes."""
        run = super()._execute(checkpoint)
        if run.state == "done" and run.kind != "quick":
            self.env.ref("crm_lifecycle_sale_reports.ir_cron_purchase_month")._trigger()
        return run
