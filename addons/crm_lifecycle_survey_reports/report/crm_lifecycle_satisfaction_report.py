from odoo import models
from odoo.tools import SQL


class CrmLifecycleSatisfactionReport(models.Model):
    """Scores by all that tells customers apart in the other reports."""

    _name = "crm.lifecycle.satisfaction.report"
    _inherit = ["crm.lifecycle.satisfaction.report", "crm.lifecycle.report.mixin"]

    @property
    def _table_query(self):
        """The answers, with what is known of the customer beside them.

        Joined by a unique key from the outside, so a question that does not need it
        does without.
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
                for name in self._get_customer_names(["partner_id", "user_id"])
            ),
            answers=super()._table_query,
            columns=self._get_customer_columns(),
            joins=self._get_customer_joins(),
        )
