"""The ledger as rows of Odoo 20's `loyalty.history`: one query over some cards.

There a row awards points (``issued``) or consumes them (``used``), never both, and a
row that consumes names the award that it draws from. Both stop counting once that
award is over; what names no award is owed, and counts forever. So

    earn 10, earn 5         issued 10; issued 5
    burn 12                 used 10 of the first; used 2 of the next
    2 of it given back      used 10 of the first
    take 20 (debt)          used 5 of the next; used 15 of none
    expire what is left     used, of the award that is over

Points that are given back make the last consumption of their lot smaller instead of
a row of their own: a row that issues would be a second award there, to be spent along
with the first.

On each card ``issued`` less ``used`` is the sum of its entries: an entry is its own
row, plus what it gave back, minus what it consumed.
"""

from odoo.tools import SQL

# Columns of `loyalty.history`, and how a file to import heads them.
COLUMNS = {
    "id": "id",
    "card_id": "card_id/.id",
    "linked_loyalty_history_id": "linked_loyalty_history_id/id",
    "description": "description",
    "issued": "issued",
    "used": "used",
    "points_changed_date": "points_changed_date",
    "expiration_date": "expiration_date",
    "order_model": "order_model",
    "order_id": "order_id",
}
# Documents that Odoo's history knows; other sources are for the ledger alone.
ORDERS = ("sale.order", "pos.order")


def get_rows(cards: SQL, labels: str) -> SQL:
    """SQL of the rows of ``cards``, a query of ids; awards before what draws on them.

    ``labels``: JSON of what customers read of each kind of entry. Rows are identified
    by texts, so that a file of them can be imported twice.
    """
    return SQL(
        """
        -- The day of an entry is noon in UTC, which is that day nearly everywhere.
        WITH entry AS MATERIALIZED (
            SELECT e.id, e.card_id, e.points, e.expiration_date,
                   COALESCE(e.origin_id, e.id) AS root_id,
                   e.date + TIME '12:00' AS moment,
                   COALESCE(CASE e.kind WHEN 'bonus' THEN e.reason END,
                            %(labels)s::jsonb ->> e.kind) AS description,
                   CASE WHEN e.source_model = ANY(%(orders)s)
                        THEN e.source_model END AS order_model,
                   CASE WHEN e.source_model = ANY(%(orders)s)
                        THEN e.source_id END AS order_id
              FROM crm_loyalty_entry AS e
             WHERE e.card_id IN %(cards)s),
        -- What entries took of lots; below zero: what they gave back to them.
             flow AS MATERIALIZED (
            SELECT c.id, c.entry_id, c.award_id, c.points, e.root_id
              FROM crm_loyalty_consumption AS c
              JOIN entry AS e ON e.id = c.entry_id),
        -- What was given back, off what the same posting took last of the same lot.
             back AS (
            SELECT root_id, award_id, -SUM(points) AS points
              FROM flow
             WHERE points < 0
          GROUP BY root_id, award_id),
             drawn AS (
            SELECT f.id, f.entry_id, f.award_id,
                   f.points - LEAST(f.points, GREATEST(
                       COALESCE(b.points, 0) + f.points - SUM(f.points) OVER (
                           PARTITION BY f.root_id, f.award_id ORDER BY f.id DESC),
                       0)) AS points
              FROM flow AS f
         LEFT JOIN back AS b ON b.root_id = f.root_id AND b.award_id = f.award_id
             WHERE f.points > 0),
        -- What neither came from lots nor went back to them: an award, or a debt.
             own AS (
            SELECT e.id, e.points + COALESCE(SUM(f.points), 0) AS points
              FROM entry AS e
         LEFT JOIN flow AS f ON f.entry_id = e.id
          GROUP BY e.id, e.points),
             part AS (
            SELECT id AS entry_id, NULL AS consumption_id, NULL AS award_id,
                   GREATEST(points, 0) AS issued, GREATEST(-points, 0) AS used
              FROM own
             WHERE points <> 0
         UNION ALL
            SELECT entry_id, id, award_id, 0, points
              FROM drawn
             WHERE points <> 0)
        SELECT CASE WHEN p.consumption_id IS NULL
                    THEN 'crm_loyalty_entry_' || p.entry_id
                    ELSE 'crm_loyalty_consumption_' || p.consumption_id END AS id,
               e.card_id,
               'crm_loyalty_entry_' || p.award_id AS linked_loyalty_history_id,
               e.description, p.issued, p.used,
               e.moment AS points_changed_date,
               CASE WHEN p.issued > 0 THEN e.expiration_date END AS expiration_date,
               e.order_model, e.order_id
          FROM part AS p
          JOIN entry AS e ON e.id = p.entry_id
      ORDER BY e.card_id, p.award_id IS NOT NULL, e.id, p.consumption_id
        """,
        cards=cards,
        labels=labels,
        orders=list(ORDERS),
    )
