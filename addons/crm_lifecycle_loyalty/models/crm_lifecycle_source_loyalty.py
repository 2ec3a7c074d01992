from odoo import models
from odoo.tools import SQL


class CrmLifecycleSourceLoyalty(models.AbstractModel):
    """Facts from the ledger of points and the history of tiers.

    Only loyalty cards count, of programmes of the company or without a company. The
    balance is the sum of the entries by the end of the day. The tier is the one that
    the history gives for that day.
    """

    _name = "crm.lifecycle.source.loyalty"
    _inherit = "crm.lifecycle.source"
    _description = "Customer Facts from Loyalty Cards"

    _facts = ("loyalty_points", "loyalty_tier_id")

    def _changed_subjects(self, scope):
        changes = [(SQL("loyalty_program AS x ON x.id = c.program_id"), SQL("TRUE"))]
        if not scope.is_full:
            changes = self._get_changes(scope)
        return SQL(" UNION ALL ").join(
            SQL(
                """
                SELECT DISTINCT c.partner_id, NULL::int AS lead_id
                  FROM loyalty_card AS c
                  JOIN loyalty_program AS p ON p.id = c.program_id
                  JOIN %s
                 WHERE %s AND c.partner_id IS NOT NULL AND %s
                """,
                join,
                self._get_program_condition(scope),
                changed,
            )
            for join, changed in changes
        )

    def _get_changes(self, scope):
        """SQL joins to the rows that may have changed, each with its condition."""
        program = SQL("loyalty_program AS x ON x.id = c.program_id")
        tier = SQL("crm_loyalty_tier AS x ON x.program_id = c.program_id")
        entry = SQL("crm_loyalty_entry AS x ON x.card_id = c.id")
        history = SQL("crm_loyalty_tier_history AS x ON x.card_id = c.id")
        day = SQL("x.date")
        return [
            (entry, SQL("x.create_date >= %s", scope.since)),
            (entry, scope.date_crosses_cutoff(day)),
            (history, SQL("x.create_date >= %s", scope.since)),
            (history, scope.date_crosses_cutoff(day)),
            (program, SQL("c.write_date >= %s", scope.since)),
            (program, scope.date_crosses_cutoff(SQL("c.crm_loyalty_member_since"))),
            (program, SQL("x.write_date >= %s", scope.since)),
            (tier, SQL("x.write_date >= %s", scope.since)),
        ]

    def _get_program_condition(self, scope):
        """SQL condition: the cards of programme ``p`` count in the company."""
        return SQL(
            "p.program_type = 'loyalty' "
            "AND (p.company_id = %s OR p.company_id IS NULL)",
            scope.company_id,
        )

    def _fact_values(self, scope):
        return SQL(
            """
            SELECT b.profile_id,
                   SUM(COALESCE(
                       ledger.points,
                       CASE WHEN c.crm_loyalty_member_since <= %(as_of)s THEN 0 END
                   ))::float AS loyalty_points,
                   (ARRAY_AGG(t.id ORDER BY p.sequence, p.id, t.threshold DESC, c.id)
                       FILTER (WHERE t.id IS NOT NULL))[1] AS loyalty_tier_id
              FROM lifecycle_batch_contact AS b
              JOIN loyalty_card AS c ON c.partner_id = b.partner_id AND c.active
              JOIN loyalty_program AS p ON p.id = c.program_id AND p.active
         LEFT JOIN LATERAL (
                   SELECT SUM(e.points) AS points
                     FROM crm_loyalty_entry AS e
                    WHERE e.card_id = c.id AND e.date <= %(as_of)s
                   ) AS ledger ON TRUE
         LEFT JOIN LATERAL (
                   SELECT h.to_tier_id
                     FROM crm_loyalty_tier_history AS h
                    WHERE h.card_id = c.id AND h.date <= %(as_of)s
                    ORDER BY h.date DESC, h.id DESC
                    LIMIT 1
                   ) AS last ON TRUE
         LEFT JOIN crm_loyalty_tier AS t ON t.id = last.to_tier_id
             WHERE %(counts)s AND %(is_pending)s
             GROUP BY b.profile_id
            """,
            as_of=scope.as_of,
            counts=self._get_program_condition(scope),
            is_pending=scope.needs_refresh(self._name, "b"),
        )
