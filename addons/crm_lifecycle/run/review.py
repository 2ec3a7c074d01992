"""Which customers a run evaluates, and when their next review is due."""

import time

from odoo.tools import SQL

from ..engine import bounds
from ..engine.review import DateTrigger, earliest
from . import conditions

# Number of customers in a batch of reviews.
BATCH = 50000


def fill_review_list(session, lifecycles):
    """List the customers due for review. Return whether any rule is to be evaluated.

    All customers are due if the lifecycles have changed since the last run, or in a
    full rebuild.
    """
    started = time.monotonic()
    session.run.signature = conditions.get_signature(lifecycles)
    due = SQL("review_date <= %s", session.as_of)
    if needs_full_review(session):
        due = SQL("TRUE")
    if session.shard:
        mine = session.shard.contains(SQL("partner_id"), SQL("lead_id"))
        due = SQL("%s AND %s", due, mine)
    session.env.cr.execute(
        SQL(
            """
            INSERT INTO lifecycle_review (profile_id, facts_date, review_date)
            SELECT id, facts_date, review_date
              FROM crm_lifecycle_profile
             WHERE company_id = %s AND %s
            """,
            session.company.id,
            due,
        )
    )
    count = session.env.cr.rowcount
    session.env.cr.execute(SQL("ANALYZE lifecycle_review"))
    session.add_seconds("evaluate", started)
    if session.mode.evaluates_listed_only:
        return count > 0
    return count > 0 or not all(
        conditions.is_foreseeable(session, item.domain)
        for item in conditions.get_conditional_records(session, lifecycles)
    )


def needs_full_review(session):
    """Return whether this run can't rely on the results of earlier runs."""
    evaluates_all, shards = session.mode.evaluates_all, session.run.child_ids
    if evaluates_all is False:
        return False
    if shards and "failed" not in shards.mapped("state"):
        return False
    if evaluates_all:
        return True
    last = session.run.search(
        session.get_previous_runs_domain(), order="id desc", limit=1
    )
    return last.signature != session.run.signature


# ----------------------------------------------------------------
# The next review
# ----------------------------------------------------------------


def set_next_review(session, lifecycles):
    """Set the next review of each customer that was evaluated.

    Customers who have changed meanwhile, or were moved manually, are skipped: their
    review is already set.
    """
    session.begin_phase("review")
    started = time.monotonic()
    session.env.flush_all()
    next_review = _get_next_review_sql(session, lifecycles)
    for after, upto in session.get_batches("lifecycle_review", BATCH):
        session.attempt(write_next_review, session, next_review, after, upto)
        session.save_progress()
    session.env["crm.lifecycle.profile"].invalidate_model(["held_until", "review_date"])
    session.add_seconds("evaluate", started)


def write_next_review(session, next_review, last_id, upto):
    """Write the next review of one batch of customers, and clear holds that ended."""
    session.env.cr.execute(
        SQL(
            """
            UPDATE crm_lifecycle_profile AS t
               SET review_date = v.review_date,
                   held_until = CASE WHEN t.held_until > %(as_of)s
                                     THEN t.held_until END
              FROM (
                    SELECT p.id, %(next_review)s AS review_date
                      FROM lifecycle_review AS r
                      JOIN crm_lifecycle_profile AS p ON p.id = r.profile_id
                     WHERE r.profile_id > %(last_id)s AND r.profile_id <= %(upto)s
                       -- neither refreshed nor moved manually since they were listed
                       AND (p.facts_date, p.review_date)
                           IS NOT DISTINCT FROM (r.facts_date, r.review_date)
                   ) AS v
             WHERE t.id = v.id
               AND (t.review_date IS DISTINCT FROM v.review_date
                    OR t.held_until <= %(as_of)s)
            """,
            next_review=next_review,
            as_of=session.as_of,
            last_id=last_id,
            upto=upto,
        )
    )


def get_review_after_move(session, lifecycles, stage, day):
    """Return SQL of the next review of profile ``p`` after its move to a stage.

    It is written together with the stage, since a second write of each row takes as
    long as the first. `set_next_review` corrects it where a rule waits.
    """
    known = {"stage_date": SQL("%s", day)}
    return SQL(
        "CASE WHEN p.active THEN %s END",
        earliest(
            [
                *_get_general_reviews(session, lifecycles),
                _get_review_in_stage_sql(session, stage, known),
                _get_review_of_pin(session),
            ]
        ),
    )


def note_reviews(session, profile_ids):
    """Note the reviews that were written together with the stage.

    A customer with another review than noted was moved manually meanwhile.
    """
    session.env.cr.execute(
        SQL(
            "UPDATE lifecycle_review AS r SET review_date = p.review_date "
            "FROM crm_lifecycle_profile AS p "
            "WHERE p.id = r.profile_id AND r.profile_id = ANY(%s)",
            profile_ids,
        )
    )


def _get_general_reviews(session, lifecycles):
    """Return SQL of the reviews that the conditions of lifecycles require."""
    return [
        trigger.next_day("p", session.as_of)
        for item in lifecycles
        for trigger in conditions.get_date_triggers(session, item.domain) or ()
    ]


def _get_review_of_pin(session):
    return SQL(
        "CASE WHEN p.pinned_until >= %s THEN %s END",
        session.as_of,
        bounds.cap_date(SQL("p.pinned_until + 1")),
    )


def _get_next_review_sql(session, lifecycles):
    """Return SQL of the next review of profile ``p``, NULL if time changes nothing."""
    as_of = session.as_of
    by_stage = SQL(" ").join(
        SQL("WHEN %s THEN %s", stage.id, _get_review_in_stage_sql(session, stage))
        for stage in lifecycles.stage_ids
    )
    return SQL(
        "CASE WHEN p.active THEN %s END",
        earliest(
            [
                *_get_general_reviews(session, lifecycles),
                SQL("CASE p.stage_id %s END", by_stage)
                if by_stage
                else SQL("NULL::date"),
                _get_review_of_pin(session),
                SQL("CASE WHEN p.held_until > %s THEN p.held_until END", as_of),
                SQL(
                    "CASE WHEN EXISTS (SELECT FROM lifecycle_skipped AS l "
                    "WHERE l.profile_id = p.id) THEN %s::date + 1 END",
                    as_of,
                ),
            ]
        ),
    )


def _get_review_in_stage_sql(session, stage, known=None):
    """Return SQL of the next review that the rules and tags of a stage require.

    :param known: see `DateTrigger.next_day`
    """
    lifecycle = stage.lifecycle_id
    rules = lifecycle.rule_ids.filtered(stage._can_leave_by)
    triggers = [
        trigger
        for item in (*rules, *lifecycle.tag_ids)
        for trigger in conditions.get_date_triggers(session, item.domain) or ()
    ]
    triggers += [
        DateTrigger("stage_date", rule.min_days) for rule in rules if rule.min_days
    ]
    return earliest(
        trigger.next_day("p", session.as_of, known)
        for trigger in dict.fromkeys(triggers)
    )
