"""The phases of a run, in order."""

import time

from . import (
    check,
    collect,
    evaluate,
    moves,
    refresh,
    review,
    shards,
    tags,
    windows,
)


def do_run(session):
    """Do the phases one after the other. Return whether the run has ended.

    It has not if others do the rest: see `crm.lifecycle.run._dispatch`.
    """
    run = session.run
    if not session.shard:
        prepare_sources(session)
    if session.mode.collects and not session.shard:
        session.attempt(session.analyze_stale_tables)
        collect_changes(session)
        if session.checkpoint is not None and run._dispatch(session.checkpoint):
            return False
    count = run._get_connection_count(session)
    if count > 1:
        shards.run_in_parallel(session, count)
    refresh_facts(session)
    move_customers(session)
    if run.child_ids:
        # The shards worked at the same time: the longest time counts, not the sum.
        session.attempt(shards.sum_counts, session, max)
        session.save_progress()
    return True


def finish_run(session):
    """Finish what the shards have left, and add up their counts."""
    refresh_facts(session)
    move_customers(session)
    session.attempt(shards.sum_counts, session)
    session.save_progress()
    return True


def prepare_sources(session):
    """Let the sources update what they keep of their own."""
    started = time.monotonic()
    for source in session.get_sources():
        session.attempt(source._prepare_run, session.scope)
    session.add_seconds("collect", started)
    session.save_progress()


def check_facts(session):
    """Compute facts of a sample again, and write those that differ.

    First, what has changed since the last run is written as in any run. Everything is
    one transaction, so that no document changes in between. Return the result of
    `check.compare_sample`.
    """
    prepare_sources(session)
    collect_changes(session)
    refresh_facts(session)
    return check.compare_sample(session)


def collect_changes(session):
    """First phase: list the customers with facts that may have changed."""
    session.begin_phase("collect")
    started = time.monotonic()
    session.run.watermark = session.attempt(collect_batch, session)
    session.add_seconds("collect", started)
    session.save_progress()


def collect_batch(session):
    """List the changes, and move windows to the day. Return the watermark."""
    watermark = collect.enqueue_changes(session)
    windows.roll_windows(session)
    return watermark


def refresh_facts(session):
    """Second phase: refresh the facts of the customers on the work list."""
    waiting = session.run._get_pending_count() if session.shows_progress else 0
    if waiting:
        session.begin_phase("refresh", waiting)
    refresh.refresh_listed(session)


def move_customers(session, lifecycles=None):
    """Third phase: assign lifecycles, then apply the rules until no customer is due.

    Customers due for review are evaluated (see `review.fill_review_list`).

    A customer may pass several stages in a run, but is never moved back on the same day
    into a stage that a rule moved them out of, unless their facts have changed
    meanwhile. So contradictory rules do not loop, and a second run on the same day
    finds nothing to do.

    ``lifecycles`` run in place of the active ones, if given.
    """
    session.begin_phase("evaluate")
    if lifecycles is None:
        lifecycles = session.get_lifecycles()
    if not lifecycles:
        return
    is_anything_to_ask = session.attempt(_begin_review, session, lifecycles)
    session.save_progress()
    if is_anything_to_ask:
        moves.move_through_stages(session, lifecycles, evaluate.IN_REVIEW_LIST)
        moves.retry_locked(session, lifecycles)
        if session.mode.sets_reviews:
            session.attempt(evaluate.defer_to_tomorrow, session, lifecycles)
            session.save_progress()
            if session.mode.sets_tags:
                tags.sync_tags(session, lifecycles)
            review.set_next_review(session, lifecycles)
    if not session.mode.reuses_tables:
        session.env.cr.execute(evaluate.DROP_LISTS)


def _begin_review(session, lifecycles):
    """Create the lists, and list the customers due for review."""
    evaluate.create_lists(session)
    return review.fill_review_list(session, lifecycles)
