from odoo import models
from odoo.tools import SQL


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _merge_related_records(self, sources, *, is_writer=True):
        """Have the purchases by month of merged customers counted together.

        Until then, the months of both add up.
        """
        result = super()._merge_related_records(sources, is_writer=is_writer)
        self.env.cr.execute(
            SQL(
                "INSERT INTO crm_lifecycle_purchase_month_pending "
                "(company_id, partner_id) SELECT company_id, partner_id "
                "FROM crm_lifecycle_profile WHERE id = %s AND partner_id IS NOT NULL",
                self.id,
            )
        )
        return result
