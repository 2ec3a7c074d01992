"""Move the customers on the due list, in batches."""

import functools
import random
import time
from typing import NamedTuple

from odoo.fields import Domain
from odoo.tools import SQL

from ..moves import REASON_ENTERS, Move, MoveService
from . import evaluate, placements, review

# Number of customers in a batch. Quiet moves are plain SQL; others go through the ORM
# and its automation. A manual move of one of the customers waits for the batch, so a
# batch takes about a second.
QUIET_BATCH = 20000
ORM_BATCH = 250

# How often a run returns to customers that another transaction was moving.
MAX_ATTEMPTS = 5

DROP_MOVED_BY_HAND = f"""
    DELETE FROM lifecycle_retry AS h
     USING crm_lifecycle_profile AS p
 LEFT JOIN lifecycle_review AS r ON r.profile_id = p.id
     WHERE p.id = h.profile_id AND {evaluate.IS_MOVED_BY_HAND}
"""
FILL_RETRY_LIST = (
    SQL("TRUNCATE lifecycle_retry"),
    SQL("INSERT INTO lifecycle_retry SELECT DISTINCT profile_id FROM lifecycle_locked"),
    SQL("TRUNCATE lifecycle_locked"),
    SQL("ANALYZE lifecycle_retry"),
)


def move_through_stages(session, lifecycles, candidates):
    """Move customers into a lifecycle, and along it by its rules."""
    enter = evaluate.fill_due_by_lifecycle
    if session.mode.places_at_once:
        enter = placements.fill_due
    fill = functools.partial(enter, session, lifecycles, candidates)
    _move_due(session, lifecycles, fill)
    # Each pass moves each customer at most one step along the lifecycle, and evaluates
    # the customers that the previous pass has moved.
    for _pass in range(max(len(item.stage_ids) for item in lifecycles)):
        fill = functools.partial(
            evaluate.fill_due_by_rule, session, lifecycles, candidates
        )
        if not _move_due(session, lifecycles, fill):
            break
        candidates = evaluate.IN_MOVED_LIST


def retry_locked(session, lifecycles):
    """Return to customers that another transaction held; finally skip the rest.

    Another transaction holds a batch while it moves it. If the run is part of the
    caller's transaction, waiting does not help: they are skipped at once.
    """
    for attempt in range(1, MAX_ATTEMPTS + 1):
        is_last = session.checkpoint is None or attempt == MAX_ATTEMPTS
        held = session.attempt(_list_locked, session, is_last)
        session.save_progress()
        if is_last or not held:
            return
        time.sleep(random.uniform(0, 0.2 * attempt))
        session.save_progress()
        session.env.cr.execute(SQL(DROP_MOVED_BY_HAND, session.as_of))
        session.save_progress()
        move_through_stages(session, lifecycles, evaluate.IN_RETRY_LIST)


def _list_locked(session, is_last):
    """List customers that another transaction held; the last time, skip them."""
    held = session.env.execute_query(
        SQL("SELECT DISTINCT profile_id FROM lifecycle_locked")
    )
    session.execute_all(FILL_RETRY_LIST)
    if is_last:
        skip(session, [profile_id for [profile_id] in held])
    return held


def _move_due(session, lifecycles, fill):
    """List due customers and move them. Return the number of moves."""
    started = time.monotonic()
    is_any_due = session.attempt(evaluate.list_due, session, fill)
    session.add_seconds("evaluate", started)
    session.save_progress()
    if not is_any_due:
        return 0
    _begin_move(session)
    quiet = {}
    for lifecycle in lifecycles:
        first = _is_first_run(session, lifecycle)
        quiet |= dict.fromkeys(lifecycle.stage_ids.ids, first)
    reviews = _get_reviews(session, lifecycles, quiet)
    moved = last_id = 0
    while True:
        started = time.monotonic()
        size = QUIET_BATCH if all(quiet.values()) else ORM_BATCH
        rows = session.env.execute_query(
            SQL(
                "SELECT id, profile_id, rule_id, from_stage_id, to_stage_id, origin, "
                "passed FROM lifecycle_due WHERE id > %s ORDER BY id LIMIT %s",
                last_id,
                size,
            )
        )
        if not rows:
            if session.mode.sets_reviews:
                session.analyze_grown_tables(
                    moved, "crm_lifecycle_profile", "crm_lifecycle_history"
                )
            return moved
        moved += session.attempt(move_rows, session, rows, quiet, reviews)
        last_id = rows[-1][0]
        session.add_seconds("move", started)
        session.save_progress(len(rows))


