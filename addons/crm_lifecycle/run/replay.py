"""Replays: the lifecycles run in the past, on a copy of the customers."""

import time
from dataclasses import replace
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

from .. import moves
from ..engine import domains, shadow
from ..engine.effective_dates import ALWAYS, get_effective_date
from ..engine.statements import NOW
from . import conditions, evaluate, phases, windows
from .session import Session

# From so many days on, temporary tables are kept from one day to the next.
MANY_DAYS = 50
# Seconds that a day of a replay takes: by itself, and for each customer. Measured with
# 2,469 customers: 395 days in 388 s.
SECONDS_PER_DAY = 0.1
SECONDS_PER_CUSTOMER = 0.00036
# A replay that takes longer than this steps by month unless the user chooses otherwise.
FAST_SECONDS = 60
DAYS_PER_MONTH = {"day": 30.4, "week": 4.35, "month": 1}
# How long old row versions are kept in the copy.
COMPACT_AFTER = timedelta(days=28)


def get_days(date_from: date, date_to: date, step: str) -> list[date]:
    """Return the days of a replay, in order, the last one ``date_to``.

    >>> get_days(date(2026, 1, 31), date(2026, 3, 15), "month")
    [datetime.date(2026, 1, 31), datetime.date(2026, 2, 28), datetime.date(2026, 3, 15)]
    """
    days = []
    while (day := date_from + relativedelta(**{f"{step}s": len(days)})) < date_to:
        days.append(day)
    return [*days, date_to]


def estimate_seconds(customers: int, months: int, step: str) -> float:
    """Return about how long a replay takes.

    >>> round(estimate_seconds(2469, 13, "day"))
    391
    >>> round(estimate_seconds(2469, 13, "month"))
    14
    """
    days = months * DAYS_PER_MONTH[step] + 1
    return days * (SECONDS_PER_DAY + customers * SECONDS_PER_CUSTOMER)


def get_default_step(customers: int, months: int) -> str:
    """Return the precision to propose: every day if this is fast, else every month.

    >>> get_default_step(100, 12), get_default_step(2469, 12)
    ('day', 'month')
    """
    is_fast = estimate_seconds(customers, months, "day") <= FAST_SECONDS
    return "day" if is_fast else "month"


def replay_days(run, days, *, progress=None, task=None):
    """Run as of each day on a copy, then publish the moves made there.

    The copy is a temporary table with the same name that hides the real one, and a run
    works on it unchanged. Its writes cost a fraction of those to the real table; they
    lock nothing, and others do not see them.

    Everything is one transaction.

    :param progress: called as ``progress(done, total)`` after each day
    :param task: see `Session`
    """
    session = Session(run, task=task)
    env, company = session.env, session.company
    today = session.as_of = session.run.as_of = company._lifecycle_today()
    run._check_day(company, today)
    # Create the profiles, with the facts of today, of all customers in the replay.
    phases.prepare_sources(session)
    phases.collect_changes(session)
    phases.refresh_facts(session)
    env.flush_all()
    session.execute_all(shadow.create(session.get_schema(), company.id))
    session.begin_phase("replay", len(days))
    replay_on_copy(session, days, progress)
    env.cr.execute(evaluate.DROP_LISTS)
    windows.drop_tables(session)
    session.begin_phase("publish")
    publish(session)
    return True


def replay_on_copy(session, days, progress=None):
    """Move the copy from day to day; the progress counts days, not their steps."""
    mode = replace(
        session.mode,
        counts_days=True,
        reuses_tables=len(days) > MANY_DAYS,
        needed_facts=_get_needed_facts(session),
    )
    copied = Session(session.run, mode=mode, task=session.task)
    scope = replace(session.scope, since=None, previous_as_of=None)
    compacted = days[0]
    for number, day in enumerate(days, start=1):
        since = None
        if scope.previous_as_of:
            # The last step has seen all changes up to now.
            since = session.env.cr.now()
        if day - compacted >= COMPACT_AFTER:
            session.execute_all(shadow.compact())
            compacted = day
        copied.scope = replace(scope, as_of=day, since=since)
        replay_day(copied)
        scope = replace(copied.scope, previous_as_of=day)
        if progress:
            progress(number, len(days))
        if session.task:
            session.task.advance(1)


def _get_needed_facts(session):
    """Return the facts that decide about moves, None if unknown.

    A replay keeps no other facts of the past, so it computes no others: a replay of
    rules about orders reads no messages.
    """
    Profile = session.env["crm.lifecycle.profile"]
    lifecycles = session.get_lifecycles()
    paths = conditions.get_used_paths(session, [*lifecycles, *lifecycles.rule_ids])
    paths |= {"first_seen_date"}
    facts = set(Profile._get_fact_fields())
    if any(Profile._depends_on_facts(path) for path in paths - facts):
        return None
    return frozenset(paths & facts)


