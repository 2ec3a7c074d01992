from odoo import api, models


class CrmLifecycle(models.Model):
    _inherit = "crm.lifecycle"

    @api.model
    def _cron_run(self):
        """Before anything else, finish the runs that the queue does not."""
        self.env["crm.lifecycle.run"]._rescue()
        return super()._cron_run()

    @api.model
    def _is_run_due(self, company):
        """One run at a time: two on different days would mix what they see."""
        return not self._is_handed_out(company) and super()._is_run_due(company)

    @api.model
    def _is_work_waiting(self, company):
        """The work list is the shards' as long as there are any.

        A quick run beside them would hold customers back from the shards that
        evaluate them. The end of the run wakes the scheduled job.
        """
        return not self._is_handed_out(company) and super()._is_work_waiting(company)

    @api.model
    def _is_handed_out(self, company):
        return bool(self.env["crm.lifecycle.run"]._get_handed_out(company))
