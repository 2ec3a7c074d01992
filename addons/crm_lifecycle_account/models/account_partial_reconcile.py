from odoo import api, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    _lifecycle_max_date_idx = models.Index("(max_date)")

    @api.model_create_multi
    def create(self, vals_list):
        """Evaluate the customers of matched payments within a minute."""
        partials = super().create(vals_list)
        partials._mark_lifecycle_pending()
        return partials

    def unlink(self):
        self._mark_lifecycle_pending()
        return super().unlink()

    def _mark_lifecycle_pending(self):
        """Add the customers of the matched lines to the work list."""
        # `sudo()` also queues customers that the user may not read.
        partials = self.sudo()
        lines = partials.debit_move_id | partials.credit_move_id
        if lines._mark_lifecycle_pending():
            self.env["crm.lifecycle.pending"]._trigger_run()
