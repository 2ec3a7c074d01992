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
        with self._on_copies(company, lifecycles, as_of) as run:
            run._phase_move(None, lifecycles.with_env(run.env))
            run._keep_side(THEN)
            return {**run._read_preview(limit), "problem": run.error}

    @api.model
    def _compare(self, company, left, right, same, as_of=None, limit=NAMED):
        """See `crm.lifecycle._compare`."""
        both = left | right
        with self._on_copies(company, both, as_of) as run:
            run.env.cr.execute(shadow.keep_facts())
            for number, (lifecycles, side) in enumerate(
                zip((left, right), SIDES, strict=True)
            ):
                if number:
                    run._execute_all(
                        shadow.take_back(
                            run._get_schema(), company.id, run._get_strict(both)
                        )
                    )
                    run.env.invalidate_all(flush=False)
                run._phase_move(None, lifecycles.with_env(run.env))
                run._keep_side(side)
            return {**run._read_comparison(same, limit), "problem": run.error}

    @contextmanager
    def _on_copies(self, company, lifecycles, as_of):
        """Give a run on trial, over copies of the customers; take back all that it did.

        Like a replay, the run works on temporary tables named like the real ones,
        which are read once and neither written nor locked.
        """
        self.env.flush_all()
        with self.env.cr.savepoint(flush=False) as savepoint:
            as_of = as_of or company._lifecycle_today()
            run = self.create(
                {"company_id": company.id, "as_of": as_of, "kind": "replay"}
            )
            run = run.with_company(company).with_context(
                active_test=False, lifecycle_is_trial=True
            )
            run._make_copies(lifecycles)
            try:
                yield run
            finally:
                run.env.invalidate_all(flush=False)
                savepoint.rollback()
        self.env.invalidate_all(flush=False)

    def _make_copies(self, lifecycles):
        """Put copies before the real tables, with the facts of today."""
        self._claim_memory()
        # A tenth of the rows looked at tells as much of the few columns that matter.
        self.env.cr.execute(SQL("SET LOCAL default_statistics_target = 10"))
        company = self.company_id
        self._execute_all(
            shadow.create_complete(
                self._get_schema(), company.id, self._get_strict(lifecycles)
            )
        )
        if not self._get_last_collected(company):
            self._execute_all(shadow.index_profiles())
            scope = self._get_scope()
            self._collect(scope)
            self._phase_refresh(None, scope)
            self.env.cr.execute(shadow.drop_indexes())

    @api.model
    def _get_strict(self, lifecycles):
        """Return ids of those that ask which stages a customer has been in."""
        return lifecycles.filtered(lambda item: item.skip_policy != "allow").ids

    def _keep_side(self, table):
        """Keep where the run has put each customer on the copies."""
        self.env.flush_all()
        [[last_id]] = self.env.execute_query(
            SQL("SELECT COALESCE(MAX(id), 0) FROM %s", self._get_real(shadow.HISTORY))
        )
        self._execute_all(shadow.keep_side(table, last_id))

    def _get_real(self, table):
        """Return the name of a table that a copy stands before."""
        return SQL.identifier(self._get_schema(), table)

    def _get_schema(self):
        """Return the schema of the real tables."""
        return self.env.execute_query(shadow.CURRENT_SCHEMA)[0][0]

    def _read_preview(self, limit):
        """Return what has become of the copies."""
        real = self._get_real(shadow.PROFILE)
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
        [[differing]] = self.env.execute_query(
            SQL("SELECT COUNT(*)::int %s WHERE %s", sides, differs)
        )
        return {
            "matrix": {(before, after): count for before, after, count in matrix},
            "differing": differing,
            "customers": self._read_differing(
                SQL("%s WHERE %s", sides, differs), limit
            ),
        }

    def _read_differing(self, sides, limit):
        """Return the first customers whom the two sides put elsewhere, and why."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(l.profile_id, r.profile_id),
                       COALESCE(l.partner_id, r.partner_id),
                       COALESCE(l.lead_id, r.lead_id),
                       l.stage_id, l.move_id, l.rule_id, l.reason, l.facts,
                       r.stage_id, r.move_id, r.rule_id, r.reason, r.facts
                       %s
                 ORDER BY 1
                 LIMIT %s
                """,
                sides,
                limit,
            )
        )
        last = self._read_last_moves([row[0] for row in rows])
        customers = []
        for profile, partner, lead, *told in rows:
            customer = {"profile": profile, "partner": partner, "lead": lead}
            for name, side in (("left", told[:5]), ("right", told[5:])):
                stage, move, *why = side
                if move is None:
                    why = last.get(profile, why)
                customer[name] = dict(zip(SIDE, (stage, *why), strict=True))
            customers.append(customer)
        return customers

    def _read_last_moves(self, profile_ids):
        """Return ``{profile: (rule, reason, facts)}`` of what really happened last."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (profile_id) profile_id, rule_id, reason, facts
                  FROM %s
                 WHERE profile_id = ANY(%s)
                 ORDER BY profile_id, id DESC
                """,
                self._get_real(shadow.HISTORY),
                profile_ids,
            )
        )
        return {profile: why for profile, *why in rows}
