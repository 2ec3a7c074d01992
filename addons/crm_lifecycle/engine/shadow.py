"""Temporary copies of the customers that hide the real tables.

PostgreSQL searches an unqualified table among the temporary ones first. So a temporary
table with the name of the profiles' table replaces it for one transaction, and the
engine works on it unchanged: with two indexes only, without a write-ahead log, without
locks, and invisible to others. Names that must never mean the real tables use the
schema ``pg_temp``.

An update adds a row version to the table and an entry to each index, and vacuum can't
remove the old ones before the transaction ends: with three versions of a row, indexes
cost more than everything else. So the copies of a preview, in which all customers may
move several times, have no indexes on the profiles once the facts are there.
"""

from collections.abc import Sequence
from datetime import date

from odoo.tools import SQL

CURRENT_SCHEMA = SQL("SELECT current_schema()")

PROFILE = "crm_lifecycle_profile"
HISTORY = "crm_lifecycle_history"
TABLES = (PROFILE, HISTORY, "crm_lifecycle_pending")
# Columns of the profile that come from neither documents nor moves.
COPIED_COLUMNS = ("id", "partner_id", "lead_id", "company_id", "is_manual", "user_id")
# Indexes of the copy of the profiles, with their columns.
INDEXES = {
    f"lifecycle_copy_{column}_idx": column for column in ("id", "partner_id", "lead_id")
}
# No rule moves customers who already have a history.
NEVER = SQL("DATE '9999-12-31'")


def _create_tables(schema: str) -> list[SQL]:
    return [
        SQL(
            "CREATE TEMPORARY TABLE %s (LIKE %s INCLUDING DEFAULTS) ON COMMIT DROP",
            SQL.identifier(table),
            SQL.identifier(schema, table),
        )
        for table in TABLES
    ]


def create_with_facts(
    schema: str, company_id: int, lifecycle_ids: Sequence[int]
) -> list[SQL]:
    """Copy the company's profiles, and its history in some lifecycles."""
    return [
        *_create_tables(schema),
        SQL(
            "INSERT INTO pg_temp.crm_lifecycle_profile "
            "SELECT * FROM %s WHERE company_id = %s",
            SQL.identifier(schema, PROFILE),
            company_id,
        ),
        _copy_history(schema, company_id, lifecycle_ids),
        SQL("CREATE INDEX ON crm_lifecycle_history (profile_id, date)"),
        SQL("ANALYZE crm_lifecycle_profile, crm_lifecycle_history"),
    ]


def _copy_history(schema: str, company_id: int, lifecycle_ids: Sequence[int]) -> SQL:
    return SQL(
        "INSERT INTO pg_temp.crm_lifecycle_history SELECT * FROM %s "
        "WHERE company_id = %s AND lifecycle_id = ANY(%s)",
        SQL.identifier(schema, HISTORY),
        company_id,
        list(lifecycle_ids),
    )


def drop_indexes() -> SQL:
    """Drop the indexes of the copy of the profiles."""
    names = [SQL.identifier("pg_temp", name) for name in INDEXES]
    return SQL("DROP INDEX %s", SQL(", ").join(names))


def save_snapshot() -> SQL:
    """Keep the profiles as they are before the rules are evaluated."""
    return SQL(
        "CREATE TEMPORARY TABLE lifecycle_snapshot ON COMMIT DROP AS "
        "SELECT * FROM crm_lifecycle_profile"
    )


def restore_snapshot(
    schema: str, company_id: int, lifecycle_ids: Sequence[int]
) -> list[SQL]:
    """Reset the copies to their state before the rules were evaluated."""
    return [
        SQL("TRUNCATE pg_temp.crm_lifecycle_profile, pg_temp.crm_lifecycle_history"),
        SQL(
            "INSERT INTO pg_temp.crm_lifecycle_profile SELECT * FROM lifecycle_snapshot"
        ),
        _copy_history(schema, company_id, lifecycle_ids),
        SQL("ANALYZE crm_lifecycle_profile, crm_lifecycle_history"),
    ]


def save_result(table: SQL, last_id: int) -> list[SQL]:
    """Keep the stages of customers on the copies, and their moves after ``last_id``."""
    return [
        SQL(
            """
            CREATE TEMPORARY TABLE %s ON COMMIT DROP AS
            SELECT p.id AS profile_id, p.partner_id, p.lead_id, p.stage_id,
                   h.id AS move_id, h.rule_id, h.reason, h.facts
              FROM crm_lifecycle_profile AS p
         LEFT JOIN (SELECT profile_id, MAX(id) AS id
                      FROM crm_lifecycle_history WHERE id > %s
                     GROUP BY profile_id) AS last ON last.profile_id = p.id
         LEFT JOIN crm_lifecycle_history AS h ON h.id = last.id
             WHERE p.active
            """,
            table,
            last_id,
        ),
        SQL("ANALYZE %s", table),
    ]


