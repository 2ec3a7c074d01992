from odoo import api, models


class CrmLifecycle(models.Model):
    _inherit = "crm.lifecycle"

    @api.model
    def _cron_run(self):
        """Finish dispatched runs without live jobs first."""
        self.env["crm.lifecycle.run"]._finish_stalled()
        return super()._cron_run()

    @api.model
    def _is_run_due(self, company):
        """Wait for a dispatched run: runs on different days would mix their data."""
        return not self._is_dispatched(company) and super()._is_run_due(company)

    @api.model
    def _has_pending_customers(self, company):
        """Leave the work list to the shards while there are any.

        A quick run would lock customers that the shards must evaluate. The end of the
        dispatched run triggers the scheduled job.
        """
        return not self._is_dispatched(company) and super()._has_pending_customers(
            company
        )

    @api.model
    def _is_dispatched(self, company):
        return bool(self.env["crm.lifecycle.run"]._get_dispatched(company))