def replay_day(session):
    """Move the copy to a day: facts, stages, and the days since when they hold."""
    env, scope = session.env, session.scope
    previous = scope.previous_as_of
    is_dated = previous is None or (scope.as_of - previous).days > 1
    last_id = started_at = None
    if is_dated:
        [[last_id, started_at]] = env.execute_query(
            SQL("SELECT COALESCE(MAX(id), 0), %s FROM crm_lifecycle_history", NOW)
        )
    started = time.monotonic()
    phases.collect_batch(session)
    session.add_seconds("collect", started)
    phases.refresh_facts(session)
    phases.move_customers(session)
    started = time.monotonic()
    lifecycles = session.get_lifecycles()
    if previous is None:
        lifecycles = lifecycles.filtered(lambda item: item.skip_policy == "allow")
        session.execute_all(shadow.collapse_moves(lifecycles.ids))
    if is_dated:
        _set_move_dates(session, lifecycles, last_id, started_at)
    if previous is None:
        # Where customers stood when the replay begins.
        env.cr.execute(SQL("UPDATE crm_lifecycle_history SET is_baseline = TRUE"))
    session.add_seconds("move", started)


def publish(session):
    """Write the moves of the copy, and the stages they ended in, to the real tables."""
    started = time.monotonic()
    session.env.flush_all()
    customer_date = session.env["crm.lifecycle.profile"]._get_customer_date_sql()
    session.execute_all(moves.publish(session.company.id, session.as_of, customer_date))
    session.env.invalidate_all(flush=False)
    session.add_seconds("move", started)


# ----------------------------------------------------------------
# Dates of moves
# ----------------------------------------------------------------


def _set_move_dates(session, lifecycles, last_id, started_at):
    """Date the moves of a step on the days on which their conditions became true.

    If no date shows this day, a move keeps the day of the step. No move is dated before
    the customer's last one, nor before the step, since the rule did not match on the
    previous day. Only the first step goes further back: it places customers where they
    have been for long.
    """
    session.env.flush_all()
    rules = lifecycles.rule_ids.filtered("active")

    def set_move_dates(unusable):
        moves = _get_moves_since(
            session, lifecycles, rules - unusable, last_id, started_at
        )
        session.execute_all(shadow.set_move_dates(moves, session.as_of))

    conditions.execute_usable(session, rules, set_move_dates)
    session.env["crm.lifecycle.profile"].invalidate_model()
    session.env["crm.lifecycle.history"].invalidate_model()


def _get_moves_since(session, lifecycles, rules, last_id, started_at):
    """Return SQL of the moves of a step, as `shadow.set_move_dates` expects it.

    ``rules`` are those that can be evaluated, and so may have moved customers.
    """
    scope = session.scope
    Profile = session.env["crm.lifecycle.profile"]
    query = Profile._search([("company_id", "=", session.company.id)])
    query.add_join(
        "JOIN",
        "move",
        "crm_lifecycle_history",
        SQL("move.profile_id = crm_lifecycle_profile.id AND move.id > %s", last_id),
    )
    query.add_where(SQL("move.lifecycle_id = ANY(%s)", lifecycles.ids))
    unchanged = SQL("FALSE")
    after = ALWAYS
    if scope.previous_as_of:
        unchanged = SQL("crm_lifecycle_profile.facts_date < %s", started_at)
        after = SQL("%s::date + 1", scope.previous_as_of)
    events = Profile._get_fact_events(scope)
    cases = [
        SQL(
            "WHEN %s THEN %s",
            rule.id,
            _get_rule_since(session, rule, query, events, unchanged, after),
        )
        for rule in rules
    ]
    by_rule = SQL("NULL::date")
    if cases:
        by_rule = SQL("CASE move.rule_id %s END", SQL(" ").join(cases))
    entering = SQL("NULL::date")
    if all(conditions.parse(session, item.domain).is_true() for item in lifecycles):
        entering = SQL(
            "CASE WHEN move.from_stage_id IS NULL AND move.rule_id IS NULL "
            "THEN GREATEST(crm_lifecycle_profile.first_seen_date, %s) END",
            after,
        )
    return query.select(
        SQL("move.id"),
        SQL("move.profile_id"),
        SQL("COALESCE(%s, %s) AS since", by_rule, entering),
        SQL("move.date - move.days_in_from_stage AS entered"),
    )


def _get_rule_since(session, rule, query, events, unchanged, after):
    """Return SQL of the day since which a rule has matched the customers it moved.

    Not before ``after``; but a customer who waits in a stage entered in the previous
    step has waited since the day of the entry.
    """
    Profile = session.env["crm.lifecycle.profile"]

    def holds(part):
        return Profile._get_condition_sql(
            Profile._resolve_facts(part, session.as_of), query
        )

    day = get_effective_date(
        domains.parse(rule.domain),
        Profile._table,
        Profile._get_column_type,
        events,
        unchanged,
        holds,
    )
    if rule.min_days:
        after = SQL("move.date - move.days_in_from_stage + %s", rule.min_days)
    return SQL("GREATEST(%s, %s)", day, after)
