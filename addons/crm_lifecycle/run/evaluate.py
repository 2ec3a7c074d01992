"""Evaluate the rules: which customers are due, and for which stage.

Lists of the database session, which outlive the commits of the run:

- ``lifecycle_review``: customers due for review, with their state at that time;
- ``lifecycle_due``: customers to move, and their new stage;
- ``lifecycle_moved``: customers on the previous due list;
- ``lifecycle_skipped``: customers that the lifecycle did not move, so that they are not
  evaluated again;
- ``lifecycle_locked``: customers that another transaction held;
- ``lifecycle_retry``: the busy customers that the run returns to;
- ``lifecycle_placed``: customers who entered a lifecycle in this run.
"""

import json

from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import bounds
from . import conditions

# The customers to evaluate: first those due for review, then those that have moved,
# finally those that could not be moved before.
IN_REVIEW_LIST = SQL(
    "crm_lifecycle_profile.id IN (SELECT profile_id FROM lifecycle_review)"
)
IN_MOVED_LIST = SQL(
    "crm_lifecycle_profile.id IN (SELECT profile_id FROM lifecycle_moved)"
)
IN_RETRY_LIST = SQL(
    "crm_lifecycle_profile.id IN (SELECT profile_id FROM lifecycle_retry)"
)
NOT_PLACED = SQL(
    "crm_lifecycle_profile.id NOT IN (SELECT profile_id FROM lifecycle_placed)"
)
NOT_DUE_YET = SQL(
    "crm_lifecycle_profile.id NOT IN (SELECT profile_id FROM lifecycle_due)"
)
# Origin of the move of profile ``p`` into a lifecycle.
ORIGIN_OF_PLACEMENT = SQL("CASE WHEN p.stage_id IS NULL THEN 'start' ELSE 'switch' END")
CREATE_LISTS = SQL(
    """
    CREATE TEMPORARY TABLE IF NOT EXISTS lifecycle_due (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        profile_id int,
        rule_id int,
        from_stage_id int,
        to_stage_id int,
        origin text,
        passed int[]);
    CREATE TEMPORARY TABLE IF NOT EXISTS lifecycle_placed (
        profile_id int PRIMARY KEY, origin text, is_waiting boolean);
    CREATE TEMPORARY TABLE IF NOT EXISTS lifecycle_skipped (
        profile_id int PRIMARY KEY);
    CREATE TEMPORARY TABLE IF NOT EXISTS lifecycle_review (
        profile_id int PRIMARY KEY, facts_date timestamp, review_date date);
    CREATE TEMPORARY TABLE IF NOT EXISTS lifecycle_moved (profile_id int);
    CREATE TEMPORARY TABLE IF NOT EXISTS lifecycle_locked (profile_id int);
    CREATE TEMPORARY TABLE IF NOT EXISTS lifecycle_retry (profile_id int);
    TRUNCATE lifecycle_due, lifecycle_skipped, lifecycle_review, lifecycle_moved,
             lifecycle_locked, lifecycle_retry, lifecycle_placed
    """
)
DROP_LISTS = SQL(
    "DROP TABLE IF EXISTS lifecycle_due, lifecycle_skipped, lifecycle_review, "
    "lifecycle_moved, lifecycle_locked, lifecycle_retry, lifecycle_placed"
)
# SQL condition on a profile ``p`` and its state ``r`` in the run: moved manually since
# the run began. Such a move sets the next review itself, as if it had come after the
# run.
IS_MOVED_BY_HAND = "p.review_date > %s AND p.review_date IS DISTINCT FROM r.review_date"
# All others on the due list have moved, and are evaluated again.
FILL_MOVED = f"""
    INSERT INTO lifecycle_moved
    SELECT d.profile_id
      FROM lifecycle_due AS d
      JOIN crm_lifecycle_profile AS p ON p.id = d.profile_id
 LEFT JOIN lifecycle_review AS r ON r.profile_id = d.profile_id
     WHERE NOT EXISTS (
           SELECT FROM lifecycle_locked AS b WHERE b.profile_id = d.profile_id)
       AND ({IS_MOVED_BY_HAND}) IS NOT TRUE
"""


