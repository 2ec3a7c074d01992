"""Builders of the set-based statements of the engine.

Table names are unqualified on purpose: a temporary table of the same name then replaces
the real one, which lets a preview work on a copy.

A batch of subjects is stored in temporary tables for the duration of its transaction:

- ``lifecycle_taken (partner_id, lead_id, topics, is_review)``: rows taken from the work
  list;
- ``lifecycle_subject``, with the same columns: the subjects of these rows;
- ``lifecycle_batch (profile_id, partner_id, lead_id, topics, is_new, is_review)``:
  the subjects, one row each, either with a commercial partner or with a lead; a
  new one has the id that its profile will get;
- ``lifecycle_batch_contact (profile_id, partner_id, topics)``: each subject partner
  and all contacts below it;
- ``lifecycle_batch_lead (profile_id, lead_id, topics)``: the leads of each subject;
- ``lifecycle_facts (profile_id, …)``: the facts of each subject.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from odoo.tools import SQL

from .scope import ALL_TOPICS, has_topic

# The clock, not the start of the transaction: a later write in the same transaction
# must have a later time (facts after a move, or before it).
NOW = SQL("(clock_timestamp() AT TIME ZONE 'UTC')")

COMBINATIONS = {
    "min": "LEAST",
    "max": "GREATEST",
}


def filled(table: SQL, query: SQL, reuse: bool = False) -> SQL:
    """Return SQL that creates a temporary table from the rows of a query.

    ``reuse``: replace the rows of the existing table instead. Each table that is
    created and dropped keeps its locks until the transaction ends, and the hundreds of
    days of a replay would exhaust the locks of the server.
    """
    if not reuse:
        return SQL("CREATE TEMPORARY TABLE %s ON COMMIT DROP AS %s", table, query)
    return SQL(
        """
        CREATE TEMPORARY TABLE IF NOT EXISTS %(table)s ON COMMIT DROP AS %(query)s
            WITH NO DATA;
        TRUNCATE %(table)s;
        INSERT INTO %(table)s %(query)s
        """,
        table=table,
        query=query,
    )


def combined(how: str, values: Sequence[SQL]) -> SQL:
    """Return SQL of one fact that several sources provide.

    ``min`` and ``max`` ignore NULL; ``sum`` adds the known values and is NULL only if
    all of them are.
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


def fact_columns(
    answers: Mapping[str, Sequence[SQL]],
    combination: Mapping[str, str],
    counts: Iterable[str],
    topics: Mapping[str, int],
) -> dict[str, SQL]:
    """Return ``{fact: SQL of its value}`` over the results of the sources.

    ``answers`` maps each fact to the columns that provide it, written as
    ``SQL("s0.order_count")`` where ``sources[0]`` is the subquery joined as ``s0`` (see
    `compute_facts`). If no source has a value, facts in ``counts`` are 0, the others
    NULL. If none of their ``topics`` changed, facts keep their values.
    """
    zero = set(counts)
    columns = {}
    for fact, values in answers.items():
        value = combined(combination[fact], values)
        if fact in zero:
            value = SQL("COALESCE(%s, 0)", value)
        columns[fact] = SQL(
            "CASE WHEN %s THEN %s ELSE %s END",
            has_topic(SQL("b.topics"), topics[fact]),
            value,
            SQL.identifier("p", fact),
        )
    return columns


def compute_facts(
    values: Mapping[str, SQL], sources: Sequence[SQL], reuse: bool = False
) -> SQL:
    """Fill ``lifecycle_facts`` with the values of each subject in the batch.

    The expressions use ``p`` (the profile, if it exists), ``c`` (its partner), ``l``
    (its lead) and ``s0``, ``s1`` … (the sources).
    """
    joins = [
        SQL(
            "LEFT JOIN (%(source)s) AS %(alias)s "
            "ON %(alias)s.profile_id = b.profile_id",
            source=source,
            alias=SQL.identifier(f"s{index}"),
        )
        for index, source in enumerate(sources)
    ]
    query = SQL(
        """
        SELECT b.profile_id, b.partner_id, b.lead_id, b.topics, b.is_new, b.is_review,
               %(values)s
          FROM lifecycle_batch AS b
     LEFT JOIN crm_lifecycle_profile AS p ON p.id = b.profile_id
     LEFT JOIN res_partner AS c ON c.id = b.partner_id
     LEFT JOIN crm_lead AS l ON l.id = b.lead_id
               %(joins)s
        """,
        values=SQL(", ").join(
            SQL("%s AS %s", value, SQL.identifier(name))
            for name, value in values.items()
        ),
        joins=SQL(" ").join(joins),
    )
    return filled(SQL("lifecycle_facts"), query, reuse)


