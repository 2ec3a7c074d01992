"""Place customers who enter a lifecycle in the stage where its rules end.

A customer gets one move: a start, or a switch from another lifecycle. The rules are
evaluated once for all of them, and the way through the stages is found for each
combination of rules that hold, see `engine.placement`.

``lifecycle_placed`` lists the customers placed in this run, for the session.
"""

from odoo.tools import SQL

from ..engine.placement import LifecycleInfo, RuleInfo, place
from . import conditions, evaluate

# The rules that hold for a customer, by the numbers of the rules; those that can't be
# evaluated are the same for all of them.
CREATE_MATCHES = """
    DROP TABLE IF EXISTS lifecycle_match;
    CREATE TEMPORARY TABLE lifecycle_match AS %s
"""


def fill_due(session, lifecycles, candidates):
    """List the customers who enter a lifecycle, with the stage to place them in."""
    evaluate.fill_due_by_lifecycle(session, lifecycles, candidates)
    if not session.env.execute_query(SQL("SELECT FROM lifecycle_due LIMIT 1")):
        return
    session.has_placed = True
    session.execute_all(
        (
            SQL("ANALYZE lifecycle_due"),
            SQL(
                "INSERT INTO lifecycle_placed (profile_id, origin) "
                "SELECT profile_id, origin FROM lifecycle_due ON CONFLICT DO NOTHING"
            ),
        )
    )
    for lifecycle in lifecycles:
        _place_in(session, lifecycle)


def _place_in(session, lifecycle):
    """Set the stage, the rule and the stages passed of those due for one lifecycle."""
    rules = lifecycle.rule_ids.filtered("active")
    rules -= conditions.get_stage_rules(session, lifecycle)
    rules = rules.filtered(lambda rule: not rule.min_days)
    if not rules:
        return
    unusable = conditions.execute_usable(
        session,
        rules,
        lambda unusable: _find_matches(session, lifecycle, rules, unusable),
    )
    session.env.cr.execute(SQL("ANALYZE lifecycle_match"))
    info = _get_info(lifecycle, rules)
    rows = session.env.execute_query(
        SQL("SELECT DISTINCT entry_id, rule_ids FROM lifecycle_match")
    )
    placements = {
        (entry_id, tuple(rule_ids)): place(info, entry_id, rule_ids, unusable.ids)
        for entry_id, rule_ids in rows
    }
    _write_placements(session, placements)
    session.env.cr.execute(SQL("DROP TABLE lifecycle_match"))


def _get_info(lifecycle, rules):
    return LifecycleInfo(
        stages=lifecycle.stage_ids._get_stage_infos(),
        rules=[
            RuleInfo(rule.id, frozenset(rule.from_stage_ids.ids), rule.to_stage_id.id)
            for rule in rules
        ],
        skip_policy=lifecycle.skip_policy,
        regress_policy=lifecycle.regress_policy,
    )


def _find_matches(session, lifecycle, rules, unusable):
    """List the rules that hold for each customer due for the lifecycle."""
    query = evaluate.search_candidates(
        session, evaluate.get_base_domain(session), True, _is_due_for(lifecycle)
    )
    Profile = session.env["crm.lifecycle.profile"]
    holding = [
        SQL(
            "CASE WHEN %s THEN %s END",
            Profile._get_condition_sql(rule._get_domain(session.as_of), query),
            rule.id,
        )
        for rule in rules - unusable
    ]
    query.add_join(
        "JOIN",
        "due",
        "lifecycle_due",
        SQL("due.profile_id = crm_lifecycle_profile.id"),
    )
    session.env.cr.execute(
        SQL(
            CREATE_MATCHES,
            query.select(
                SQL("crm_lifecycle_profile.id AS profile_id"),
                SQL("due.to_stage_id AS entry_id"),
                SQL(
                    "array_remove(ARRAY[%s]::int[], NULL) AS rule_ids",
                    SQL(", ").join(holding),
                ),
            ),
        )
    )
    return unusable


def _is_due_for(lifecycle):
    return SQL(
        "crm_lifecycle_profile.id IN "
        "(SELECT profile_id FROM lifecycle_due WHERE to_stage_id = ANY(%s))",
        lifecycle.stage_ids.ids,
    )


def _write_placements(session, placements):
    """Write the placement of each combination on the due list."""
    keys, values = list(placements), list(placements.values())
    session.env.cr.execute(
        SQL(
            """
            CREATE TEMPORARY TABLE lifecycle_placement ON COMMIT DROP AS
            SELECT m.profile_id, v.stage_id, v.rule_id, v.passed::int[], v.is_waiting
              FROM unnest(%s::int[], %s::text[], %s::int[], %s::int[], %s::text[],
                          %s::boolean[])
                AS v (entry_id, rule_ids, stage_id, rule_id, passed, is_waiting)
              JOIN lifecycle_match AS m
                ON m.entry_id = v.entry_id AND m.rule_ids::text = v.rule_ids
            """,
            [entry_id for entry_id, _rule_ids in keys],
            [_get_array_text(rule_ids) for _entry_id, rule_ids in keys],
            [value.stage_id for value in values],
            [value.rule_id for value in values],
            [_get_array_text(value.passed_ids) for value in values],
            [value.is_waiting for value in values],
        )
    )
    session.execute_all(
        (
            SQL("ANALYZE lifecycle_placement"),
            # In the order of the moves, so that few statements make a batch.
            SQL(
                """
                WITH placed AS (
                    DELETE FROM lifecycle_due AS d
                     USING lifecycle_placement AS v
                     WHERE v.profile_id = d.profile_id
                    RETURNING d.profile_id, v.rule_id, d.from_stage_id, v.stage_id,
                              d.origin, v.passed
                )
                INSERT INTO lifecycle_due (profile_id, rule_id, from_stage_id,
                                           to_stage_id, origin, passed)
                SELECT * FROM placed ORDER BY 2, 3, 4, 6, 1
                """
            ),
        )
    )
    session.env.cr.execute(
        SQL(
            "UPDATE lifecycle_placed AS d SET is_waiting = TRUE "
            "FROM lifecycle_placement AS v WHERE v.profile_id = d.profile_id "
            "AND v.is_waiting AND d.is_waiting IS NOT TRUE"
        )
    )
    # First: reading the counter may execute another statement.
    waiting = session.env.cr.rowcount
    session.run.left_count += waiting
    session.env.cr.execute(SQL("DROP TABLE lifecycle_placement"))


def _get_array_text(ids):
    """Return the text of an array of integers, as PostgreSQL writes it."""
    return f"{{{','.join(map(str, ids))}}}"
