"""The tiers of the cards of a program on a day, computed by one SQL statement.

A card reaches a tier as soon as the qualifying value of the current period (points
or spend) reaches the threshold. It keeps the tier to the end of the next period plus
the grace days, unless the points or spend are taken back.

V(a..b) is the qualifying value between two days and L(v) the highest tier with a
threshold of at most v. On a day D of the period S..E with G grace days:

1. earned   = L(V(S..D)).
2. kept     = L(V(previous period)), or the current tier if the previous period and
   its grace days up to D reach it: points of the grace days count for both periods.
   Rolling twelve months have no end, so nothing is kept.
3. entitled = the higher of the two.
4. A card that is entitled to a higher tier moves up today. A card that is entitled
   to a lower one keeps its tier to the last day for which it is promised
   (``tier_until``), then moves down. It moves down at once if it is entitled to less
   only because points were taken back.
5. ``tier_until`` = end of the next period + G if earned is at least the tier,
   end of this period + G if kept is, otherwise unchanged. In rolling twelve months:
   the last day on which the value still reaches the threshold if the customer earns
   nothing more, + G. A lowest tier with threshold 0 has no end.

Example: calendar years, 30 grace days, silver from 500, gold from 1000. 1000
points by June 2025: gold at once, until 30 January 2027. 600 points in 2026:
on 31 January 2027 the card moves to silver, until 30 January 2028.

A reversal counts on the day of the reversed entry (``qualifying_date``): a return in
January lowers the value of the December in which the goods were bought.
"""

from dataclasses import dataclass
from datetime import date

from odoo.tools import SQL

from .periods import ROLLING, add_years_sql, tier_period_sql

# Days over which the pace of a customer is measured, and for which rolling months are
# projected.
PACE_DAYS = 365
PROJECTION_DAYS = 90
# A pace over fewer days would project the first purchase to gold.
MIN_PACE_DAYS = 30

NO_TIER = SQL("'-Infinity'::float8")

BASIS_COLUMNS = {"points": "qualifying_points", "spend": "qualifying_spend"}


@dataclass(frozen=True)
class TierPolicy:
    """The settings of a program that decide its tiers."""

    program_id: int
    period: str
    basis: str
    grace_days: int

    @property
    def is_rolling(self) -> bool:
        return self.period == ROLLING

    @property
    def column(self) -> SQL:
        """SQL of the qualifying value of entry ``e``."""
        return SQL.identifier("e", BASIS_COLUMNS[self.basis])

    def level(self, value: SQL) -> SQL:
        """SQL of the threshold of the highest tier that a value reaches.

        Minus infinity if it reaches none.
        """
        return SQL(
            """COALESCE((SELECT MAX(t.threshold) FROM crm_loyalty_tier AS t
                WHERE t.program_id = %s AND t.active AND t.threshold <= %s), %s)""",
            self.program_id,
            value,
            NO_TIER,
        )


def cards_sql(policy: TierPolicy, as_of: SQL, where: SQL) -> SQL:
    """SQL of the cards to evaluate, each with its day and period."""
    period = (
        SQL(
            "SELECT NULL::date AS start, NULL::date AS stop, "
            "NULL::date AS previous_start, NULL::date AS next_stop"
        )
        if policy.is_rolling
        else tier_period_sql(
            policy.period, SQL("day.as_of"), SQL("c.crm_loyalty_member_since")
        )
    )
    return SQL(
        """
        SELECT c.id, c.partner_id, c.company_id, c.crm_loyalty_tier_id AS tier_id,
               c.crm_loyalty_tier_since AS tier_since,
               c.crm_loyalty_tier_until AS tier_until,
               c.crm_loyalty_member_since AS member_since, day.as_of, period.*,
               COALESCE(held.threshold, %(nothing)s) AS held
          FROM loyalty_card AS c
          LEFT JOIN crm_loyalty_tier AS held ON held.id = c.crm_loyalty_tier_id
         CROSS JOIN LATERAL (SELECT (%(as_of)s)::date AS as_of) AS day
         CROSS JOIN LATERAL (%(period)s) AS period
         WHERE c.program_id = %(program)s AND c.active AND c.partner_id IS NOT NULL
           AND %(where)s
        """,
        nothing=NO_TIER,
        as_of=as_of,
        period=period,
        program=policy.program_id,
        where=where,
    )


