from odoo import models
from odoo.tools import SQL


class CrmLifecycleSourcePartner(models.AbstractModel):
    """Changes of contacts: archived, merged, or assigned to a company."""

    _name = "crm.lifecycle.source.partner"
    _inherit = "crm.lifecycle.source"
    _description = "Changes of Contacts"

    def _changed_subjects(self, scope):
        if scope.is_full:
            # Their documents determine who is a customer.
            return SQL("SELECT NULL::int AS partner_id, NULL::int AS lead_id LIMIT 0")
        return SQL(
            """
            WITH contact AS (
                SELECT id, commercial_partner_id FROM res_partner WHERE write_date >= %s
            )
            SELECT p.partner_id, NULL::int AS lead_id
              FROM (SELECT id FROM contact
                     UNION SELECT commercial_partner_id FROM contact) AS c
              JOIN crm_lifecycle_profile AS p ON p.partner_id = c.id
             WHERE p.company_id = %s
            """,
            scope.since,
            scope.company_id,
        )
