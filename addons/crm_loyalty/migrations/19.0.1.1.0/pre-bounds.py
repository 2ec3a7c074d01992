"""Bring numbers and days of former versions within their bounds.

Settings get the nearest allowed value. Existing entries don't change: points above
what a card can hold are removed by a new entry.
"""

import logging
from datetime import UTC, datetime

from odoo.tools import SQL

from odoo.addons.crm_loyalty.engine import chain
from odoo.addons.crm_loyalty.engine.ledger import MAX_BALANCE, MAX_POINTS

_logger = logging.getLogger(__name__)

REASON = "More points than a card can hold"
# Table, column, lowest, highest.
NUMBERS = [
    ("loyalty_program", "pending_days", 0, 36_500),
    ("loyalty_program", "expire_after", 0, 36_500),
    ("loyalty_program", "reinstate_days", 0, 36_500),
    ("loyalty_program", "reminder_first_days", 0, 36_500),
    ("loyalty_program", "reminder_last_days", 0, 36_500),
    ("loyalty_program", "tier_warn_days", 0, 366),
    ("loyalty_program", "adjust_limit", 0, MAX_POINTS),
    ("loyalty_program", "point_value", 0, 1_000_000),
    ("loyalty_rule", "reward_point_amount", 0.0001, MAX_POINTS),
    ("loyalty_rule", "minimum_amount", -MAX_POINTS, MAX_POINTS),
    ("loyalty_reward", "required_points", 0.0001, MAX_POINTS),
    ("loyalty_reward", "discount", 0, MAX_POINTS),
    ("loyalty_reward", "discount_max_amount", -MAX_POINTS, MAX_POINTS),
    ("loyalty_mail", "points", -MAX_BALANCE, MAX_BALANCE),
    ("loyalty_bonus_rule", "points", 0.01, MAX_POINTS),
    ("loyalty_tier", "multiplier", 0, 1000),
    ("loyalty_point_adjustment", "points", -MAX_POINTS, MAX_POINTS),
    ("res_company", "loyalty_adjust_limit", 0, MAX_POINTS),
]
DAYS = [
    ("loyalty_bonus_rule", "date_from"),
    ("loyalty_card", "member_since"),
    ("res_partner", "loyalty_birthdate"),
]


def migrate(cr, version):
    for table, column, low, high in NUMBERS:
        clamp(cr, table, column, low, high)
    for table, column in DAYS:
        clamp(cr, table, column, "1900-01-01", "2199-12-31")
    clamp_thresholds(cr)
    correct_cards(cr)


def clamp_thresholds(cr):
    """Set thresholds within the bounds, keeping their order and making them unique."""
    cr.execute(
        """
        UPDATE loyalty_tier AS t SET threshold = 1e12 - beyond.number
          FROM (SELECT id, row_number() OVER (
                       PARTITION BY program_id ORDER BY threshold DESC, id DESC) - 1
                       AS number
                  FROM loyalty_tier WHERE threshold > 1e12) AS beyond
         WHERE beyond.id = t.id
        """
    )


def clamp(cr, table, column, low, high):
    """Set values outside the bounds to the nearest bound; NaN becomes the highest."""
    name = SQL.identifier(column)
    cr.execute(
        SQL(
            "UPDATE %(table)s "
            "SET %(name)s = GREATEST(%(low)s, LEAST(%(high)s, %(name)s)) "
            "WHERE %(name)s NOT BETWEEN %(low)s AND %(high)s",
            table=SQL.identifier(table),
            name=name,
            low=low,
            high=high,
        )
    )
    if cr.rowcount:
        _logger.warning("%s.%s: %s rows set within bounds", table, column, cr.rowcount)


def correct_cards(cr):
    """Remove all open points of cards that have more than a card can hold."""
    cr.execute(
        SQL(
            """
            SELECT c.id, c.program_id, c.partner_id, p.company_id
              FROM loyalty_card AS c JOIN loyalty_program AS p ON p.id = c.program_id
             WHERE c.points NOT BETWEEN -%(most)s AND %(most)s
                OR c.id IN (SELECT card_id FROM loyalty_point_entry
                             WHERE remaining NOT BETWEEN -%(most)s AND %(most)s)
          ORDER BY c.id FOR NO KEY UPDATE OF c
            """,
            most=MAX_BALANCE,
        )
    )
    for card in cr.fetchall():
        for sign in (1, -1):
            _take_off(cr, card, sign)
        cr.execute(
            """
            UPDATE loyalty_card
               SET points = (SELECT COALESCE(SUM(points), 0) FROM loyalty_point_entry
                              WHERE card_id = %(card)s)
             WHERE id = %(card)s
            """,
            {"card": card[0]},
        )
        _logger.warning("Card %s: points beyond bounds were taken off", card[0])


def _take_off(cr, card, sign):
    """Post an entry that consumes all lots (1), or settles all debts (-1)."""
    card_id, program_id, partner_id, company_id = card
    cr.execute(
        "SELECT -SUM(remaining) FROM loyalty_point_entry "
        "WHERE card_id = %s AND sign(remaining) = %s",
        [card_id, sign],
    )
    if cr.fetchone()[0] is None:
        return
    now = datetime.now(UTC).replace(tzinfo=None)
    values = {
        "card_id": SQL("%s", card_id),
        "sequence": SQL("(head.sequence + 1)"),
        "kind": SQL("'adjust'"),
        "points": SQL("open.points"),
        "waived": SQL("0"),
        "date": SQL("%s::date", now),
        "key": SQL("NULL"),
        "source_model": SQL("NULL"),
        "source_id": SQL("NULL::int"),
        "origin_id": SQL("NULL::int"),
        "reason": SQL("%s", REASON),
        "user_id": SQL("1"),
        "create_date": SQL("%s::timestamp", now),
    }
    values |= {
        "hash": chain.hash_sql(SQL("head.hash"), values),
        "program_id": SQL("%s", program_id),
        "partner_id": SQL("%s::int", partner_id),
        "company_id": SQL("%s::int", company_id),
        "remaining": SQL("0"),
    }
    cr.execute(
        SQL(
            """
            WITH lot AS MATERIALIZED (
                 SELECT id, remaining FROM loyalty_point_entry
                  WHERE card_id = %(card)s AND sign(remaining) = %(sign)s),
            added AS (
                 INSERT INTO loyalty_point_entry (%(names)s)
                 SELECT %(values)s
                   FROM (SELECT -SUM(remaining) AS points FROM lot) AS open
                  CROSS JOIN LATERAL (
                        SELECT e.sequence, e.hash FROM loyalty_point_entry AS e
                         WHERE e.card_id = %(card)s
                      ORDER BY e.sequence DESC LIMIT 1) AS head
              RETURNING id),
            emptied AS (
                 UPDATE loyalty_point_entry AS e SET remaining = 0
                   FROM lot WHERE e.id = lot.id)
            INSERT INTO loyalty_point_consumption (entry_id, award_id, points)
            SELECT CASE WHEN lot.remaining > 0 THEN added.id ELSE lot.id END,
                   CASE WHEN lot.remaining > 0 THEN lot.id ELSE added.id END,
                   abs(lot.remaining)
              FROM added CROSS JOIN lot
            """,
            card=card_id,
            sign=sign,
            names=SQL(", ").join(SQL.identifier(name) for name in values),
            values=SQL(", ").join(values.values()),
        )
    )