def create_lists(session):
    """Create the lists, empty."""
    session.env.flush_all()
    if not session.mode.reuses_tables:
        session.env.cr.execute(DROP_LISTS)
    session.env.cr.execute(CREATE_LISTS)


def list_due(session, fill):
    """List the customers to move, by ``fill()``. Return whether there are any."""
    session.env.flush_all()
    _begin_due_list(session)
    fill()
    session.env.cr.execute(
        SQL(
            "DELETE FROM lifecycle_due AS d USING lifecycle_skipped AS l "
            "WHERE l.profile_id = d.profile_id"
        )
    )
    if not session.env.execute_query(SQL("SELECT FROM lifecycle_due LIMIT 1")):
        return False
    if session.mode.sets_reviews:
        _add_due_to_review(session)
    return True


def _begin_due_list(session):
    """Empty the due list; its customers have moved, and may be evaluated again."""
    session.execute_all(
        (
            SQL("TRUNCATE lifecycle_moved"),
            SQL(FILL_MOVED, session.as_of),
            SQL("TRUNCATE lifecycle_due"),
            SQL("ANALYZE lifecycle_moved"),
        )
    )


def _add_due_to_review(session):
    """Add due customers without a review, which a rule for all customers found."""
    session.env.cr.execute(
        SQL(
            """
            INSERT INTO lifecycle_review (profile_id, facts_date, review_date)
            SELECT p.id, p.facts_date, p.review_date
              FROM lifecycle_due AS d
              JOIN crm_lifecycle_profile AS p ON p.id = d.profile_id
                ON CONFLICT DO NOTHING
            """
        )
    )


# ----------------------------------------------------------------
# Evaluated customers
# ----------------------------------------------------------------


def get_base_domain(session):
    """Return the domain of the profiles that a run may move.

    Customers who object to profiling are excluded, and those who are pinned or held.
    """
    profiling = session.env["crm.lifecycle.profile"]._get_profiling_domain()
    movable = Domain(
        [
            ("company_id", "=", session.company.id),
            ("active", "=", True),
            "|",
            ("pinned_until", "=", False),
            ("pinned_until", "<", session.as_of),
            "|",
            ("held_until", "=", False),
            ("held_until", "<=", session.as_of),
        ]
    )
    return movable & profiling


def search_candidates(session, domain, foreseeable, candidates=IN_REVIEW_LIST):
    """Return the query of the matching profiles among those to evaluate.

    If conditions are not foreseeable, all customers are evaluated: the day on which the
    conditions change is unknown.
    """
    query = session.env["crm.lifecycle.profile"]._search(domain)
    if foreseeable or session.mode.evaluates_listed_only:
        query.add_where(candidates)
    elif session.shard:
        query.add_where(
            session.shard.contains(
                SQL("crm_lifecycle_profile.partner_id"),
                SQL("crm_lifecycle_profile.lead_id"),
            )
        )
    return query


# ----------------------------------------------------------------
# Due for another lifecycle
# ----------------------------------------------------------------


def fill_due_by_lifecycle(session, lifecycles, candidates):
    """List customers who belong to another lifecycle than their present one.

    The first lifecycle that takes them wins. They go to its stage of the same category,
    else to its first stage; where no stage may be skipped, always to the first. A
    lifecycle that can't be evaluated leaves all customers that it applies to where they
    are.
    """
    conditions.execute_usable(
        session,
        lifecycles,
        lambda unusable: _insert_due_by_lifecycle(
            session, lifecycles, candidates, unusable
        ),
    )


def _insert_due_by_lifecycle(session, lifecycles, candidates, unusable):
    foreseeable = candidates is not IN_REVIEW_LIST or all(
        conditions.is_foreseeable(session, item.domain) for item in lifecycles
    )
    query = search_candidates(
        session, get_base_domain(session), foreseeable, candidates
    )
    stage = get_target_case(session, lifecycles, query, unusable)
    _insert_due(session, query, stage=stage)


