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
        # With customers who have no profile yet: their documents may have moved here.
        return SQL(
            """
            WITH contact AS (
                SELECT id, commercial_partner_id FROM res_partner WHERE write_date >= %s
            )
            SELECT id AS partner_id, NULL::int AS lead_id FROM contact
             UNION SELECT commercial_partner_id, NULL FROM contact
            """,
            scope.since,
        )
