"""Rebuild the past of an active lifecycle: a replay that replaces what was there.

1. List the customers whose history begins with the placement by the activation, or with
   an earlier replay (`moves_rebuild.list_customers`).
2. Replay the past of these customers on copies, up to the day of the activation. It
   may take long, and writes nothing.
3. In a transaction of its own, if the caller allows commits: keep aside what is
   replaced, replace it, and write the stages of customers who have not moved since.
4. Evaluate the rules for the latter, quietly: who has been in a stage for longer than
   was known may be due to leave it, and no playbook may run because of that.

A process that dies leaves the history as it was before, or as it is after the third
step and the fourth.
"""

from dataclasses import dataclass, field, replace
from datetime import date

from odoo.tools import SQL

from .. import moves_rebuild
from ..engine import shadow
from ..moves import set_customer_dates
from . import evaluate, moves, replay, review, tags, windows
from .mode import SETTLE
from .session import Session

# Foreign keys to the history, of any addon.
REFERENCES = SQL(
    """
    SELECT t.relname, a.attname
      FROM pg_constraint AS c
      JOIN pg_class AS t ON t.oid = c.conrelid
      JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
     WHERE c.contype = 'f' AND c.confrelid = 'crm_lifecycle_history'::regclass
     ORDER BY 1, 2
    """
)

LAST_HISTORY_ID = SQL("SELECT COALESCE(MAX(id), 0) FROM crm_lifecycle_history")


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """The beginning of the history of a lifecycle in a company.

    :param date_to: the day of the activation, None without customers who take part
    """

    customers: int = 0
    date_to: date | None = None