def get_target_case(session, lifecycles, query, unusable):
    """Return SQL of the stage of another lifecycle that takes a profile, or NULL."""
    Profile = session.env["crm.lifecycle.profile"]
    cases = []
    for lifecycle in lifecycles:
        if lifecycle in unusable:
            cases.append(SQL("WHEN TRUE THEN NULL::int"))
            continue
        takes = Profile._get_condition_sql(lifecycle._get_domain(session.as_of), query)
        cases.append(SQL("WHEN %s THEN %s", takes, _get_target_sql(lifecycle)))
    return SQL("CASE %s END", SQL(" ").join(cases))


def _get_target_sql(lifecycle):
    """Return SQL of the stage in which a lifecycle takes a customer, NULL if in it."""
    stages = lifecycle.stage_ids.sorted(lambda s: (s.sequence, s.id))
    by_category = {}
    if lifecycle.skip_policy != "forbid":
        by_category = {stage.category: stage.id for stage in reversed(stages)}
    return SQL(
        "CASE WHEN crm_lifecycle_profile.lifecycle_id = %s THEN NULL"
        " ELSE COALESCE((%s::jsonb ->> (SELECT category "
        "FROM crm_lifecycle_stage WHERE id = crm_lifecycle_profile.stage_id)"
        ")::int, %s::int) END",
        lifecycle.id,
        json.dumps(by_category),
        stages[:1].id or None,
    )


# ----------------------------------------------------------------
# Due by a rule
# ----------------------------------------------------------------


def fill_due_by_rule(session, lifecycles, candidates):
    """List customers that the rules would move now; the first matching rule wins."""
    rules = lifecycles.rule_ids.filtered("active")
    _insert_due_by_rule(session, lifecycles, rules, candidates)
    if session.has_placed:
        # Moves that follow from a placement belong to it.
        session.env.cr.execute(
            SQL(
                "UPDATE lifecycle_due AS d SET origin = p.origin "
                "FROM lifecycle_placed AS p WHERE p.profile_id = d.profile_id"
            )
        )
    unforeseeable = rules.filtered(
        lambda rule: not conditions.is_foreseeable(session, rule.domain)
    )
    if (
        unforeseeable
        and candidates is IN_REVIEW_LIST
        and not session.mode.evaluates_listed_only
    ):
        _insert_due_by_rule(session, lifecycles, unforeseeable, None)


def _insert_due_by_rule(session, lifecycles, rules, candidates):
    conditions.execute_usable(
        session,
        rules,
        lambda unusable: _insert_matching(
            session, lifecycles, rules, candidates, unusable
        ),
    )


def _insert_matching(session, lifecycles, rules, candidates, unusable):
    query = search_candidates(
        session, get_base_domain(session), candidates is not None, candidates
    )
    if candidates is None:
        query.add_where(NOT_DUE_YET)
    if session.has_placed and not conditions.get_stage_rules(session, lifecycles):
        query.add_where(NOT_PLACED)  # their rules have been evaluated
    rule = get_rule_case(
        session, lifecycles, rules, query, unusable, blocks_return=True
    )
    _insert_due(session, query, rule=rule)


def get_rule_case(session, lifecycles, rules, query, unusable, *, blocks_return):
    """Return SQL of the id of the first rule that moves a profile, or NULL.

    An ``unusable`` rule holds up the customers that it applies to: whether it or a
    later rule would move them is unknown. Its id is negative then. ``blocks_return``:
    exclude moves back into a stage that a rule moved them out of today.
    """
    numbers = {rule: -rule.id if rule in unusable else rule.id for rule in rules}
    matches = {
        rule: SQL("TRUE")
        if rule in unusable
        else _get_rule_condition(session, rule, query, blocks_return)
        for rule in rules
    }
    stages = []
    for stage in lifecycles.stage_ids:
        cases = [
            SQL("WHEN %s THEN %s", matches[rule], numbers[rule])
            for rule in rules.filtered(stage._can_leave_by)
        ]
        if cases:
            cases = SQL(" ").join(cases)
            stages.append(SQL("WHEN %s THEN CASE %s END", stage.id, cases))
    if not stages:
        return SQL("NULL::int")
    return SQL("CASE crm_lifecycle_profile.stage_id %s END", SQL(" ").join(stages))