def _get_reviews(session, lifecycles, quiet):
    """Return ``{stage id: SQL of the next review}`` of quiet moves into stages."""
    if not (session.mode.sets_reviews and session.mode.locks_customers):
        return {}  # on copies, a second write costs little
    return {
        stage.id: review.get_review_after_move(
            session, lifecycles, stage, session.as_of
        )
        for stage in lifecycles.stage_ids
        if quiet[stage.id]
    }


def _begin_move(session):
    """Show the number of customers on the due list."""
    if session.shows_progress:
        [[count]] = session.env.execute_query(SQL("SELECT COUNT(*) FROM lifecycle_due"))
        session.begin_phase("move", count)


def _is_first_run(session, lifecycle):
    """Return whether the lifecycle has not run in the company since its activation.

    A quick run only covers a few customers and does not count. A run that began in the
    second of the activation may not have seen the lifecycle: better one more quiet run.
    """
    if session.mode.is_quiet:
        return True
    since = Domain("date_start", ">", lifecycle.activation_date)
    return not session.run.search_count(
        session.get_previous_runs_domain() & since, limit=1
    )


def move_rows(session, rows, quiet, reviews):
    """Move one batch of the due list, in groups. Return the number of moves.

    Customers who are held up by an unusable rule stay where they are.
    """
    skip(session, [row[1] for row in rows if (row[2] or 0) < 0])
    groups = {}
    for _id, profile_id, *key in rows:
        if (key[0] or 0) >= 0:
            *key, passed = key
            key = (*key, tuple(passed or ()))
            groups.setdefault(key, []).append(profile_id)
    count = 0
    for key, profile_ids in groups.items():
        count += _move_group(session, profile_ids, DueMove(*key), quiet, reviews)
    session.run.moved_count += count
    return count


class DueMove(NamedTuple):
    """What customers of the due list that move together have in common."""

    rule_id: int | None
    from_stage_id: int | None
    to_stage_id: int
    origin: str | None
    passed_ids: tuple[int, ...]


def _move_group(session, profile_ids, due, quiet, reviews):
    """Move customers by one rule into one stage. Return the number of moves."""
    Stage = session.env["crm.lifecycle.stage"]
    profiles = session.env["crm.lifecycle.profile"].browse(profile_ids)
    rule = session.env["crm.lifecycle.rule"].browse(due.rule_id or [])
    is_quiet = quiet[due.to_stage_id]
    move = Move(
        stage=Stage.browse(due.to_stage_id),
        origin=due.origin or session.mode.origin,
        day=session.as_of,
        from_stage=Stage.browse(due.from_stage_id or []),
        rule=rule,
        reason=None if rule else REASON_ENTERS,
        quiet=is_quiet,
        passed_ids=due.passed_ids,
        is_baseline=due.origin == "switch" or (due.origin == "start" and is_quiet),
        run=session.run.parent_id or session.run,
        next_review=reviews.get(due.to_stage_id),
    )
    service = MoveService(session.env)
    free = profiles
    if session.mode.locks_customers:
        free = service.lock(profiles, move.stage, move.from_stage, wait=False)
    moved = service.move_locked(free, move)
    if moved and move.next_review is not None:
        review.note_reviews(session, moved.ids)
    skip(session, (free - moved).ids)
    _note_locked(session, (profiles - free).ids)
    return len(moved)


def _note_locked(session, profile_ids):
    """Defer customers that another transaction holds."""
    if profile_ids:
        session.env.cr.execute(
            SQL("INSERT INTO lifecycle_locked SELECT unnest(%s::int[])", profile_ids)
        )


def skip(session, profile_ids):
    """Evaluate no more rules of this run for customers that did not move."""
    if not profile_ids:
        return
    session.run.left_count += len(profile_ids)
    session.env.cr.execute(
        SQL(
            "INSERT INTO lifecycle_skipped (profile_id) SELECT unnest(%s::int[]) "
            "ON CONFLICT DO NOTHING",
            profile_ids,
        )
    )
