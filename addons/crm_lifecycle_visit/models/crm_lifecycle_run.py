from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine.statements import join_stage_entry

# Customers with a visit due: the history row of their stay, and the day.
DUE_VISITS_QUERY = """
        SELECT d.profile_id, entry.id, d.due
          FROM (
                SELECT p.id AS profile_id, p.stage_id,
                       CASE WHEN last.day + s.visit_days >= s.visit_since
                            THEN last.day + s.visit_days
                            ELSE s.visit_since + p.id %% s.visit_days
                       END AS due
                  FROM crm_lifecycle_profile AS p
                  JOIN crm_lifecycle_stage AS s ON s.id = p.stage_id
                  JOIN crm_lifecycle AS l ON l.id = s.lifecycle_id
            CROSS JOIN LATERAL (
                        SELECT GREATEST(p.stage_date, MAX(
                                   COALESCE(v.date_done, v.date_due))) AS day,
                               bool_or(v.state = 'planned') AS is_planned
                          FROM crm_lifecycle_visit AS v
                         WHERE v.profile_id = p.id
                       ) AS last
                 WHERE p.company_id = %(company)s AND p.active AND %(mine)s
                   AND l.state = 'active' AND s.visit_days > 0
                   AND last.is_planned IS NOT TRUE
               ) AS d
               %(entry)s
         WHERE d.due <= %(as_of)s
         ORDER BY d.due, d.profile_id
         LIMIT %(limit)s
"""


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    visits_planned_at = fields.Datetime(
        string="Visits planned",
        readonly=True,
        help="When the return visits due on the day of the run had been planned.",
    )

    def _has_due_work(self):
        return super()._has_due_work() or bool(self._get_due_visits(limit=1))

    def _get_due_visits(self, profile_ids=None, limit=None):
        """Return ``{profile id: (history id of the stay, day)}`` of visits to plan.

        A visit is due if the customer has been in the stage for its number of days
        without a visit, and has none planned. Customers who were due before the stage
        got its interval are spread over the first one by their ids, to avoid a peak on
        one day.
        """
        self.ensure_one()
        self.env.flush_all()
        mine = SQL("TRUE")
        if profile_ids is not None:
            mine = SQL("p.id = ANY(%s)", list(profile_ids))
        rows = self.env.execute_query(
            SQL(
                DUE_VISITS_QUERY,
                company=self.company_id.id,
                as_of=self.as_of,
                entry=join_stage_entry(
                    SQL("d.profile_id"), SQL("d.stage_id"), with_merges=True
                ),
                mine=mine,
                limit=limit,
            )
        )
        return {profile_id: (row_id, due) for profile_id, row_id, due in rows}
