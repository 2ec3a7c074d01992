from odoo import models
from odoo.tools import SQL


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _mark_owners_pending(self, vals_list):
        """Read purchases again if they belong to another customer now."""
        super()._mark_owners_pending(vals_list)
        if not any("commercial_partner_id" in vals for vals in vals_list):
            return
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO crm_lifecycle_purchase_pending (channel, res_id)
                SELECT channel, res_id
                  FROM crm_lifecycle_purchase
                 WHERE origin_id IS NULL AND partner_id IN (
                       SELECT old.commercial_partner_id FROM %s
                        WHERE old.commercial_partner_id <> new.commercial_partner_id)
                """,
                self._get_owner_changes(vals_list),
            )
        )