def totals_sql(policy: TierPolicy) -> SQL:
    """SQL of the sums of each row of ``card`` over its entries up to its day.

    ``gross_*`` leave out reversals since the tier was reached, to find out whether
    only a reversal makes the card lose its tier.
    """
    day = SQL("e.qualifying_date")
    current, previous, extended, rest, last = _window_conditions(policy, day)
    untouched = SQL("NOT (%s < 0 AND e.date >= card.tier_since)", policy.column)

    def total(condition, value=policy.column):
        return SQL("COALESCE(SUM(%s) FILTER (WHERE %s), 0)", value, condition)

    return SQL(
        """
        SELECT card.id,
               %(points)s AS points, %(spend)s AS spend,
               %(current)s AS current, %(previous)s AS previous,
               %(extended)s AS extended, %(rest)s AS rest, %(pace)s AS year,
               %(gross_current)s AS gross_current,
               %(gross_previous)s AS gross_previous,
               %(last)s AS last
          FROM card
          LEFT JOIN crm_loyalty_entry AS e
            ON e.qualifying_card_id = card.id AND e.date <= card.as_of
           AND e.qualifying_date <= card.as_of
           AND e.qualifying_date
               >= LEAST(card.previous_start, card.as_of - %(longest)s)
         GROUP BY card.id
        """,
        points=total(current, SQL("e.qualifying_points")),
        spend=total(current, SQL("e.qualifying_spend")),
        current=total(current),
        previous=total(previous),
        extended=total(extended),
        rest=total(rest),
        pace=total(SQL("%s > card.as_of - %s", day, PACE_DAYS)),
        gross_current=total(SQL("%s AND %s", current, untouched)),
        gross_previous=total(SQL("%s AND %s", previous, untouched)),
        last=last,
        longest=PACE_DAYS + 1,
    )


def _window_conditions(policy: TierPolicy, day: SQL) -> tuple[SQL, SQL, SQL, SQL, SQL]:
    """SQL of four conditions and a day, from the day of an entry.

    Whether it counts in the current period, in the previous one, in the previous one
    with its grace days, and at the end of the projection; and the last day of the
    current period.
    """
    if policy.is_rolling:
        current = SQL("%s > card.as_of", add_years_sql(day, 1))
        rest = SQL("%s > card.as_of + %s", add_years_sql(day, 1), PROJECTION_DAYS)
        # The last day on which all entries that count today still count.
        first = SQL("MIN(%s) FILTER (WHERE %s AND %s > 0)", day, current, policy.column)
        last = SQL("%s - 1", add_years_sql(first, 1))
        return current, SQL("FALSE"), SQL("FALSE"), rest, last
    current = SQL("%s >= card.start", day)
    previous = SQL("%s >= card.previous_start AND %s < card.start", day, day)
    extended = SQL(
        "%s >= card.previous_start AND %s < card.start + %s",
        day,
        day,
        policy.grace_days,
    )
    return current, previous, extended, current, SQL("MIN(card.stop)")


def entitled_sql(policy: TierPolicy) -> SQL:
    """SQL of the levels of each card: earned, kept, gross, base and projected."""
    nothing = NO_TIER
    if policy.is_rolling:
        kept, gross_kept = nothing, nothing
        projected = SQL("total.rest + %s * pace", PROJECTION_DAYS)
    else:
        kept = SQL(
            "GREATEST(%s, LEAST(%s, card.held))",
            policy.level(SQL("total.previous")),
            policy.level(SQL("total.extended")),
        )
        gross_kept = policy.level(SQL("total.gross_previous"))
        projected = SQL("total.rest + (card.stop - card.as_of) * pace")
    return SQL(
        """
        SELECT card.*, total.points, total.spend, total.current, total.previous,
               total.extended, total.last, %(earned)s AS earned, %(kept)s AS kept,
               GREATEST(%(gross_earned)s, %(gross_kept)s) AS gross,
               %(base)s AS base, %(projected)s AS projected
          FROM card
          JOIN total USING (id)
         CROSS JOIN LATERAL (
               SELECT total.year / LEAST(%(pace_days)s,
                   GREATEST(card.as_of - card.member_since + 1, %(fewest)s)) AS pace
               ) AS pace
        """,
        earned=policy.level(SQL("total.current")),
        kept=kept,
        gross_earned=policy.level(SQL("total.gross_current")),
        gross_kept=gross_kept,
        base=policy.level(SQL("0")),
        projected=policy.level(projected),
        pace_days=PACE_DAYS,
        fewest=MIN_PACE_DAYS,
    )


