"""The check of the whole ledger: one query over all cards.

It compares each entry with the previous entry of its card (the chain), and with its
consumption (the lots). Both are joins of whole tables, which PostgreSQL runs in
parallel; it can't do so with a window over a million entries.
"""

from odoo.tools import SQL

from . import chain
from .ledger import SCALE


def ledger_check_sql(last_anchor, new_anchor, listed: int) -> SQL:
    """SQL that checks all cards: one row of counts, digests and faults.

    The digests cover the entries before two moments: that of the last check, and
    that of this one. All faults are counted, at most ``listed`` of them are listed.
    """
    return SQL(
        """
        WITH total AS MATERIALIZED (%(chains)s),
             astray AS MATERIALIZED (%(lots)s),
             card AS MATERIALIZED (%(cards)s),
             fault AS MATERIALIZED (
                 SELECT card.card_id, fault.kind, fault.expected, fault.found
                   FROM card
             CROSS JOIN LATERAL (VALUES
                        ('balance', points, balance, points <> balance),
                        ('lots', points, remaining, points <> remaining),
                        ('remaining', NULL, NULL, NOT follows),
                        ('chain', NULL, NULL, NOT intact)
                        ) AS fault (kind, expected, found, is_fault)
                  WHERE fault.is_fault)
        SELECT COUNT(*) AS card_count,
               COALESCE(SUM(entries), 0)::bigint AS entry_count,
               COALESCE(SUM(last_count), 0)::bigint AS last_count,
               SUM(last_digest)::text AS last_digest,
               COALESCE(SUM(new_count), 0)::bigint AS new_count,
               CASE WHEN SUM(new_count) > 0
                    THEN COALESCE(SUM(last_digest), 0) + COALESCE(SUM(since_digest), 0)
                END::text AS new_digest,
               (SELECT COUNT(*) FROM fault) AS fault_count,
               (SELECT json_agg(row_to_json(f))
                  FROM (SELECT * FROM fault ORDER BY card_id, kind
                         LIMIT %(listed)s) AS f) AS faults
          FROM card
        """,
        chains=_chain_totals_sql(last_anchor, new_anchor),
        lots=_wrong_lots_sql(),
        cards=_card_totals_sql(),
        listed=listed,
    )


def _chain_totals_sql(last_anchor, new_anchor) -> SQL:
    """SQL of the sums of each card, and whether its chain is intact.

    A chain is intact if its numbers have no gap, and each hash follows from the entry
    and the previous hash. The digest of this check adds the entries since the last
    check to that one's digest, so each entry is digested only once.
    """
    digest = SQL("('x' || left(e.hash, 15))::bit(60)::bigint")
    before_last = SQL("e.create_date < %s", last_anchor)
    before_new = SQL("e.create_date < %s", new_anchor)
    return SQL(
        """
        SELECT e.card_id, COUNT(*) AS entries, SUM(e.points) AS points,
               SUM(e.remaining) AS remaining,
               MAX(e.sequence) = COUNT(*)
               AND bool_and(
                   (e.sequence = 1 OR p.sequence IS NOT NULL)
                   AND e.hash IS NOT DISTINCT FROM %(expected_hash)s) AS intact,
               bool_and((e.points > 0 OR e.remaining <= 0)
                        AND (e.points < 0 OR e.remaining >= 0)) AS signed,
               COUNT(*) FILTER (WHERE %(before_last)s) AS last_count,
               SUM(%(digest)s) FILTER (WHERE %(before_last)s) AS last_digest,
               COUNT(*) FILTER (WHERE %(before_new)s) AS new_count,
               SUM(%(digest)s) FILTER (
                   WHERE %(before_new)s AND (%(before_last)s) IS NOT TRUE)
                   AS since_digest
          FROM crm_loyalty_entry AS e
     LEFT JOIN crm_loyalty_entry AS p
            ON p.card_id = e.card_id AND p.sequence = e.sequence - 1
      GROUP BY e.card_id
        """,
        expected_hash=chain.hash_columns_sql(SQL("COALESCE(p.hash, '')"), "e"),
        digest=digest,
        before_last=before_last,
        before_new=before_new,
    )


def _wrong_lots_sql() -> SQL:
    """SQL of the cards with an entry of which the open points are wrong.

    The open points of an entry are its points, plus what it consumed, minus what
    others consumed of it.
    """
    return SQL(
        """
        SELECT DISTINCT e.card_id
          FROM crm_loyalty_entry AS e
          JOIN (SELECT id
                  FROM (SELECT id, points - COALESCE(remaining, 0) AS points
                          FROM crm_loyalty_entry
                         WHERE points IS DISTINCT FROM remaining
                         UNION ALL
                        SELECT entry_id, points FROM crm_loyalty_consumption
                         UNION ALL
                        SELECT award_id, -points FROM crm_loyalty_consumption) AS m
              GROUP BY id
                HAVING SUM(points) <> 0) AS astray ON astray.id = e.id
        """
    )


def _card_totals_sql() -> SQL:
    """SQL of all cards, and of entries without a card, with their results."""
    return SQL(
        """
        SELECT COALESCE(c.id, t.card_id) AS card_id, t.entries, t.last_count,
               t.last_digest, t.new_count, t.since_digest,
               round(COALESCE(c.points, 0)::numeric, %(scale)s) AS balance,
               COALESCE(t.points, 0) AS points,
               COALESCE(t.remaining, 0) AS remaining,
               astray.card_id IS NULL AND COALESCE(t.signed, TRUE) AS follows,
               COALESCE(t.intact, TRUE) AS intact
          FROM loyalty_card AS c
     FULL JOIN total AS t ON t.card_id = c.id
     LEFT JOIN astray ON astray.card_id = COALESCE(c.id, t.card_id)
        """,
        scale=SCALE,
    )
