from odoo import models


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _after_run(self):
        """Refresh the purchases by month after a full run."""
        result = super()._after_run()
        if self.kind != "quick":
            self.env.ref(
                "crm_lifecycle_purchase_reports.ir_cron_purchase_month"
            )._trigger()
        return result