def decided_sql() -> SQL:
    """SQL of the new level of each card of ``entitled``, by rule 4."""
    return SQL(
        """
        SELECT *,
               CASE WHEN GREATEST(earned, kept) >= held THEN GREATEST(earned, kept)
                    WHEN as_of <= tier_until
                         AND NOT (gross >= held AND tier_since IS NOT NULL) THEN held
                    ELSE GREATEST(earned, kept) END AS level
          FROM entitled
        """
    )


def promised_sql(policy: TierPolicy) -> SQL:
    """SQL of the last day of each card's tier, and the value missing to keep it."""
    if not policy.is_rolling:
        until = SQL(
            """CASE WHEN level <= base THEN NULL
                    WHEN earned >= level THEN next_stop + %(grace)s
                    WHEN kept >= level THEN stop + %(grace)s
                    ELSE tier_until END""",
            grace=policy.grace_days,
        )
        missing = SQL(
            """CASE WHEN level <= base OR earned >= level THEN 0
                    WHEN kept >= level THEN level - current
                    WHEN tier_until < start + %(grace)s THEN level - extended
                    ELSE level - current END""",
            grace=policy.grace_days,
        )
        return SQL(
            "SELECT decided.*, %s AS until, GREATEST(%s, 0) AS missing FROM decided",
            until,
            missing,
        )
    return _promised_rolling_sql(policy)


def _promised_rolling_sql(policy: TierPolicy) -> SQL:
    """SQL of the same for rolling months, where each award changes the last day."""
    return SQL(
        """
        SELECT decided.*,
               CASE WHEN level <= base THEN NULL
                    WHEN earned >= level THEN %(last)s - 1 + %(grace)s
                    ELSE tier_until END AS until,
               CASE WHEN level <= base THEN 0
                    WHEN earned >= level THEN GREATEST(level - later, 0)
                    ELSE GREATEST(level - current, 0) END AS missing
          FROM decided
          LEFT JOIN LATERAL (
               SELECT d AS day, suffix - value AS later
                 FROM (SELECT e.qualifying_date AS d, SUM(%(value)s) AS value,
                              SUM(SUM(%(value)s))
                                  OVER (ORDER BY e.qualifying_date DESC) AS suffix
                         FROM crm_loyalty_entry AS e
                        WHERE e.qualifying_card_id = decided.id
                          AND e.date <= decided.as_of
                          AND e.qualifying_date <= decided.as_of
                          AND e.qualifying_date >= decided.as_of - %(longest)s
                          AND %(counts)s
                        GROUP BY e.qualifying_date) AS days
                WHERE suffix >= decided.level
                ORDER BY d DESC
                LIMIT 1) AS holds ON decided.earned >= decided.level
                                 AND decided.level > decided.base
        """,
        last=add_years_sql(SQL("holds.day"), 1),
        grace=policy.grace_days,
        value=policy.column,
        longest=PACE_DAYS + 1,
        counts=SQL("%s > decided.as_of", add_years_sql(SQL("e.qualifying_date"), 1)),
    )


def states_sql(policy: TierPolicy, as_of: date | SQL, where: SQL) -> SQL:
    """SQL ``WITH`` clause that ends in ``state``, the new state of each card.

    ``as_of`` is a day, or SQL of a day for each card ``c``: with the day after
    ``c.crm_loyalty_tier_until``, the states are those of customers who earn nothing
    more.
    Columns: those of the card and its period, ``level`` (threshold of the tier;
    minus infinity: none), ``until``, ``missing``, ``points``, ``spend``,
    ``projected``.
    """
    day = as_of if isinstance(as_of, SQL) else SQL("%s", as_of)
    return SQL(
        """
        WITH card AS MATERIALIZED (%s),
             total AS MATERIALIZED (%s),
             entitled AS MATERIALIZED (%s),
             decided AS (%s),
             state AS MATERIALIZED (%s)
        """,
        cards_sql(policy, day, where),
        totals_sql(policy),
        entitled_sql(policy),
        decided_sql(),
        promised_sql(policy),
    )


