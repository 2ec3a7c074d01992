from odoo import models
from odoo.tools import SQL


class CrmLifecycleSatisfactionReport(models.Model):
    """Add the customer dimensions of the other reports to scores."""

    _name = "crm.lifecycle.satisfaction.report"
    _inherit = ["crm.lifecycle.satisfaction.report", "crm.lifecycle.report.mixin"]

    @property
    def _table_query(self):
        """The answers, joined with the customer columns.

        A `LEFT JOIN` by a unique key, which PostgreSQL removes if it is not needed.
        """
        return SQL(
            """
            SELECT e.*, %(known)s
              FROM (%(answers)s) AS e
         LEFT JOIN (SELECT p.id AS customer_id, %(columns)s
                      FROM crm_lifecycle_profile AS p %(joins)s
                   ) AS k ON k.customer_id = e.profile_id
            """,
            known=SQL(", ").join(
                SQL.identifier("k", name)
                for name in self._get_customer_column_names(["partner_id", "user_id"])
            ),
            answers=super()._table_query,
            columns=self._get_customer_columns(),
            joins=self._get_customer_joins(),
        )