def update_profiles(
    names: Sequence[str], watched: Iterable[str], as_of: date, rolling: int
) -> SQL:
    """Write the computed values where they differ.

    If one of the ``watched`` values differs, the customer is due for review.
    ``rolling`` are the bits of the sources with facts that passing days change: only if
    these were queried are the facts as of the day.
    """
    columns = [SQL.identifier(name) for name in names]
    differs = SQL(" OR ").join(
        SQL("t.%s IS DISTINCT FROM v.%s", column, column)
        for column in map(SQL.identifier, sorted(watched))
    )
    return SQL(
        """
        UPDATE crm_lifecycle_profile AS t
           SET (%(columns)s, facts_as_of, review_date, facts_date, write_date)
             = (%(targets)s,
                CASE WHEN %(is_rolling)s THEN %(as_of)s ELSE t.facts_as_of END,
                CASE WHEN v.is_review OR %(differs)s THEN %(as_of)s
                     ELSE t.review_date END,
                %(now)s, %(now)s)
          FROM lifecycle_facts AS v
         WHERE t.id = v.profile_id AND NOT v.is_new
           AND (v.is_review OR (%(current)s) IS DISTINCT FROM (%(targets)s))
        """,
        columns=SQL(", ").join(columns),
        targets=SQL(", ").join(SQL("v.%s", column) for column in columns),
        current=SQL(", ").join(SQL("t.%s", column) for column in columns),
        is_rolling=has_topic(SQL("v.topics"), rolling),
        differs=differs or SQL("FALSE"),
        as_of=as_of,
        now=NOW,
    )


def combine_profiles(
    combination: Mapping[str, str], profile_id: int, source_id: int
) -> SQL:
    """Write the facts of two profiles that are merged, where both together tell them.

    :param combination: ``{fact: how}``; only ``min`` and ``max`` are written
    """
    columns = [
        SQL(
            "%(name)s = %(combine)s(p.%(name)s, o.%(name)s)",
            name=SQL.identifier(name),
            combine=SQL(COMBINATIONS[how]),
        )
        for name, how in combination.items()
        if how in COMBINATIONS
    ]
    return SQL(
        "UPDATE crm_lifecycle_profile AS p SET %s "
        "FROM crm_lifecycle_profile AS o WHERE p.id = %s AND o.id = %s",
        SQL(", ").join(columns),
        profile_id,
        source_id,
    )


def insert_profiles(names: Sequence[str], company_id: int, as_of: date) -> SQL:
    """Add the profiles of new customers, with their facts.

    A contact without a document in the company was only touched (written, merged) and
    is no customer; neither are staff, nor the companies themselves. A subject that
    another worker has added meanwhile is skipped.
    """
    columns = [SQL.identifier(name) for name in names]
    return SQL(
        """
        INSERT INTO crm_lifecycle_profile (
            id, partner_id, lead_id, company_id, is_manual, facts_as_of, review_date,
            facts_date, create_date, write_date, %(columns)s)
        SELECT v.profile_id, v.partner_id, v.lead_id, %(company)s, FALSE,
               %(as_of)s, %(as_of)s, %(now)s, %(now)s, %(now)s, %(values)s
          FROM lifecycle_facts AS v
         WHERE v.is_new AND v.first_seen_date IS NOT NULL
           AND NOT EXISTS (
               SELECT FROM res_users AS u
                WHERE u.partner_id = v.partner_id AND u.share IS NOT TRUE)
           AND NOT EXISTS (
               SELECT FROM res_company AS o WHERE o.partner_id = v.partner_id)
         ORDER BY v.partner_id, v.lead_id
            ON CONFLICT DO NOTHING
        """,
        columns=SQL(", ").join(columns),
        values=SQL(", ").join(SQL("v.%s", column) for column in columns),
        company=company_id,
        as_of=as_of,
        now=NOW,
    )


def join_stage_entry(profile: SQL, stage: SQL, *, with_merges: bool = False) -> SQL:
    """Return the join of ``entry (id, is_quiet, create_date)``, the move into a stage.

    :param profile, stage: SQL of the ids of a customer and of its present stage
    :param with_merges: also accept the row of a merge or a conversion as that move
    """
    is_move = SQL("h.origin NOT IN ('merge', 'convert')")
    return SQL(
        """
        CROSS JOIN LATERAL (
            SELECT h.id, h.is_quiet, h.create_date
              FROM crm_lifecycle_history AS h
             WHERE h.profile_id = %(profile)s
               AND h.to_stage_id = %(stage)s
               AND %(is_move)s
               AND h.is_voided IS NOT TRUE
               AND h.merge_id IS NULL
             -- moves of a replay come first, even if a rebuild added them later
             ORDER BY h.origin = 'replay', h.id DESC
             LIMIT 1
            ) AS entry
        """,
        profile=profile,
        stage=stage,
        is_move=SQL("TRUE") if with_merges else is_move,
    )


