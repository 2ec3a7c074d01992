"""Find the customers with facts that may have changed."""

from odoo.tools import SQL

from ..engine.scope import ALL_TOPICS
from ..storage import raise_work_mem

# Number of contacts, and of leads, that each night looks for without a profile; more if
# there are so many that they would take longer than MAX_NIGHTS.
STRAYS = 2000
MAX_NIGHTS = 28


def enqueue_changes(session):
    """Put customers that may have changed on the work list. Return the watermark."""
    session.env.flush_all()
    if session.scope.is_full:
        raise_work_mem(session.env.cr)
    watermark = get_watermark(session.env)
    session.env.cr.execute(
        _get_enqueue_sql(session.scope, _get_source_queries(session))
    )
    session.env.cr.execute(SQL("ANALYZE crm_lifecycle_pending"))
    return watermark


def get_watermark(env):
    """Return the start of the oldest open transaction.

    Its writes have that time or a later one, and are not visible yet.
    """
    [[watermark]] = env.execute_query(
        SQL(
            """
            SELECT LEAST(now(), MIN(xact_start)) AT TIME ZONE 'UTC'
              FROM pg_stat_activity
             WHERE datname = current_database()
            """
        )
    )
    return watermark


def _get_source_queries(session):
    """Return SQL of the changed ``(partner_id, lead_id, topics)`` of each source."""
    scope = session.scope
    queries = [
        SQL(
            "SELECT partner_id, lead_id, %s FROM (%s) AS c (partner_id, lead_id)",
            scope.topics[source._name],
            source._changed_subjects(scope),
        )
        for source in session.get_sources()
    ]
    if scope.is_full:
        queries.append(
            SQL(
                "SELECT partner_id, lead_id, %s FROM crm_lifecycle_profile "
                "WHERE company_id = %s",
                ALL_TOPICS,
                scope.company_id,
            )
        )
    elif session.mode.finds_strays and scope.previous_as_of < scope.as_of:
        queries += _get_stray_queries(session)
    return queries


def _get_stray_queries(session):
    """Return SQL of contacts and leads without a profile, part of them each night.

    Documents may have come to them without a mark, by SQL for example. Only those with
    documents become customers.
    """
    scope = session.scope
    contacts = SQL(
        """
        SELECT DISTINCT c.commercial_partner_id, NULL::int, %(all)s
          FROM res_partner AS c
         WHERE %(part)s AND NOT EXISTS (
               SELECT FROM crm_lifecycle_profile AS p
                WHERE p.partner_id = c.commercial_partner_id
                  AND p.company_id = %(company)s)
        """,
        all=ALL_TOPICS,
        part=_get_part_of_tonight(session, "res_partner", SQL("c.id")),
        company=scope.company_id,
    )
    leads = SQL(
        """
        SELECT NULL::int, l.id, %(all)s
          FROM crm_lead AS l
         WHERE l.partner_id IS NULL AND %(part)s AND %(in_company)s AND NOT EXISTS (
               SELECT FROM crm_lifecycle_profile AS p
                WHERE p.lead_id = l.id AND p.company_id = %(company)s)
        """,
        all=ALL_TOPICS,
        part=_get_part_of_tonight(session, "crm_lead", SQL("l.id")),
        in_company=session.env["crm.lifecycle.source.lead"]._get_company_condition(
            scope
        ),
        company=scope.company_id,
    )
    return [contacts, leads]


def _get_part_of_tonight(session, table, column):
    """Return the SQL condition that an id is in the range of tonight.

    The ranges of the nights since the last run, so that none is left out.
    """
    scope = session.scope
    table = SQL.identifier(table)
    few = SQL("SELECT FROM %s LIMIT %s", table, STRAYS + 1)
    [[count]] = session.env.execute_query(SQL("SELECT COUNT(*) FROM (%s) AS t", few))
    if count <= STRAYS:
        return SQL("TRUE")
    [[lowest, highest]] = session.env.execute_query(
        SQL("SELECT MIN(id), MAX(id) FROM %s", table)
    )
    span = highest - lowest + 1
    size = max(STRAYS, -(-span // MAX_NIGHTS))
    nights = -(-span // size)
    night = scope.as_of.toordinal()
    passed = min((scope.as_of - scope.previous_as_of).days, nights)
    ranges = [
        SQL("%s BETWEEN %s AND %s", column, first, first + size - 1)
        for number in range(night - passed + 1, night + 1)
        for first in [lowest + number % nights * size]
    ]
    return SQL("(%s)", SQL(" OR ").join(ranges))


def _get_enqueue_sql(scope, queries):
    """Return SQL that puts the changes that the sources found on the work list.

    Changes that documents reported are grouped by customer together with them: each
    customer is on the list once, and in one shard.
    """
    return SQL(
        """
        -- changes that documents reported, except rows that another worker holds
        WITH waiting AS MATERIALIZED (
            SELECT id
              FROM crm_lifecycle_pending
             WHERE company_id = %(company)s
               FOR UPDATE SKIP LOCKED
        -- are deleted from the work list
        ), reported AS (
            DELETE FROM crm_lifecycle_pending AS t
             USING waiting
             WHERE t.id = waiting.id
         RETURNING t.partner_res_id, t.lead_res_id,
                   COALESCE(t.topics, %(all)s), t.is_review
        -- combined with the changes that the sources found
        ), found (partner_id, lead_id, topics, is_review) AS (
            SELECT * FROM reported
             UNION ALL
            SELECT partner_id, lead_id, topics, FALSE
              FROM (%(queries)s) AS answer (partner_id, lead_id, topics)
        )
        -- and put on the list again: one row per customer, or lead without one
        INSERT INTO crm_lifecycle_pending (
                    company_id, partner_res_id, lead_res_id, topics, is_review)
        SELECT %(company)s, c.commercial_partner_id,
               CASE WHEN c.id IS NULL THEN f.lead_id END,
               bit_or(f.topics), bool_or(f.is_review)
          FROM found AS f
     LEFT JOIN crm_lead AS l ON l.id = f.lead_id AND f.partner_id IS NULL
     LEFT JOIN res_partner AS c
            ON c.id = COALESCE(f.partner_id, l.partner_id)
         WHERE c.id IS NOT NULL OR f.lead_id IS NOT NULL
         GROUP BY 2, 3
        """,
        all=ALL_TOPICS,
        company=scope.company_id,
        queries=SQL(" UNION ALL ").join(queries),
    )
