"""The SQL statement that writes a set of postings, see `posting.Posting.save`."""

from odoo.tools import SQL

from .engine import chain
from .engine.ledger import to_points

# Columns of an entry to insert, with their types in PostgreSQL.
COLUMNS = {
    "id": "int4",
    "card_id": "int4",
    "sequence": "int4",
    "kind": "text",
    "points": "numeric",
    "waived": "numeric",
    "earning": "jsonb",
    "date": "date",
    "key": "text",
    "source_model": "text",
    "source_id": "int4",
    "origin_id": "int4",
    "reason": "text",
    "user_id": "int4",
    "create_date": "timestamp",
    "program_id": "int4",
    "partner_id": "int4",
    "company_id": "int4",
    "manual_user_id": "int4",
    "available_date": "date",
    "expiration_date": "date",
    "remaining": "numeric",
    "hash": "text",
}
UNIT_COLUMNS = ("points", "waived", "remaining")


def save_sql(posting):
    """SQL that writes a posting.

    It returns whether an entry still has no qualifying values.
    """
    return SQL(
        """
        WITH added AS (%s RETURNING program_id, qualifying_date),
             flows AS (%s),
             balances AS (%s),
             lots AS (%s)
        SELECT EXISTS (SELECT FROM added WHERE program_id = ANY(%s)
                                           AND qualifying_date IS NULL)
        """,
        _insert_entries_sql(posting),
        _insert_consumptions_sql(posting),
        _update_balances_sql(posting),
        _update_lots_sql(posting),
        posting.get_tiered_program_ids(),
    )


def save_lots_sql(posting):
    """SQL that writes changed lots and their consumption, without a new entry."""
    return SQL(
        "WITH flows AS (%s), balances AS (%s), lots AS (%s) SELECT 1",
        _insert_consumptions_sql(posting),
        _update_balances_sql(posting),
        _update_lots_sql(posting),
    )


def _insert_entries_sql(posting):
    """SQL that inserts the entries with their qualifying values."""
    rows = posting.get_rows()
    for entry in posting.entries:
        row = rows[entry["id"]]
        entry["remaining"] = row.open
        entry["available_date"] = row.available
        entry["expiration_date"] = row.expires
    names = SQL(", ").join(SQL.identifier(name) for name in COLUMNS)
    added = SQL("create_uid, write_uid, write_date")
    uid = posting.env.uid
    values = SQL("e.*, %s, %s, %s", uid, uid, posting.now)
    counted = SQL()
    if posting.is_tiered():
        Entry = posting.env["crm.loyalty.entry"]
        added = SQL("%s, %s", added, Entry._get_qualifying_columns())
        values = SQL("%s, q.*", values)
        # A reversal gets its values only after the reversed entry has some.
        counted = SQL(
            "LEFT JOIN LATERAL (%s) AS q ON e.program_id = ANY(%s) AND NOT EXISTS "
            "(SELECT FROM crm_loyalty_entry AS o WHERE o.id = e.origin_id "
            "AND o.qualifying_date IS NULL)",
            Entry._get_qualified_sql(),
            posting.get_tiered_program_ids(),
        )
    return SQL(
        "INSERT INTO crm_loyalty_entry (%(names)s, %(added)s) "
        "SELECT %(values)s FROM unnest(%(entries)s) AS e (%(names)s) %(counted)s",
        names=names,
        added=added,
        values=values,
        entries=SQL(", ").join(
            SQL("%s::" + kind + "[]", _get_column(posting, name))
            for name, kind in COLUMNS.items()
        ),
        counted=counted,
    )


def _get_column(posting, name):
    values = [entry[name] for entry in posting.entries]
    if name in UNIT_COLUMNS:
        return [chain.units_to_text(value) for value in values]
    return values


def _insert_consumptions_sql(posting):
    """SQL that inserts what entries consumed of lots, or gave back to them."""
    flows = posting.get_consumptions()
    return SQL(
        """
        INSERT INTO crm_loyalty_consumption (
               entry_id, award_id, points,
               create_uid, write_uid, create_date, write_date)
        SELECT *, %(uid)s, %(uid)s, %(now)s, %(now)s
          FROM unnest(%(consumers)s::int4[], %(awards)s::int4[], %(parts)s::numeric[])
        """,
        uid=posting.env.uid,
        now=posting.now,
        consumers=[flow[0] for flow in flows],
        awards=[flow[1] for flow in flows],
        parts=[chain.units_to_text(flow[2]) for flow in flows],
    )