def write_states_sql(states: SQL, program_id: int, uid: int) -> SQL:
    """SQL that writes the states that changed, and their history.

    It returns ``(id, id)`` of each written card; the second id is NULL if the tier
    is the same.
    """
    return SQL(
        """
        %s,
        target AS (%s),
        written AS (%s RETURNING c.id),
        noted AS (%s RETURNING card_id)
        SELECT w.id, n.card_id
          FROM written AS w
          LEFT JOIN noted AS n ON n.card_id = w.id
        """,
        states,
        _target_sql(program_id),
        _update_cards_sql(),
        _insert_history_sql(program_id, uid),
    )


def _target_sql(program_id: int) -> SQL:
    """SQL of ``state`` with the tiers of its levels."""
    return SQL(
        """
        SELECT s.*, s.tier_id AS old_tier_id, n.id AS projected_tier_id,
               -- A card keeps an archived tier to its last day.
               COALESCE(t.id, CASE WHEN s.level = s.held
                                   THEN s.tier_id END) AS new_tier_id
          FROM state AS s
          LEFT JOIN crm_loyalty_tier AS t
            ON t.program_id = %(program)s AND t.threshold = s.level AND t.active
          LEFT JOIN crm_loyalty_tier AS n
            ON n.program_id = %(program)s AND n.threshold = s.projected AND n.active
        """,
        program=program_id,
    )


def _update_cards_sql() -> SQL:
    """SQL that updates the cards of ``target`` that differ from their new state."""
    return SQL(
        """
        UPDATE loyalty_card AS c
           SET crm_loyalty_tier_id = s.new_tier_id,
               crm_loyalty_tier_since = CASE
                   WHEN s.new_tier_id IS NULL THEN NULL
                   WHEN s.new_tier_id = s.old_tier_id THEN s.tier_since
                   ELSE s.as_of END,
               crm_loyalty_tier_until = s.until,
               crm_loyalty_tier_period_end = s.last,
               crm_loyalty_qualifying_points = s.points,
               crm_loyalty_qualifying_spend = s.spend,
               crm_loyalty_tier_keep_needed = s.missing,
               crm_loyalty_projected_tier_id = s.projected_tier_id
          FROM target AS s
         WHERE c.id = s.id
           AND (c.crm_loyalty_tier_id, c.crm_loyalty_tier_until,
                c.crm_loyalty_tier_period_end, c.crm_loyalty_qualifying_points,
                c.crm_loyalty_qualifying_spend, c.crm_loyalty_tier_keep_needed,
                c.crm_loyalty_projected_tier_id)
               IS DISTINCT FROM
               (s.new_tier_id, s.until, s.last, s.points, s.spend,
                s.missing, s.projected_tier_id)
        """
    )


def _insert_history_sql(program_id: int, uid: int) -> SQL:
    """SQL that inserts the tier changes of ``target`` into the history."""
    return SQL(
        """
        INSERT INTO crm_loyalty_tier_history (
               card_id, program_id, partner_id, company_id, date,
               from_tier_id, to_tier_id, kind, value, until,
               create_uid, create_date, write_uid, write_date)
        SELECT s.id, %(program)s, s.partner_id, s.company_id, s.as_of,
               s.old_tier_id, s.new_tier_id,
               CASE WHEN s.level > s.held THEN 'up'
                    WHEN s.as_of <= s.tier_until THEN 'reversal'
                    ELSE 'down' END,
               GREATEST(s.current, CASE WHEN s.earned < s.level THEN s.extended END),
               s.until, %(uid)s, now() AT TIME ZONE 'UTC',
               %(uid)s, now() AT TIME ZONE 'UTC'
          FROM target AS s
         WHERE s.new_tier_id IS DISTINCT FROM s.old_tier_id
        """,
        program=program_id,
        uid=uid,
    )
