"""Builders of the set statements that the engine runs.

All names of tables are unqualified on purpose: a temporary table of the same
name then stands in for the real one, which is how a preview works on a copy.

A batch of subjects lives in three temporary tables for the time of its
transaction:

- ``lifecycle_batch (profile_id, partner_id, lead_id)``: the subjects, one row
  each, either with a commercial partner or with a lead;
- ``lifecycle_batch_contact (profile_id, partner_id)``: each subject partner and
  all contacts below it;
- ``lifecycle_batch_lead (profile_id, lead_id)``: the leads of each subject.
"""

from collections.abc import Iterable, Mapping, Sequence

from odoo.tools import SQL

# The clock, not the start of the transaction: what is written later in one
# transaction must be seen to be later (facts after a move, or before it).
NOW = SQL("(clock_timestamp() AT TIME ZONE 'UTC')")

COMBINATIONS = {
    "min": "LEAST",
    "max": "GREATEST",
}


def combined(how: str, values: Sequence[SQL]) -> SQL:
    """SQL of one fact that several sources answer.

    ``min`` and ``max`` pass over sources that know nothing; ``sum`` adds what
    there is and is empty only where no source knows anything.
    """
    if len(values) == 1:
        return values[0]
    if how in COMBINATIONS:
        return SQL("%s(%s)", SQL(COMBINATIONS[how]), SQL(", ").join(values))
    if how == "sum":
        known = SQL(" + ").join(SQL("COALESCE(%s, 0)", value) for value in values)
        return SQL(
            "CASE WHEN COALESCE(%s) IS NOT NULL THEN %s END",
            SQL(", ").join(values),
            known,
        )
    raise ValueError(f"Only one source may answer a fact combined by {how!r}")


def refresh_facts(
    answers: Mapping[str, Sequence[SQL]],
    combination: Mapping[str, str],
    counts: Iterable[str],
    sources: Sequence[SQL],
    extra: Mapping[str, SQL],
) -> SQL:
    """One UPDATE of the profiles in the batch, skipping those without change.

    ``answers`` maps each fact to the columns that answer it, written as
    ``SQL("s0.order_count")`` where ``sources[0]`` is the subquery that is
    joined as ``s0`` on its ``profile_id``. Facts in ``counts`` are 0, the
    others empty, where no source knows anything. ``extra`` maps further
    columns to expressions over ``p`` (the profile), ``c`` (its partner) and
    ``l`` (its lead).
    """
    zero = set(counts)
    columns = {}
    for fact, values in answers.items():
        value = combined(combination[fact], values)
        columns[fact] = SQL("COALESCE(%s, 0)", value) if fact in zero else value
    columns.update(extra)
    names = [SQL.identifier(name) for name in columns]
    aliases = [SQL.identifier(f"v_{name}") for name in columns]
    joins = [
        SQL(
            "LEFT JOIN (%(source)s) AS %(alias)s "
            "ON %(alias)s.profile_id = b.profile_id",
            source=source,
            alias=SQL.identifier(f"s{index}"),
        )
        for index, source in enumerate(sources)
    ]
    return SQL(
        """
        UPDATE crm_lifecycle_profile AS t
           SET (%(names)s, facts_date, write_date)
             = (%(targets)s, %(now)s, %(now)s)
          FROM (
                SELECT b.profile_id, %(values)s
                  FROM lifecycle_batch AS b
                  JOIN crm_lifecycle_profile AS p ON p.id = b.profile_id
             LEFT JOIN res_partner AS c ON c.id = p.partner_id
             LEFT JOIN crm_lead AS l ON l.id = p.lead_id
                       %(joins)s
               ) AS v
         WHERE t.id = v.profile_id
           AND (%(current)s) IS DISTINCT FROM (%(fresh)s)
        """,
        names=SQL(", ").join(names),
        now=NOW,
        targets=SQL(", ").join(SQL("v.%s", alias) for alias in aliases),
        values=SQL(", ").join(
            SQL("%s AS %s", value, alias)
            for value, alias in zip(columns.values(), aliases, strict=True)
        ),
        joins=SQL(" ").join(joins),
        current=SQL(", ").join(SQL("t.%s", name) for name in names),
        fresh=SQL(", ").join(SQL("v.%s", alias) for alias in aliases),
    )


def create_batch_tables() -> list[SQL]:
    """Fresh, empty batch tables in this transaction."""
    return [
        SQL(
            "DROP TABLE IF EXISTS "
            "lifecycle_batch, lifecycle_batch_contact, lifecycle_batch_lead"
        ),
        SQL(
            "CREATE TEMPORARY TABLE lifecycle_batch "
            "(profile_id int, partner_id int, lead_id int) ON COMMIT DROP"
        ),
        SQL(
            "CREATE TEMPORARY TABLE lifecycle_batch_contact "
            "(profile_id int, partner_id int) ON COMMIT DROP"
        ),
        SQL(
            "CREATE TEMPORARY TABLE lifecycle_batch_lead "
            "(profile_id int, lead_id int) ON COMMIT DROP"
        ),
    ]


def fill_batch_relations(lead_in_company: SQL) -> list[SQL]:
    """Fill in the contacts and leads of the subjects in the batch."""
    return [
        SQL("ANALYZE lifecycle_batch"),
        SQL(
            """
            INSERT INTO lifecycle_batch_contact (profile_id, partner_id)
            SELECT b.profile_id, c.id
              FROM lifecycle_batch AS b
              JOIN res_partner AS c ON c.commercial_partner_id = b.partner_id
            """
        ),
        SQL("ANALYZE lifecycle_batch_contact"),
        SQL(
            """
            INSERT INTO lifecycle_batch_lead (profile_id, lead_id)
            SELECT b.profile_id, l.id
              FROM lifecycle_batch_contact AS b
              JOIN crm_lead AS l ON l.partner_id = b.partner_id
             WHERE %(lead_in_company)s
             UNION ALL
            SELECT b.profile_id, b.lead_id
              FROM lifecycle_batch AS b
             WHERE b.lead_id IS NOT NULL
            """,
            lead_in_company=lead_in_company,
        ),
        SQL("ANALYZE lifecycle_batch_lead"),
    ]
