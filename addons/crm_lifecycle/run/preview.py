"""Previews and comparisons: runs without writing anything."""

from contextlib import contextmanager

from odoo.tools import SQL

from ..engine import shadow
from ..storage import raise_work_mem
from . import phases
from .mode import PREVIEW
from .session import Session

# Number of customers that a preview or a comparison names.
MAX_NAMED = 500
RESULT_TABLE = SQL("lifecycle_preview_result")
# Columns of a customer on one side of a comparison.
SIDE = ("stage", "rule", "reason", "facts")
SIDES = (SQL("lifecycle_left_side"), SQL("lifecycle_right_side"))


def preview(company, lifecycles, as_of=None, limit=MAX_NAMED, task=None):
    """See `crm.lifecycle._preview`."""
    with _on_copies(company, lifecycles, as_of, task) as session:
        phases.move_customers(session, lifecycles.with_env(session.env))
        _save_result(session, RESULT_TABLE)
        return {**_read_preview(session, limit), "problem": session.run.error}


def compare(company, left, right, same, as_of=None, limit=MAX_NAMED, task=None):
    """See `crm.lifecycle._compare`."""
    both = left | right
    with _on_copies(company, both, as_of, task) as session:
        env = session.env
        env.cr.execute(shadow.save_snapshot())
        for number, (lifecycles, side) in enumerate(
            zip((left, right), SIDES, strict=True)
        ):
            if number:
                session.execute_all(
                    shadow.restore_snapshot(
                        session.get_schema(),
                        company.id,
                        _get_history_dependent_ids(both),
                    )
                )
                env.invalidate_all(flush=False)
            phases.move_customers(session, lifecycles.with_env(env))
            _save_result(session, side)
        return {
            **_read_comparison(session, same, limit),
            "problem": session.run.error,
        }


@contextmanager
def _on_copies(company, lifecycles, as_of, task):
    """Yield a session over copies of the customers; roll back all that it did.

    As in a replay, the run works on temporary tables named like the real ones, which
    are read once and neither written nor locked.
    """
    env = company.env
    env.flush_all()
    with env.cr.savepoint(flush=False) as savepoint:
        as_of = as_of or company._lifecycle_today()
        run = env["crm.lifecycle.run"].create(
            {"company_id": company.id, "as_of": as_of, "kind": "replay"}
        )
        session = Session(run, mode=PREVIEW, task=task)
        _make_copies(session, lifecycles)
        try:
            yield session
        finally:
            session.env.invalidate_all(flush=False)
            savepoint.rollback()
    env.invalidate_all(flush=False)


def _make_copies(session, lifecycles):
    """Create copies that hide the real tables, with the facts of today."""
    env, company = session.env, session.company
    raise_work_mem(env.cr)
    # A tenth of the usual sample is enough for the few columns that matter.
    env.cr.execute(SQL("SET LOCAL default_statistics_target = 10"))
    session.execute_all(
        shadow.create_with_facts(
            session.get_schema(), company.id, _get_history_dependent_ids(lifecycles)
        )
    )
    if not session.run._get_last_collected(company):
        session.execute_all(shadow.index_profiles())
        phases.prepare_sources(session)
        phases.collect_batch(session)
        phases.refresh_facts(session)
        env.cr.execute(shadow.drop_indexes())


def _get_history_dependent_ids(lifecycles):
    """Return the ids of those that check which stages a customer has been in."""
    return lifecycles.filtered(lambda item: item.skip_policy != "allow").ids


def _save_result(session, table):
    """Keep the stage in which the run has put each customer on the copies."""
    session.env.flush_all()
    [[last_id]] = session.env.execute_query(
        SQL(
            "SELECT COALESCE(MAX(id), 0) FROM %s",
            _get_real_table(session, shadow.HISTORY),
        )
    )
    session.execute_all(shadow.save_result(table, last_id))


def _get_real_table(session, table):
    """Return the name of the real table that a copy hides."""
    return SQL.identifier(session.get_schema(), table)


def _read_preview(session, limit):
    """Return the stages of customers on the copies, and the moves that led there."""
    real = _get_real_table(session, shadow.PROFILE)
    stages = session.env.execute_query(
        SQL(
            """
            SELECT stage_id, SUM(is_before)::int, SUM(1 - is_before)::int
              FROM (SELECT stage_id, 1 AS is_before FROM %s
                     WHERE company_id = %s AND active
                     UNION ALL
                    SELECT stage_id, 0 FROM lifecycle_preview_result) AS place
             GROUP BY stage_id
            """,
            real,
            session.company.id,
        )
    )
    # The stage is that of the last move; the rule of this move is the reason.
    moves = SQL(
        """
        FROM lifecycle_preview_result AS t
   LEFT JOIN %s AS r ON r.id = t.profile_id
       WHERE t.stage_id IS DISTINCT FROM r.stage_id
        """,
        real,
    )
    customers = session.env.execute_query(
        SQL(
            "SELECT t.profile_id, t.partner_id, t.lead_id, r.stage_id, t.stage_id, "
            "t.rule_id, t.facts %s ORDER BY t.profile_id LIMIT %s",
            moves,
            limit,
        )
    )
    return {
        "stages": {stage: (before, after) for stage, before, after in stages},
        "moves": session.env.execute_query(
            SQL(
                "SELECT r.stage_id, t.stage_id, t.rule_id, COUNT(*)::int %s "
                "GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3",
                moves,
            )
        ),
        "customers": [row[:-1] for row in customers],
        "facts": {row[0]: row[-1] or {} for row in customers},
    }


def _read_comparison(session, same, limit):
    """Return where the two sides place each customer."""
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
    matrix = session.env.execute_query(
        SQL("SELECT l.stage_id, r.stage_id, COUNT(*)::int %s GROUP BY 1, 2", sides)
    )
    [[differing]] = session.env.execute_query(
        SQL("SELECT COUNT(*)::int %s WHERE %s", sides, differs)
    )
    return {
        "matrix": {(before, after): count for before, after, count in matrix},
        "differing": differing,
        "customers": _read_differing(
            session, SQL("%s WHERE %s", sides, differs), limit
        ),
    }


def _read_differing(session, sides, limit):
    """Return the first customers that the two sides place differently, and why."""
    rows = session.env.execute_query(
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
    last = _read_last_moves(session, [row[0] for row in rows])
    customers = []
    for profile, partner, lead, *values in rows:
        customer = {"profile": profile, "partner": partner, "lead": lead}
        for name, side in (("left", values[:5]), ("right", values[5:])):
            stage, move, *why = side
            if move is None:
                why = last.get(profile, why)
            customer[name] = dict(zip(SIDE, (stage, *why), strict=True))
        customers.append(customer)
    return customers


def _read_last_moves(session, profile_ids):
    """Return ``{profile: (rule, reason, facts)}`` of the last real moves."""
    rows = session.env.execute_query(
        SQL(
            """
            SELECT DISTINCT ON (profile_id) profile_id, rule_id, reason, facts
              FROM %s
             WHERE profile_id = ANY(%s)
             ORDER BY profile_id, id DESC
            """,
            _get_real_table(session, shadow.HISTORY),
            profile_ids,
        )
    )
    return {profile: why for profile, *why in rows}