def _update_balances_sql(posting):
    """SQL that writes the points of cards where the ORM doesn't.

    That is in big jobs, and for cards with unchanged points. Writing the row makes a
    concurrent transaction that waits for it fail and retry with the new ledger.
    """
    changes = {
        card_id: to_points(units)
        for card_id, units in posting.changes.items()
        if posting.quiet or not units
    }
    return SQL(
        """
        UPDATE loyalty_card AS c
           SET points = round((COALESCE(c.points, 0) + v.points)::numeric, 4)
          FROM unnest(%s::int4[], %s::float8[]) AS v (id, points)
         WHERE c.id = v.id
        """,
        list(changes),
        list(changes.values()),
    )


def _update_lots_sql(posting):
    """SQL that updates the lots and debts that changed."""
    changed = posting.get_changed_entries()
    return SQL(
        """
        UPDATE crm_loyalty_entry AS e
           SET remaining = v.remaining, expiration_date = v.expires,
               reminded = CASE WHEN e.expiration_date = v.expires
                               THEN e.reminded ELSE 0 END
          FROM unnest(%s::int4[], %s::numeric[], %s::date[])
               AS v (id, remaining, expires)
         WHERE e.id = v.id
        """,
        [row.id for row in changed],
        [chain.units_to_text(row.open) for row in changed],
        [row.expires for row in changed],
    )


def expired_sql(origins):
    """SQL of what expired of entries, as units that were not waived yet.

    Of an award it is what expired of its lot. Points that were reinstated are lots of
    their own, one for each lot, or one for all lots that had expired. They are listed,
    and what expires of them counts by the share that the award has in them. Of an entry
    that spent points, it is what was given back to lots and expired then.
    """
    return SQL(
        """
        WITH RECURSIVE lot (origin, id, share, expired) AS (
            SELECT o.id, o.id, 1::numeric, 0::numeric
              FROM crm_loyalty_entry AS o
             WHERE o.id = ANY(%(origins)s) AND o.points > 0
         UNION ALL
            SELECT lot.origin, r.id, part.share, part.share * r.points
              FROM lot
              JOIN crm_loyalty_consumption AS c ON c.award_id = lot.id
              JOIN crm_loyalty_entry AS x ON x.id = c.entry_id AND x.kind = 'expire'
              JOIN crm_loyalty_entry AS r ON r.source_model = %(entry)s
               AND r.source_id = x.id AND r.points > 0
               AND r.key IN ('reinstate:' || x.id,
                             'reinstate:' || x.id || ':' || lot.id)
             CROSS JOIN LATERAL (
                   SELECT lot.share * CASE WHEN r.key = 'reinstate:' || x.id
                                           THEN c.points / -x.points ELSE 1
                                       END AS share) AS part
        ),
        given AS (
            SELECT o.id AS origin, c.award_id AS lot, MIN(y.id) AS since,
                   -SUM(c.points) AS units
              FROM crm_loyalty_entry AS o
              JOIN crm_loyalty_entry AS y ON y.origin_id = o.id
              JOIN crm_loyalty_consumption AS c ON c.entry_id = y.id
             WHERE o.id = ANY(%(origins)s) AND o.points < 0
             GROUP BY o.id, c.award_id
            HAVING SUM(c.points) < 0
        ),
        expired AS (
            SELECT lot.origin, lot.id AS lot, lot.share * c.points AS units
              FROM lot
              JOIN crm_loyalty_consumption AS c ON c.award_id = lot.id
              JOIN crm_loyalty_entry AS x ON x.id = c.entry_id AND x.kind = 'expire'
         UNION ALL
            SELECT origin, id, -expired FROM lot
         UNION ALL
            SELECT given.origin, NULL, LEAST(given.units, (
                   SELECT SUM(c.points)
                     FROM crm_loyalty_consumption AS c
                     JOIN crm_loyalty_entry AS x ON x.id = c.entry_id
                    WHERE c.award_id = given.lot AND x.kind = 'expire'
                      AND x.id > given.since))
              FROM given
        )
        SELECT origin,
               GREATEST(round(SUM(units) * 10000) - round(COALESCE((
                   SELECT SUM(w.waived) FROM crm_loyalty_entry AS w
                    WHERE w.origin_id = origin), 0)::numeric * 10000), 0)::bigint,
               array_agg(DISTINCT lot) FILTER (WHERE lot <> origin)
          FROM expired
         GROUP BY origin
        HAVING SUM(units) IS NOT NULL
        """,
        origins=list(origins),
        entry="crm.loyalty.entry",
    )
