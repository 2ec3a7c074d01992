"""Expiry of lots: one SQL statement for a batch of cards.

It posts the same as `posting.Posting` with the kind ``expire`` (see
`ledger.Account.expire`): one entry per card, which consumes the rest of all expired
lots. A night may have 100,000 of them. Each is consumed completely, so Python has
nothing to compute.
"""

from odoo.tools import SQL

from . import chain
from .ledger import SCALE

# Values that are the same for all expiry entries; see `chain.HASHED_COLUMNS`.
CONSTANT_COLUMNS = {
    "kind": SQL("'expire'"),
    "waived": SQL("0"),
    "key": SQL("NULL"),
    "source_model": SQL("NULL"),
    "source_id": SQL("NULL"),
    "origin_id": SQL("NULL"),
    "reason": SQL("NULL"),
}


def expire_lots_sql(day: SQL, uid: int, limit: int) -> SQL:
    """SQL that posts the expiry of due lots, and returns the ids of the entries.

    ``day`` is the SQL of the current day of program ``p``, ``limit`` the number of
    lots to search for. Cards are locked in the order of their ids; a card that is
    locked by another transaction is skipped until the next batch.
    """
    return SQL(
        """
        WITH program AS MATERIALIZED (
             SELECT p.id, p.company_id, (%(day)s) AS day FROM loyalty_program AS p),
        card AS MATERIALIZED (%(cards)s),
        lot AS MATERIALIZED (
             SELECT e.id, e.card_id, e.remaining
               FROM card
               JOIN crm_loyalty_entry AS e ON e.card_id = card.id
              WHERE e.remaining > 0 AND e.expiration_date < card.day),
        entry AS MATERIALIZED (%(entries)s),
        added AS (%(added)s),
        consumed AS (%(consumed)s),
        emptied AS (
             UPDATE crm_loyalty_entry AS e SET remaining = 0
               FROM lot WHERE e.id = lot.id),
        balance AS (
             UPDATE loyalty_card AS c
                SET points = round(
                    COALESCE(c.points, 0)::numeric + entry.points, %(scale)s)
               FROM entry WHERE c.id = entry.card_id)
        SELECT id FROM entry ORDER BY id
        """,
        day=day,
        cards=_due_cards_sql(limit),
        entries=_expiry_entries_sql(uid),
        added=_insert_entries_sql(uid),
        consumed=_insert_consumptions_sql(uid),
        scale=SCALE,
    )


def _due_cards_sql(limit: int) -> SQL:
    """SQL of the cards that have expired lots."""
    return SQL(
        """
        SELECT c.id, c.program_id, c.partner_id, program.company_id, program.day
          FROM loyalty_card AS c
          JOIN program ON program.id = c.program_id
         WHERE c.id IN (SELECT due.card_id FROM (
               SELECT e.card_id
                 FROM crm_loyalty_entry AS e
                 JOIN loyalty_card AS k ON k.id = e.card_id
                 JOIN program ON program.id = k.program_id
                WHERE e.remaining > 0 AND e.expiration_date < program.day
                LIMIT %s) AS due)
         ORDER BY c.id
           FOR NO KEY UPDATE OF c SKIP LOCKED
        """,
        limit,
    )


def _expiry_entries_sql(uid: int) -> SQL:
    """SQL of the entry to post on each card, with the previous hash."""
    return SQL(
        """
        SELECT nextval('crm_loyalty_entry_id_seq')::int AS id,
               card.id AS card_id, card.program_id, card.partner_id, card.company_id,
               card.day AS date, total.points, head.sequence + 1 AS sequence,
               head.hash AS previous, %s AS user_id,
               now() AT TIME ZONE 'UTC' AS create_date
          FROM card
          JOIN (SELECT card_id, -SUM(remaining) AS points FROM lot GROUP BY card_id)
               AS total ON total.card_id = card.id
         CROSS JOIN LATERAL (
               SELECT e.sequence, e.hash FROM crm_loyalty_entry AS e
                WHERE e.card_id = card.id ORDER BY e.sequence DESC LIMIT 1) AS head
        """,
        uid,
    )


def _insert_entries_sql(uid: int) -> SQL:
    """SQL that inserts the entries. Expired points count for no tier."""
    hashed = {
        name: SQL.identifier("entry", name) for name in chain.HASHED_COLUMNS
    } | CONSTANT_COLUMNS
    values = hashed | {
        "id": SQL("id"),
        "program_id": SQL("program_id"),
        "partner_id": SQL("partner_id"),
        "company_id": SQL("company_id"),
        "remaining": SQL("0"),
        "qualifying_date": SQL("date"),
        "qualifying_card_id": SQL("card_id"),
        "qualifying_points": SQL("0"),
        "qualifying_spend": SQL("0"),
        "hash": chain.hash_sql(SQL("entry.previous"), hashed),
        "create_uid": SQL("%s", uid),
        "write_uid": SQL("%s", uid),
        "write_date": SQL("create_date"),
    }
    return SQL(
        "INSERT INTO crm_loyalty_entry (%s) SELECT %s FROM entry",
        SQL(", ").join(SQL.identifier(name) for name in values),
        SQL(", ").join(values.values()),
    )


def _insert_consumptions_sql(uid: int) -> SQL:
    """SQL that records which lots the entries consume."""
    return SQL(
        """
        INSERT INTO crm_loyalty_consumption (
               entry_id, award_id, points, create_uid, write_uid,
               create_date, write_date)
        SELECT entry.id, lot.id, lot.remaining, %(uid)s, %(uid)s,
               entry.create_date, entry.create_date
          FROM entry JOIN lot USING (card_id)
        """,
        uid=uid,
    )
