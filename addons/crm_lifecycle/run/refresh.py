"""Refresh the facts of the customers on the work list, in batches."""

import time
from dataclasses import replace

from odoo.tools import SQL

from ..engine import statements
from ..fields import NullableInteger
from ..storage import raise_work_mem
from . import conditions
from .session import MANY_ROWS

# Number of customers in a batch. It is large because each source then reads its
# documents in one pass; rows that staff may be waiting for are only written at the
# end, if they differ.
BATCH = 1000000


def refresh_listed(session):
    """Refresh the facts of all customers on the work list."""
    while True:
        started = time.monotonic()
        count = session.attempt(refresh_batch, session)
        if count is None:
            return
        session.add_seconds("refresh", started)
        session.save_progress(count)


def refresh_batch(session, before_write=None):
    """Refresh one batch of the work list. Return the number of its customers.

    None if the list is empty. The rows of the list are deleted in the same transaction;
    rows that another worker holds are skipped.

    :param before_write: called as ``before_write(names of facts)`` when
        ``lifecycle_facts`` is filled and nothing is written yet
    """
    env, reuse = session.env, session.mode.reuses_tables
    env.flush_all()
    session.execute_all(statements.create_batch_tables(reuse))
    taken = _take_batch(session)
    if not taken:
        return None
    if taken > MANY_ROWS:
        raise_work_mem(env.cr)
    session.execute_all(statements.list_subjects(reuse))
    if session.mode.converts:
        _convert_subjects(session)
    session.execute_all(
        statements.fill_batch(
            session.company.id,
            env["crm.lifecycle.source.lead"]._get_company_condition(session.scope),
            reuse,
        )
    )
    topics = env.execute_query(
        SQL("SELECT DISTINCT topics FROM lifecycle_batch ORDER BY topics")
    )
    scope = replace(
        session.scope,
        batch_topics=tuple(value for [value] in topics),
        batch_size=taken,
    )
    seen, created, refreshed = _write_facts(session, scope, before_write)
    session.run.profile_count += seen
    session.run.created_count += created
    session.run.refreshed_count += refreshed
    session.analyze_grown_tables(created, "crm_lifecycle_profile")
    env["crm.lifecycle.profile"].invalidate_model()
    return seen


def _take_batch(session):
    """Move rows from the work list to ``lifecycle_taken``. Return their number.

    They are selected once, whatever the plan: a subquery with a limit may be executed
    again for each row.
    """
    mine = SQL("TRUE")
    if session.shard:
        mine = session.shard.contains(SQL("partner_res_id"), SQL("lead_res_id"))
    session.env.cr.execute(
        SQL(
            """
            -- the oldest rows of the company or shard that no one else has locked
            WITH picked AS MATERIALIZED (
                SELECT id
                  FROM crm_lifecycle_pending
                 WHERE company_id = %(company)s AND %(mine)s
                 ORDER BY id
                 LIMIT %(size)s
                   FOR UPDATE SKIP LOCKED
            -- are deleted from the work list
            ), taken AS (
                DELETE FROM crm_lifecycle_pending AS t
                 USING picked
                 WHERE t.id = picked.id
             RETURNING partner_res_id, lead_res_id, topics, is_review
            )
            -- and added to the batch
            INSERT INTO lifecycle_taken (partner_id, lead_id, topics, is_review)
            SELECT partner_res_id, lead_res_id, topics, is_review FROM taken
            """,
            company=session.company.id,
            mine=mine,
            size=BATCH,
        )
    )
    count = session.env.cr.rowcount
    session.env.cr.execute(SQL("ANALYZE lifecycle_taken"))
    return count


def _convert_subjects(session):
    """Convert profiles of leads and contacts that now belong to a customer."""
    rows = session.env.execute_query(
        SQL(
            """
            -- profiles of leads of the customers
            SELECT p.id
              FROM lifecycle_subject AS s
              JOIN res_partner AS c ON c.commercial_partner_id = s.partner_id
              JOIN crm_lead AS l ON l.partner_id = c.id
              JOIN crm_lifecycle_profile AS p ON p.lead_id = l.id
             WHERE p.company_id = %(company)s
             UNION
            -- profiles of contacts below the customers
            SELECT p.id
              FROM lifecycle_subject AS s
              JOIN res_partner AS c ON c.commercial_partner_id = s.partner_id
                                   AND c.id <> s.partner_id
              JOIN crm_lifecycle_profile AS p ON p.partner_id = c.id
             WHERE p.company_id = %(company)s
            """,
            company=session.company.id,
        )
    )
    if rows:
        profiles = session.env["crm.lifecycle.profile"].browse(row[0] for row in rows)
        profiles._lifecycle_convert()
        session.env.flush_all()


def _write_facts(session, scope, before_write=None):
    """Write the facts that differ, and the profiles of new customers.

    Return the numbers of customers seen, added, and changed.
    """
    cr = session.env.cr
    values, sources = _get_fact_values(session, scope)
    values |= _get_derived_values(session.env, values)
    cr.execute(statements.compute_facts(values, sources, session.mode.reuses_tables))
    cr.execute(SQL("ANALYZE lifecycle_facts (profile_id)"))
    if before_write:
        before_write(session.env["crm.lifecycle.profile"]._get_fact_fields())
    [[known]] = session.env.execute_query(
        SQL("SELECT COUNT(*) FROM lifecycle_facts WHERE NOT is_new")
    )
    cr.execute(
        statements.update_profiles(
            list(values),
            conditions.get_watched_columns(session, values),
            session.as_of,
            session.get_rolling_topics(),
        )
    )
    known_changed = cr.rowcount
    cr.execute(
        statements.insert_profiles(list(values), session.company.id, session.as_of)
    )
    created = cr.rowcount
    return known + created, created, known_changed + created


def _get_fact_values(session, scope):
    """Return ``({fact: SQL}, [SQL of a source])`` for a batch."""
    Profile = session.env["crm.lifecycle.profile"]
    facts = {name: Profile._fields[name] for name in Profile._get_fact_fields()}
    answers, topics = {}, {}
    sources = []
    for source in session.get_sources():
        if not source._facts:
            continue
        alias = f"s{len(sources)}"
        sources.append(source._fact_values(scope))
        bit = scope.topics[source._name]
        for name in source._facts:
            topics[name] = bit
            answers.setdefault(name, []).append(SQL.identifier(alias, name))
    values = statements.fact_columns(
        answers,
        combination={name: field.fact for name, field in facts.items()},
        counts=[
            name
            for name, field in facts.items()
            if field.type == "integer" and not isinstance(field, NullableInteger)
        ],
        topics=topics,
    )
    return values, sources


def _get_derived_values(env, values):
    """Return ``{column: SQL}`` of values derived from facts and from contacts."""
    derived = {
        "active": SQL(
            "(p.is_manual IS TRUE OR %s IS NOT NULL) AND COALESCE("
            "c.active, l.active OR l.won_status = 'lost', FALSE)",
            values["first_seen_date"],
        ),
        "user_id": SQL("COALESCE(p.user_id, c.user_id, l.user_id)"),
    }
    if "last_contact_date" in values:
        derived["follow_up_date"] = SQL(
            "(SELECT %s FROM crm_lifecycle_stage AS s WHERE s.id = p.stage_id)",
            env["crm.lifecycle.profile"]._get_follow_up_sql(
                values["last_contact_date"]
            ),
        )
    return derived
