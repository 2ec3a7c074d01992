from odoo import fields, models
from odoo.tools import SQL


class CrmLoyaltyPointsReport(models.Model):
    """Points by the customer dimensions of the other reports.

    The customer of an entry is that of its card, in the company of the programme. For
    programmes without a company, it is the customer in the user's current company.
    """

    _name = "crm.loyalty.points.report"
    _inherit = ["crm.loyalty.points.report", "crm.lifecycle.report.mixin"]

    # In the other reports, the customer is the profile.
    partner_id = fields.Many2one(string="Contact")
    lifecycle_id = fields.Many2one(comodel_name="crm.lifecycle", readonly=True)
    stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage", string="Stage today", readonly=True
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT e.*, k.profile_id, k.lifecycle_id, k.stage_id, %(known)s
              FROM (%(entries)s) AS e
         LEFT JOIN res_partner AS holder ON holder.id = e.partner_id
         LEFT JOIN (SELECT p.id AS profile_id, p.company_id, p.lifecycle_id,
                           p.stage_id, %(columns)s
                      FROM crm_lifecycle_profile AS p %(joins)s
                   ) AS k ON k.partner_id = holder.commercial_partner_id
                         AND k.company_id = COALESCE(e.company_id, %(company)s)
            """,
            known=SQL(", ").join(
                SQL.identifier("k", name)
                for name in self._get_customer_column_names(["partner_id"])
            ),
            entries=super()._table_query,
            columns=self._get_customer_columns(),
            joins=self._get_customer_joins(),
            company=self.env.company.id,
        )