def is_counted(profile: SQL) -> SQL:
    """Return the SQL condition that reports count a customer: not an archived one.

    :param profile: SQL of the id of the profile
    """
    return SQL(
        """
        NOT EXISTS (SELECT FROM crm_lifecycle_profile AS archived
                     WHERE archived.id = %s AND archived.active IS NOT TRUE)
        """,
        profile,
    )


def create_batch_tables(reuse: bool = False) -> list[SQL]:
    """Return statements that create empty batch tables (``reuse``: see `filled`)."""
    if reuse:
        return [
            SQL(
                "CREATE TEMPORARY TABLE IF NOT EXISTS lifecycle_taken "
                "(partner_id int, lead_id int, topics int, is_review boolean) "
                "ON COMMIT DROP; TRUNCATE lifecycle_taken"
            )
        ]
    return [
        SQL(
            "DROP TABLE IF EXISTS lifecycle_taken, lifecycle_subject, lifecycle_batch, "
            "lifecycle_batch_contact, lifecycle_batch_lead, lifecycle_facts"
        ),
        SQL(
            "CREATE TEMPORARY TABLE lifecycle_taken (partner_id int, lead_id int, "
            "topics int, is_review boolean) ON COMMIT DROP"
        ),
    ]


def list_subjects(reuse: bool = False) -> list[SQL]:
    """Fill in the subjects of the taken rows: customers, else leads; each once."""
    subjects = SQL(
        """
            SELECT partner_id, lead_id, bit_or(COALESCE(topics, %s)) AS topics,
                   bool_or(is_review) AS is_review
              FROM (
                    SELECT c.commercial_partner_id AS partner_id, NULL::int AS lead_id,
                           t.topics, t.is_review
                      FROM lifecycle_taken AS t
                      JOIN res_partner AS c ON c.id = t.partner_id
                     UNION ALL
                    SELECT c.commercial_partner_id,
                           CASE WHEN c.id IS NULL THEN l.id END, t.topics, t.is_review
                      FROM lifecycle_taken AS t
                      JOIN crm_lead AS l ON l.id = t.lead_id
                 LEFT JOIN res_partner AS c ON c.id = l.partner_id
                   ) AS subject
             GROUP BY partner_id, lead_id
            """,
        ALL_TOPICS,
    )
    return [
        filled(SQL("lifecycle_subject"), subjects, reuse),
        SQL("ANALYZE lifecycle_subject"),
    ]


def fill_batch(company_id: int, lead_in_company: SQL, reuse: bool = False) -> list[SQL]:
    """Fill in the subjects of the batch, their contacts and their leads."""
    batch = SQL(
        """
            SELECT COALESCE(p.id, q.id,
                            nextval('crm_lifecycle_profile_id_seq')::int) AS profile_id,
                   s.partner_id, s.lead_id, s.is_review,
                   p.id IS NULL AND q.id IS NULL AS is_new,
                   CASE WHEN p.id IS NULL AND q.id IS NULL THEN %(all)s
                        ELSE s.topics END AS topics
              FROM lifecycle_subject AS s
         LEFT JOIN crm_lifecycle_profile AS p
                ON p.partner_id = s.partner_id AND p.company_id = %(company)s
         LEFT JOIN crm_lifecycle_profile AS q
                ON q.lead_id = s.lead_id AND q.company_id = %(company)s
            """,
        all=ALL_TOPICS,
        company=company_id,
    )
    contacts = SQL(
        """
            SELECT b.profile_id, c.id AS partner_id, b.topics
              FROM lifecycle_batch AS b
              JOIN res_partner AS c ON c.commercial_partner_id = b.partner_id
            """
    )
    leads = SQL(
        """
            SELECT b.profile_id, l.id AS lead_id, b.topics
              FROM lifecycle_batch_contact AS b
              JOIN crm_lead AS l ON l.partner_id = b.partner_id
             WHERE %(lead_in_company)s
             UNION ALL
            SELECT b.profile_id, b.lead_id, b.topics
              FROM lifecycle_batch AS b
         LEFT JOIN crm_lead AS l ON l.id = b.lead_id
             WHERE b.lead_id IS NOT NULL
               -- a lead that has left for another company counts there only
               AND %(lead_in_company)s
            """,
        lead_in_company=lead_in_company,
    )
    return [
        filled(SQL("lifecycle_batch"), batch, reuse),
        SQL("ANALYZE lifecycle_batch"),
        filled(SQL("lifecycle_batch_contact"), contacts, reuse),
        SQL("ANALYZE lifecycle_batch_contact"),
        filled(SQL("lifecycle_batch_lead"), leads, reuse),
        SQL("ANALYZE lifecycle_batch_lead"),
    ]
