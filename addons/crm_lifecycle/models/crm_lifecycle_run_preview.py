"""What runs would do, with nothing written."""

from contextlib import contextmanager

from odoo import api, models
from odoo.tools import SQL

from ..engine import shadow

# Customers that a preview or a comparison names.
NAMED = 500
THEN = SQL("lifecycle_then")
# What is told of a customer on one side of a comparison.
SIDE = ("stage", "rule", "reason", "facts")
SIDES = (SQL("lifecycle_left_side"), SQL("lifecycle_right_side"))


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    @api.model
    def _preview(self, company, lifecycles, as_of=None, limit=NAMED):
        """See `crm.lifecycle._preview`."""
        with self._on_copies(company, as_of) as run:
            run._phase_move(None, lifecycles.with_env(run.env), once=True)
            run.env.flush_all()
            return run._read_preview(limit)

    @api.model
    def _compare(self, company, left, right, same, as_of=None, limit=NAMED):
        """See `crm.lifecycle._compare`."""
        with self._on_copies(company, as_of) as run:
            run.env.cr.execute(shadow.keep_facts())
            for number, (lifecycles, side) in enumerate(
                zip((left, right), SIDES, strict=True)
            ):
                if number:
                    run._execute_all(shadow.take_back(run._get_schema(), company.id))
                    run.env.invalidate_all(flush=False)
                run._phase_move(None, lifecycles.with_env(run.env), once=True)
                run.env.flush_all()
                run._execute_all(shadow.keep_side(side))
            return run._read_comparison(same, limit)

    @contextmanager
    def _on_copies(self, company, as_of):
        """Give a run over copies of the customers; take back all that it did.

        Like a replay, the run works on temporary tables named like the real ones,
        which are read once and neither written nor locked.
        """
        self.env.flush_all()
        with self.env.cr.savepoint(flush=False) as savepoint:
            as_of = as_of or company._lifecycle_today()
            run = self.create(
                {"company_id": company.id, "as_of": as_of, "kind": "replay"}
            )
            run = run.with_company(company).with_context(active_test=False)
            run._claim_memory()
            run._execute_all(
                shadow.create_complete(run._get_schema(), company.id, as_of)
            )
            if not run._get_last_collected(company):
                scope = run._get_scope()
                run._collect(scope)
                run._phase_refresh(None, scope)
            try:
                yield run
            finally:
                run.env.invalidate_all(flush=False)
                savepoint.rollback()
        self.env.invalidate_all(flush=False)

    def _get_schema(self):
        """Return the schema of the real tables."""
        return self.env.execute_query(shadow.CURRENT_SCHEMA)[0][0]

    def _read_preview(self, limit):
        """Return what has become of the copies."""
        real = SQL.identifier(self._get_schema(), shadow.PROFILE)
        self._execute_all(shadow.keep_side(THEN))
        stages = self.env.execute_query(
            SQL(
                """
                SELECT stage_id, SUM(is_before)::int, SUM(1 - is_before)::int
                  FROM (SELECT stage_id, 1 AS is_before FROM %s
                         WHERE company_id = %s AND active
                         UNION ALL
                        SELECT stage_id, 0 FROM lifecycle_then) AS place
                 GROUP BY stage_id
                """,
                real,
                self.company_id.id,
            )
        )
        # The stage is that of the last move; its rule tells why.
        moves = SQL(
            """
            FROM lifecycle_then AS t
       LEFT JOIN %s AS r ON r.id = t.profile_id
           WHERE t.stage_id IS DISTINCT FROM r.stage_id
            """,
            real,
        )
        customers = self.env.execute_query(
            SQL(
                "SELECT t.profile_id, t.partner_id, t.lead_id, r.stage_id, t.stage_id, "
                "t.rule_id, t.facts %s ORDER BY t.profile_id LIMIT %s",
                moves,
                limit,
            )
        )
        return {
            "stages": {stage: (before, after) for stage, before, after in stages},
            "moves": self.env.execute_query(
                SQL(
                    "SELECT r.stage_id, t.stage_id, t.rule_id, COUNT(*)::int %s "
                    "GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3",
                    moves,
                )
            ),
            "customers": [row[:-1] for row in customers],
            "facts": {row[0]: row[-1] or {} for row in customers},
        }

    def _read_comparison(self, same, limit):
        """Return where the two sides put each customer."""
        left, right = SIDES
        sides = SQL(
            "FROM %s AS l FULL JOIN %s AS r ON r.profile_id = l.profile_id", left, right
        )
        differs = SQL(
            "(COALESCE(l.stage_id, 0), COALESCE(r.stage_id, 0)) NOT IN "
            "(SELECT * FROM unnest(%s::int[], %s::int[]))",
            [0, *(pair[0] for pair in same)],
            [0, *(pair[1] for pair in same)],
        )
        matrix = self.env.execute_query(
            SQL("SELECT l.stage_id, r.stage_id, COUNT(*)::int %s GROUP BY 1, 2", sides)
        )
        customers = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(l.profile_id, r.profile_id),
                       COALESCE(l.partner_id, r.partner_id),
                       COALESCE(l.lead_id, r.lead_id),
                       l.stage_id, l.rule_id, l.reason, l.facts,
                       r.stage_id, r.rule_id, r.reason, r.facts
                       %s
                 WHERE %s
                 ORDER BY 1
                 LIMIT %s
                """,
                sides,
                differs,
                limit,
            )
        )
        [[differing]] = self.env.execute_query(
            SQL("SELECT COUNT(*)::int %s WHERE %s", sides, differs)
        )
        return {
            "matrix": {(before, after): count for before, after, count in matrix},
            "differing": differing,
            "customers": [
                {
                    **dict(zip(("profile", "partner", "lead"), row, strict=False)),
                    "left": dict(zip(SIDE, row[3:7], strict=True)),
                    "right": dict(zip(SIDE, row[7:], strict=True)),
                }
                for row in customers
            ],
        }
