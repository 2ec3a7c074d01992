from odoo import api, models
from odoo.tools import SQL


class ResUsers(models.Model):
    """The company of a salesperson is that of their leads without a company."""

    _name = "res.users"
    _inherit = ["crm.lifecycle.owner.mixin", "res.users"]

    _lifecycle_owner_fields = frozenset({"company_id"})

    @api.model
    def _get_owners_sql(self):
        """Return the customers of the leads without a company."""
        return SQL(
            """
            SELECT o.company_id, l.partner_id,
                   CASE WHEN l.partner_id IS NULL THEN l.id END
              FROM crm_lead AS l
             WHERE l.user_id = o.id AND l.company_id IS NULL
            """
        )

    def unlink(self):
        """Mark the customers of the leads that lose their salesperson."""
        # sudo: includes leads that the user may not read.
        leads = self.env["crm.lead"].sudo().with_context(active_test=False)
        leads = leads.search([("user_id", "in", self.ids), ("company_id", "=", False)])
        self.env["crm.lifecycle.pending"]._mark_pending(
            None, partners=leads.partner_id, leads=leads
        )
        return super().unlink()
