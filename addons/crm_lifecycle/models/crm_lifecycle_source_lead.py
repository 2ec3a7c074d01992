from odoo import models
from odoo.tools import SQL

# A lead won without passing through the form has no closing date.
CLOSED = "COALESCE(date_closed, date_last_stage_update, create_date)"


def get_lead_company(alias):
    """Return SQL of the company in which a lead counts.

    A lead without a company belongs to that of its salesperson, of its customer, or
    else to the first one: a lead counts in one company only.
    """
    return SQL(
        """
        COALESCE(%(lead)s.company_id,
                 (SELECT u.company_id FROM res_users AS u
                   WHERE u.id = %(lead)s.user_id),
                 (SELECT c.company_id FROM res_partner AS c
                   WHERE c.id = %(lead)s.partner_id),
                 (SELECT MIN(r.id) FROM res_company AS r))
        """,
        lead=SQL.identifier(alias),
    )


class CrmLifecycleSourceLead(models.AbstractModel):
    """Facts from leads and opportunities."""

    _name = "crm.lifecycle.source.lead"
    _inherit = "crm.lifecycle.source"
    _description = "Customer Facts from Leads"

    _facts = ("first_seen_date", "open_lead_count", "won_count", "lost_count")

    _closed = SQL(CLOSED)

    def _get_company_condition(self, scope):
        """Return the SQL condition that lead ``l`` belongs to the company."""
        return SQL(
            "(l.company_id = %(company)s "
            "OR l.company_id IS NULL AND %(company)s = %(own)s)",
            company=scope.company_id,
            own=get_lead_company("l"),
        )

    def _changed_subjects(self, scope):
        changed = SQL("TRUE")
        if not scope.is_full:
            changed = SQL(
                "(l.write_date >= %s OR %s OR %s)",
                scope.since,
                scope.crosses_cutoff(SQL("l.create_date")),
                scope.crosses_cutoff(self._closed),
            )
        return SQL(
            """
            SELECT l.partner_id, CASE WHEN l.partner_id IS NULL THEN l.id END AS lead_id
              FROM crm_lead AS l
             WHERE %s AND l.create_date < %s AND %s
            """,
            self._get_company_condition(scope),
            scope.day_end,
            changed,
        )

    def _fact_values(self, scope):
        return SQL(
            """
            SELECT b.profile_id,
                   MIN(%(created)s) AS first_seen_date,
                   COUNT(*) FILTER (
                       WHERE l.won_status = 'pending' AND l.active
                          OR l.won_status IN ('won', 'lost') AND %(closed)s >= %(end)s
                   ) AS open_lead_count,
                   COUNT(*) FILTER (
                       WHERE l.won_status = 'won' AND %(closed)s < %(end)s
                   ) AS won_count,
                   COUNT(*) FILTER (
                       WHERE l.won_status = 'lost' AND %(closed)s < %(end)s
                   ) AS lost_count
              FROM lifecycle_batch_lead AS b
              JOIN crm_lead AS l ON l.id = b.lead_id
             WHERE l.create_date < %(end)s AND %(is_pending)s
             GROUP BY b.profile_id
            """,
            created=scope.local_date(SQL("l.create_date")),
            closed=self._closed,
            is_pending=scope.needs_refresh(self._name, "b"),
            end=scope.day_end,
        )