def create(schema: str, company_id: int, is_settled: SQL | None = None) -> list[SQL]:
    """Copy the tables that a run writes: the company's profiles without facts.

    :param is_settled: SQL condition on a profile ``p`` that no rule moves; by default
        those with a history
    """
    kept = SQL(", ").join(map(SQL.identifier, COPIED_COLUMNS))
    is_settled = is_settled or SQL(
        "EXISTS (SELECT FROM %s AS h "
        "WHERE h.profile_id = p.id AND h.is_voided IS NOT TRUE)",
        SQL.identifier(schema, HISTORY),
    )
    return [
        *_create_tables(schema),
        SQL(
            """
            INSERT INTO %(profile)s (%(kept)s, active, pinned_until)
            SELECT %(kept)s, FALSE,
                   CASE WHEN %(is_settled)s THEN %(never)s END
              FROM %(real_profile)s AS p
             WHERE p.company_id = %(company)s
            """,
            profile=SQL.identifier("pg_temp", PROFILE),
            kept=kept,
            real_profile=SQL.identifier(schema, PROFILE),
            is_settled=is_settled,
            never=NEVER,
            company=company_id,
        ),
        SQL("CREATE INDEX ON crm_lifecycle_history (profile_id, date)"),
        *index_profiles(),
    ]


def index_profiles() -> list[SQL]:
    """Add indexes to the copy of the profiles, to refresh some of them."""
    return [
        *(
            SQL(
                "CREATE %s INDEX %s ON crm_lifecycle_profile (%s)",
                SQL("UNIQUE") if column == "id" else SQL(),
                SQL.identifier(name),
                SQL.identifier(column),
            )
            for name, column in INDEXES.items()
        ),
        SQL("ANALYZE crm_lifecycle_profile"),
    ]


def compact() -> list[SQL]:
    """Remove the old row versions from the copy of the profiles.

    Vacuum can't remove them before the transaction ends, and each day adds more for
    every customer that it changes.
    """
    return [
        SQL(
            "ALTER TABLE pg_temp.crm_lifecycle_profile RENAME TO lifecycle_old_profile"
        ),
        SQL(
            "CREATE TEMPORARY TABLE crm_lifecycle_profile "
            "(LIKE lifecycle_old_profile INCLUDING DEFAULTS) ON COMMIT DROP"
        ),
        SQL(
            "INSERT INTO pg_temp.crm_lifecycle_profile "
            "SELECT * FROM lifecycle_old_profile"
        ),
        SQL("DROP TABLE lifecycle_old_profile"),
        *index_profiles(),
    ]


def collapse_moves(lifecycle_ids: Sequence[int]) -> list[SQL]:
    """Combine the moves that brought a customer to their first stage into one."""
    mine = SQL("lifecycle_id = ANY(%s)", list(lifecycle_ids))
    return [
        SQL(
            """
            DELETE FROM pg_temp.crm_lifecycle_history AS h
             USING (SELECT profile_id, MAX(id) AS id
                      FROM crm_lifecycle_history GROUP BY profile_id) AS last
             WHERE h.profile_id = last.profile_id AND h.id < last.id AND %s
            """,
            mine,
        ),
        SQL(
            "UPDATE pg_temp.crm_lifecycle_history "
            "SET from_stage_id = NULL, days_in_from_stage = NULL WHERE %s",
            mine,
        ),
        SQL("ANALYZE crm_lifecycle_history"),
    ]


def set_move_dates(moves: SQL, as_of: date) -> list[SQL]:
    """Write the days since when moves were due, in the history and on profiles.

    :param moves: SQL of the ``id`` of moves made as of ``as_of``, their
        ``profile_id``, the day ``since`` which they were due, if known, and the day
        on which the customer had ``entered`` the previous stage
    """
    day = SQL("COALESCE(NULLIF(since, '-infinity'::date), 'infinity'::date)")
    return [
        SQL(
            """
            CREATE TEMPORARY TABLE IF NOT EXISTS lifecycle_dated (
                id int, profile_id int, entered date, day date) ON COMMIT DROP;
            TRUNCATE lifecycle_dated;
            INSERT INTO lifecycle_dated
            SELECT id, profile_id,
                   COALESCE(LAG(day) OVER chain, entered), day
              FROM (SELECT id, profile_id, entered,
                           LEAST(MAX(%s) OVER (PARTITION BY profile_id ORDER BY id),
                                 %s::date) AS day
                      FROM (%s) AS move) AS dated
            WINDOW chain AS (PARTITION BY profile_id ORDER BY id)
            """,
            day,
            as_of,
            moves,
        ),
        SQL("ANALYZE lifecycle_dated"),
        SQL(
            """
            UPDATE pg_temp.crm_lifecycle_history AS h
               SET date = d.day,
                   days_in_from_stage = CASE WHEN h.days_in_from_stage IS NOT NULL
                                             THEN GREATEST(d.day - d.entered, 0) END
              FROM lifecycle_dated AS d
             WHERE h.id = d.id
            """
        ),
        # Conditions that change some days after this day may already have changed.
        SQL(
            """
            UPDATE pg_temp.crm_lifecycle_profile AS p
               SET stage_date = d.day, date_last_stage_update = d.day,
                   review_date = %s::date + 1
              FROM (SELECT profile_id, MAX(day) AS day
                      FROM lifecycle_dated GROUP BY profile_id) AS d
             WHERE p.id = d.profile_id AND p.stage_date <> d.day
            """,
            as_of,
        ),
    ]