def _get_rule_condition(session, rule, query, blocks_return):
    """Return the SQL condition that the rule moves a profile from one of its stages."""
    domain = rule._get_domain(session.as_of)
    if rule.min_days:
        latest = bounds.shift(session.as_of, days=-rule.min_days)
        domain = Domain("stage_date", "<=", latest) & domain
    Profile = session.env["crm.lifecycle.profile"]
    condition = Profile._get_condition_sql(domain, query)
    if not blocks_return:
        return condition
    return SQL(
        """
        %s AND NOT EXISTS (
            SELECT FROM crm_lifecycle_history AS h
             WHERE h.profile_id = crm_lifecycle_profile.id
               AND h.date = %s AND h.merge_id IS NULL
               AND (h.origin = %s AND h.from_stage_id = %s
                    OR h.passed_stages @> to_jsonb(%s::int))
               AND h.create_date >= crm_lifecycle_profile.facts_date)
        """,
        condition,
        session.as_of,
        session.mode.origin,
        rule.to_stage_id.id,
        rule.to_stage_id.id,
    )


def _insert_due(session, query, *, rule=None, stage=None):
    """Put the profiles of a query with a stage to go to on the due list.

    ``rule`` is SQL of the rule that leads there, or ``stage`` of the stage. Moves of
    the same kind are stored together, so that few statements make a batch. The offset
    keeps the planner from merging the conditions into the outer query, where they would
    be evaluated once for each use of their result.
    """
    session.env.cr.execute(
        SQL(
            """
            INSERT INTO lifecycle_due
                        (profile_id, rule_id, from_stage_id, to_stage_id, origin)
            SELECT p.id, p.rule_id, p.stage_id, COALESCE(p.target_id, r.to_stage_id),
                   %s
              FROM (%s OFFSET 0) AS p
         LEFT JOIN crm_lifecycle_rule AS r ON r.id = p.rule_id
             WHERE p.target_id IS NOT NULL OR p.rule_id IS NOT NULL
             ORDER BY 2, 3, 4, 1
            """,
            ORIGIN_OF_PLACEMENT
            if stage and session.mode.places_at_once
            else SQL("NULL"),
            query.select(
                SQL.identifier("crm_lifecycle_profile", "id"),
                SQL.identifier("crm_lifecycle_profile", "stage_id"),
                SQL("%s AS rule_id", rule or SQL("NULL::int")),
                SQL("%s AS target_id", stage or SQL("NULL::int")),
            ),
        )
    )


# ----------------------------------------------------------------
# Due tomorrow
# ----------------------------------------------------------------


def defer_to_tomorrow(session, lifecycles):
    """Have customers that may not move back today reviewed tomorrow."""
    today = Domain("stage_date", "=", session.as_of)
    rules = lifecycles.rule_ids.filtered("active")
    conditions.execute_usable(
        session,
        rules,
        lambda unusable: _insert_deferred(session, lifecycles, rules, today, unusable),
    )


def _insert_deferred(session, lifecycles, rules, today, unusable):
    query = search_candidates(session, get_base_domain(session) & today, True)
    rule = get_rule_case(
        session, lifecycles, rules, query, unusable, blocks_return=False
    )
    query.add_where(SQL("%s IS NOT NULL", rule))
    if session.has_placed:
        query.add_where(NOT_PLACED)
    session.env.cr.execute(
        SQL(
            "INSERT INTO lifecycle_skipped (profile_id) %s "
            "UNION SELECT profile_id FROM lifecycle_placed WHERE is_waiting "
            "ON CONFLICT DO NOTHING",
            query.select(),
        )
    )
