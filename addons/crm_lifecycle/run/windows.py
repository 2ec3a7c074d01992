"""Changes by passing days, for customers without any other change."""

from odoo.tools import SQL

from ..engine.scope import ALL_TOPICS, has_topic
from ..engine.statements import NOW, filled
from . import conditions

ROLLING_TABLE = SQL("lifecycle_rolling")


def roll_windows(session):
    """Update facts over moving windows to the day, by what has left the windows.

    Customers on the work list for these facts are computed from scratch and skipped
    here, and so are those already computed for this day. If the facts are as of a day
    in between, the customer goes on the list.
    """
    if session.scope.is_full:
        return
    changes = _fill_changes(session)
    if not changes:
        return
    _fill_rolling(session, changes)
    enqueue_skipped_days(session)
    for table, values in changes.items():
        session.env.cr.execute(_get_apply_sql(session, table, values))
    [[count]] = session.env.execute_query(SQL("SELECT COUNT(*) FROM %s", ROLLING_TABLE))
    session.run.refreshed_count += count
    if not session.mode.reuses_tables:
        drop_tables(session)
    session.env["crm.lifecycle.profile"].invalidate_model()


def _fill_changes(session):
    """Query the sources once. Return ``{table of changes: {fact: new value}}``."""
    changes = {}
    for source in session.get_sources():
        if not source._has_rolling_facts:
            continue
        query, values = source._rolling_changes(session.scope)
        if not session.mode.needs_facts(values):
            continue
        table = _get_table(len(changes))
        session.env.cr.execute(filled(table, query, session.mode.reuses_tables))
        changes[table] = values
    return changes


def _get_table(number):
    return SQL.identifier(f"lifecycle_rolling_{number}")


def drop_tables(session):
    """Drop the lists of customers that passing days change."""
    count = sum(source._has_rolling_facts for source in session.get_sources())
    tables = [ROLLING_TABLE, *map(_get_table, range(count))]
    session.env.cr.execute(SQL("DROP TABLE IF EXISTS %s", SQL(", ").join(tables)))


def _fill_rolling(session, changes):
    """List the customers that passing days change, in ``lifecycle_rolling``."""
    scope = session.scope
    query = SQL(
        """
            SELECT p.id AS profile_id, p.partner_id,
                   -- otherwise the facts are as of a day in between
                   COALESCE(p.facts_as_of <= %(previous)s, TRUE) AS is_before
              FROM crm_lifecycle_profile AS p
              JOIN (%(customers)s) AS d ON d.partner_id = p.partner_id
             WHERE p.company_id = %(company)s
               -- not yet computed for this day
               AND COALESCE(p.facts_as_of < %(as_of)s, TRUE)
               -- and not on the work list for it
               AND NOT EXISTS (
                   SELECT FROM crm_lifecycle_pending AS t
                    WHERE t.company_id = %(company)s
                      AND t.partner_res_id = p.partner_id
                      AND %(is_asked)s)
            """,
        is_asked=has_topic(
            SQL("COALESCE(t.topics, %s)", ALL_TOPICS), session.get_rolling_topics()
        ),
        customers=SQL(" UNION ").join(
            SQL("SELECT partner_id FROM %s", table) for table in changes
        ),
        company=scope.company_id,
        previous=scope.previous_as_of,
        as_of=scope.as_of,
    )
    session.env.cr.execute(filled(ROLLING_TABLE, query, session.mode.reuses_tables))


def enqueue_skipped_days(session):
    """Put customers with facts of a day in between on the work list."""
    session.env.cr.execute(
        SQL(
            """
            WITH between_days AS (
                DELETE FROM lifecycle_rolling WHERE NOT is_before
                RETURNING partner_id
            )
            INSERT INTO crm_lifecycle_pending (company_id, partner_res_id)
            SELECT %s, partner_id FROM between_days
            """,
            session.scope.company_id,
        )
    )
    session.env.cr.execute(SQL("ANALYZE lifecycle_rolling"))


def _get_apply_sql(session, table, values):
    """Return SQL that writes the new values of one source.

    If a rule uses one of them, the customer is due for review.
    """
    reviewed = SQL()
    if conditions.get_watched_columns(session, values):
        reviewed = SQL("review_date = %s,", session.as_of)
    return SQL(
        """
        UPDATE crm_lifecycle_profile AS p
           SET %(values)s, facts_as_of = %(as_of)s, %(reviewed)s
               facts_date = %(now)s, write_date = %(now)s
          FROM lifecycle_rolling AS l
          JOIN %(table)s AS d ON d.partner_id = l.partner_id
         WHERE p.id = l.profile_id
        """,
        table=table,
        as_of=session.as_of,
        reviewed=reviewed,
        now=NOW,
        values=SQL(", ").join(
            SQL("%s = %s", SQL.identifier(name), value)
            for name, value in values.items()
        ),
    )