@dataclass(frozen=True, kw_only=True)
class Moves:
    """A number of moves, of how many customers, and their first and last day."""

    moves: int = 0
    customers: int = 0
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a rebuild did.

    :param replaced, added: the moves that went, and those that came
    :param kept: ``{origin: moves}`` of the lifecycle that stay
    :param kept_whole: customers of the lifecycle who keep their whole history
    :param bridged: customers whose placement stays, as the rebuilt past ends elsewhere
    :param stages: ``[(stage id before, stage id after, customers)]``
    :param settled: quiet moves by rules that follow from the rebuilt past
    """

    replaced: Moves = field(default_factory=Moves)
    added: Moves = field(default_factory=Moves)
    kept: dict = field(default_factory=dict)
    kept_whole: int = 0
    bridged: int = 0
    stages: list = field(default_factory=list)
    settled: int = 0


def read_beginning(env, company, lifecycle):
    """List the customers who take part. Return the `Beginning` of their history."""
    env.flush_all()
    for query in moves_rebuild.list_customers(company.id, lifecycle.id):
        env.cr.execute(query)
    [[customers, date_to]] = env.execute_query(
        SQL("SELECT COUNT(*), MIN(placed_on) FROM lifecycle_rebuild")
    )
    return Beginning(customers=customers, date_to=date_to)


def rebuild(session, lifecycle, days, create_record):
    """Replace the past of a lifecycle. Return the `Result`.

    :param days: the days of the replay, the last one that of the activation
    :param create_record: returns a new `crm.lifecycle.rebuild`, which keeps what is
        replaced; called in the transaction of the changes
    """
    session.begin_phase("replay", len(days))
    _replay_past(session, lifecycle, days)
    # Ends the transaction of the replay, if the caller allows it.
    session.begin_phase("publish")
    if session.checkpoint is None:
        return _publish(session, lifecycle, create_record)
    return session.retry(_publish, session, lifecycle, create_record)


def _replay_past(session, lifecycle, days):
    """Replay the days on copies, and keep the moves made there in tables."""
    env = session.env
    schema = session.get_schema()
    read_beginning(env, session.company, lifecycle)
    is_settled = SQL(
        "NOT EXISTS (SELECT FROM lifecycle_rebuild AS c WHERE c.profile_id = p.id)"
    )
    session.execute_all(shadow.create(schema, session.company.id, is_settled))
    env.invalidate_all()
    replay.replay_on_copy(session, days)
    env.flush_all()
    env.cr.execute(evaluate.DROP_LISTS)
    windows.drop_tables(session)
    session.execute_all(moves_rebuild.keep_copies())
    env.cr.execute(
        set_customer_dates(
            SQL("lifecycle_rebuilt_history"),
            env["crm.lifecycle.profile"]._get_customer_date_sql(),
        )
    )
    env.invalidate_all(flush=False)


def _publish(session, lifecycle, create_record):
    """Replace the histories, and write stages; one transaction, soon over."""
    env, company = session.env, session.company
    today = company._lifecycle_today()
    read_beginning(env, company, lifecycle)
    session.execute_all(moves_rebuild.plan(today))
    record = create_record()
    env.flush_all()
    session.execute_all(moves_rebuild.keep_aside(record.id))
    result = _read_result(session, lifecycle, record)
    settling = _begin_settling(session, today)
    moved_count = session.run.moved_count
    session.execute_all(moves_rebuild.replace(env.execute_query(REFERENCES)))
    env.cr.execute(moves_rebuild.write_stages(today))
    env.invalidate_all(flush=False)
    _settle(settling)
    env["crm.lifecycle.history"]._after_rebuild(
        SQL("SELECT profile_id FROM lifecycle_rebuild_plan")
    )
    result = replace(result, settled=session.run.moved_count - moved_count)
    record._store_result(result)
    env.flush_all()
    env.cr.execute(SQL("DROP TABLE lifecycle_rebuild_plan"))
    env.cr.execute(moves_rebuild.drop_tables())
    return result


# ----------------------------------------------------------------
# What follows from the rebuilt past
# ----------------------------------------------------------------


def _begin_settling(session, today):
    """List who is due by the rules even without a rebuild: the next run moves them.

    It moves them as usual, with their playbooks.
    """
    settling = Session(session.run, mode=SETTLE, task=session.task)
    settling.as_of = today
    lifecycles = settling.get_lifecycles()
    settling.execute_all(
        (
            SQL("DROP TABLE IF EXISTS lifecycle_rebuild_due"),
            SQL(
                "CREATE TEMPORARY TABLE lifecycle_rebuild_due (profile_id int) "
                "ON COMMIT DROP"
            ),
        )
    )
    _list_changed(settling)
    for fill in (evaluate.fill_due_by_lifecycle, evaluate.fill_due_by_rule):
        evaluate.list_due(
            settling,
            lambda fill=fill: fill(settling, lifecycles, evaluate.IN_REVIEW_LIST),
        )
        settling.env.cr.execute(
            SQL(
                "INSERT INTO lifecycle_rebuild_due SELECT profile_id FROM lifecycle_due"
            )
        )
    settling.env.cr.execute(evaluate.DROP_LISTS)
    return settling


def _list_changed(settling):
    """List the customers with another stage, or another day in it, for review."""
    evaluate.create_lists(settling)
    settling.execute_all(
        (
            SQL(
                """
                INSERT INTO lifecycle_review (profile_id, facts_date, review_date)
                SELECT p.id, p.facts_date, p.review_date
                  FROM crm_lifecycle_profile AS p
                  JOIN lifecycle_rebuild_plan AS d ON d.profile_id = p.id
                 WHERE d.is_changed AND NOT EXISTS (
                       SELECT FROM lifecycle_rebuild_due AS due
                        WHERE due.profile_id = p.id)
                """
            ),
            SQL("ANALYZE lifecycle_review"),
        )
    )


def _settle(settling):
    """Move customers whom the rules now move, quietly; then tags and reviews."""
    lifecycles = settling.get_lifecycles()
    _list_changed(settling)
    moves.move_through_stages(settling, lifecycles, evaluate.IN_REVIEW_LIST)
    evaluate.defer_to_tomorrow(settling, lifecycles)
    tags.sync_tags(settling, lifecycles)
    review.set_next_review(settling, lifecycles)
    settling.env.flush_all()
    settling.execute_all((evaluate.DROP_LISTS, SQL("DROP TABLE lifecycle_rebuild_due")))
    settling.env.invalidate_all(flush=False)


# ----------------------------------------------------------------
# Result
# ----------------------------------------------------------------


def _read_result(session, lifecycle, record):
    """Return what the plan does, before it is done."""
    env = session.env
    counts = "SELECT COUNT(*), COUNT(DISTINCT profile_id), MIN(date), MAX(date) "
    replaced = env.execute_query(
        SQL(
            counts + "FROM (SELECT h.* FROM crm_lifecycle_history AS h "
            "JOIN crm_lifecycle_rebuild_line AS l ON l.kind = 'replaced' "
            "AND l.rebuild_id = %s AND h.id = (l.data ->> 'id')::int) AS h",
            record.id,
        )
    )
    added = env.execute_query(
        SQL(
            counts + "FROM (SELECT h.* FROM lifecycle_rebuilt_history AS h "
            "JOIN lifecycle_rebuild_plan AS p ON p.profile_id = h.profile_id "
            "AND h.date < p.until) AS h"
        )
    )
    kept = env.execute_query(
        SQL(
            """
            SELECT h.origin, COUNT(*)
              FROM crm_lifecycle_history AS h
             WHERE h.company_id = %s AND h.lifecycle_id = %s
               AND h.is_voided IS NOT TRUE
               AND NOT EXISTS (
                   SELECT FROM crm_lifecycle_rebuild_line AS l
                    WHERE l.rebuild_id = %s AND l.kind = 'replaced'
                      AND l.profile_id = h.profile_id
                      AND (l.data ->> 'id')::int = h.id)
             GROUP BY h.origin
             ORDER BY h.origin
            """,
            session.company.id,
            lifecycle.id,
            record.id,
        )
    )
    [[kept_whole]] = env.execute_query(
        SQL(
            """
            SELECT COUNT(*)
              FROM crm_lifecycle_profile AS p
             WHERE p.company_id = %s AND p.lifecycle_id = %s
               AND NOT EXISTS (SELECT FROM lifecycle_rebuild_plan AS d
                                WHERE d.profile_id = p.id)
            """,
            session.company.id,
            lifecycle.id,
        )
    )
    [[bridged]] = env.execute_query(
        SQL("SELECT COUNT(*) FILTER (WHERE is_bridged) FROM lifecycle_rebuild_plan")
    )
    stages = env.execute_query(
        SQL(
            """
            SELECT present_stage_id, end_stage_id, COUNT(*)
              FROM lifecycle_rebuild_plan
             WHERE is_changed AND present_stage_id <> end_stage_id
             GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
            """
        )
    )
    return Result(
        replaced=_as_moves(replaced),
        added=_as_moves(added),
        kept=dict(kept),
        kept_whole=kept_whole,
        bridged=bridged,
        stages=[tuple(row) for row in stages],
    )


def _as_moves(rows):
    [[count, customers, first, last]] = rows
    return Moves(moves=count, customers=customers, first=first, last=last)


# ----------------------------------------------------------------
# Undo
# ----------------------------------------------------------------


def undo(record):
    """Restore what a `crm.lifecycle.rebuild` has replaced, in one transaction.

    :return: the number of customers who are back, and of those who keep the past
    """
    env = record.env
    env.flush_all()
    references = env.execute_query(REFERENCES)
    today = record.company_id._lifecycle_today()
    for query in (
        *moves_rebuild.plan_undo(record.id, record.last_history_id),
        *moves_rebuild.restore(record.id, record.run_id.id, references),
        *moves_rebuild.restore_stages(today),
    ):
        env.cr.execute(query)
    env.invalidate_all(flush=False)
    env["crm.lifecycle.history"]._after_rebuild(
        SQL("SELECT profile_id FROM lifecycle_undo WHERE is_restored")
    )
    [[back, left]] = env.execute_query(
        SQL(
            "SELECT COUNT(*) FILTER (WHERE is_restored), "
            "COUNT(*) FILTER (WHERE NOT is_restored) FROM lifecycle_undo"
        )
    )
    env.cr.execute(SQL("DROP TABLE lifecycle_undo"))
    return back, left
