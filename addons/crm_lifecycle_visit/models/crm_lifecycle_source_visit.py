from odoo import models
from odoo.tools import SQL


class CrmLifecycleSourceVisit(models.AbstractModel):
    """Facts from return visits that reached the customer."""

    _name = "crm.lifecycle.source.visit"
    _inherit = "crm.lifecycle.source"
    _description = "Customer Facts from Return Visits"

    _facts = ("visit_last_date", "visit_satisfaction")

    def _changed_subjects(self, scope):
        changes = [SQL("TRUE")]
        if not scope.is_full:
            changes = [
                SQL("v.write_date >= %s", scope.since),
                scope.date_crosses_cutoff(SQL("v.date_done")),
            ]
        return SQL(" UNION ALL ").join(
            SQL(
                """
                SELECT p.partner_id, p.lead_id
                  FROM crm_lifecycle_visit AS v
                  JOIN crm_lifecycle_profile AS p ON p.id = v.profile_id
                 WHERE v.company_id = %s AND %s
                """,
                scope.company_id,
                changed,
            )
            for changed in changes
        )

    def _fact_values(self, scope):
        """SQL of the last visit, and of the last one with a satisfaction."""
        return SQL(
            """
            SELECT b.profile_id, MAX(v.date_done) AS visit_last_date,
                   (array_agg(v.satisfaction_score ORDER BY v.date_done DESC, v.id DESC)
                    FILTER (WHERE v.satisfaction_score IS NOT NULL))[1]
                       AS visit_satisfaction
              FROM lifecycle_batch AS b
              JOIN crm_lifecycle_visit AS v ON v.profile_id = b.profile_id
             WHERE v.result = 'reached' AND v.date_done <= %s AND %s
             GROUP BY b.profile_id
            """,
            scope.as_of,
            scope.needs_refresh(self._name, "b"),
        )
