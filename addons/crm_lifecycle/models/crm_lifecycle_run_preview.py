"""What a run would do, with nothing written."""

from odoo import api, models
from odoo.tools import SQL

from ..engine import shadow

# Customers who would move that a preview names.
NAMED = 500


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    @api.model
    def _preview(self, company, lifecycles, as_of=None, limit=NAMED):
        """See `crm.lifecycle._preview`.

        Like a replay, the run works on temporary tables; here all is taken back.
        """
        self.env.flush_all()
        with self.env.cr.savepoint(flush=False) as savepoint:
            as_of = as_of or company._lifecycle_today()
            run = self.create(
                {"company_id": company.id, "as_of": as_of, "kind": "replay"}
            )
            run = run.with_company(company).with_context(active_test=False)
            schema = run._get_schema()
            run._execute_all(shadow.create_complete(schema, company.id, as_of))
            if not run._get_last_collected(company):
                scope = run._get_scope()
                run._collect(scope)
                run._phase_refresh(None, scope)
            run._phase_move(None, lifecycles.with_env(run.env))
            run.env.flush_all()
            result = run._read_preview(schema, limit)
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        return result

    def _read_preview(self, schema, limit):
        """Return what has become of the copies."""
        names = {"real": SQL.identifier(schema, shadow.PROFILE), "limit": limit}
        stages = self.env.execute_query(
            SQL(
                """
                SELECT stage_id, SUM(is_before)::int, SUM(1 - is_before)::int
                  FROM (SELECT stage_id, 1 AS is_before FROM %(real)s
                         WHERE company_id = %(company)s AND active
                         UNION ALL
                        SELECT stage_id, 0 FROM crm_lifecycle_profile WHERE active
                       ) AS place
                 GROUP BY stage_id
                """,
                company=self.company_id.id,
                **names,
            )
        )
        # The stage is that of the last move; its rule tells why.
        moves = SQL(
            """
            SELECT p.id, p.partner_id, p.lead_id, r.stage_id AS from_id,
                   p.stage_id AS to_id,
                   (SELECT h.rule_id FROM crm_lifecycle_history AS h
                     WHERE h.profile_id = p.id ORDER BY h.id DESC LIMIT 1) AS rule_id
              FROM crm_lifecycle_profile AS p
         LEFT JOIN %(real)s AS r ON r.id = p.id
             WHERE p.active AND p.stage_id IS DISTINCT FROM r.stage_id
            """,
            **names,
        )
        return {
            "stages": {stage: (before, after) for stage, before, after in stages},
            "moves": self.env.execute_query(
                SQL(
                    "SELECT from_id, to_id, rule_id, COUNT(*)::int FROM (%s) AS move "
                    "GROUP BY from_id, to_id, rule_id ORDER BY 4 DESC, 1, 2, 3",
                    moves,
                )
            ),
            "customers": self.env.execute_query(
                SQL("%s ORDER BY p.id LIMIT %s", moves, limit)
            ),
        }
