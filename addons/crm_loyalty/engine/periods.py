"""Qualifying periods of tiers, and anniversaries.

A year after 29 February is 28 February, as in PostgreSQL. Each rule exists in Python
and, for sets of cards, in SQL.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

CALENDAR = "calendar"
ANNIVERSARY = "anniversary"
ROLLING = "rolling"


def add_years(day: date, years: int) -> date:
    """Return the same day some years later.

    >>> add_years(date(2024, 2, 29), 1)
    datetime.date(2025, 2, 28)
    """
    return day + relativedelta(years=years)


def count_anniversaries(since: date, day: date) -> int:
    """Return the number of anniversaries of ``since`` up to ``day``.

    >>> count_anniversaries(date(2024, 2, 29), date(2025, 2, 27))
    0
    >>> count_anniversaries(date(2024, 2, 29), date(2025, 2, 28))
    1
    """
    years = day.year - since.year
    return years if add_years(since, years) <= day else years - 1


@dataclass(frozen=True)
class Period:
    """A qualifying period: first and last day, and its neighbours."""

    start: date
    stop: date
    previous_start: date
    next_stop: date


def get_tier_period(kind: str, day: date, since: date) -> Period:
    """Return the calendar year or membership year of ``day``.

    >>> get_tier_period("calendar", date(2026, 3, 2), date(2024, 5, 9)).stop
    datetime.date(2026, 12, 31)
    >>> get_tier_period("anniversary", date(2026, 3, 2), date(2024, 5, 9)).stop
    datetime.date(2026, 5, 8)
    """
    if kind == CALENDAR:
        since = since.replace(month=1, day=1)
    years = count_anniversaries(since, day)
    return Period(
        start=add_years(since, years),
        stop=add_years(since, years + 1) - timedelta(days=1),
        previous_start=add_years(since, years - 1),
        next_stop=add_years(since, years + 2) - timedelta(days=1),
    )


def is_within_year(entry: date, day: date) -> bool:
    """Return whether points of day ``entry`` count in the twelve months to ``day``.

    >>> is_within_year(date(2025, 3, 2), date(2026, 3, 1))
    True
    >>> is_within_year(date(2025, 3, 2), date(2026, 3, 2))
    False
    """
    return entry <= day < add_years(entry, 1)


# ------------------------------------------------------------
# The same in SQL
# ------------------------------------------------------------


def add_years_sql(day: SQL, years: SQL | int) -> SQL:
    """SQL of `add_years`."""
    return SQL("(%s + (%s) * INTERVAL '1 year')::date", day, years)


def count_anniversaries_sql(since: SQL, day: SQL) -> SQL:
    """SQL of `count_anniversaries`."""
    years = SQL("(EXTRACT(YEAR FROM %s) - EXTRACT(YEAR FROM %s))::int", day, since)
    return SQL(
        "(%(years)s - (%(then)s > %(day)s)::int)",
        years=years,
        then=add_years_sql(since, years),
        day=day,
    )


def tier_period_sql(kind: str, day: SQL, since: SQL) -> SQL:
    """SQL of `get_tier_period`: start, stop, previous_start and next_stop."""
    if kind == CALENDAR:
        since = SQL("DATE_TRUNC('year', %s)::date", since)
    return SQL(
        """
        SELECT %(start)s AS start, %(stop)s - 1 AS stop,
               %(previous)s AS previous_start, %(next)s - 1 AS next_stop
          FROM (SELECT %(since)s AS since, %(years)s AS years) AS membership
        """,
        start=add_years_sql(SQL("since"), SQL("years")),
        stop=add_years_sql(SQL("since"), SQL("years + 1")),
        previous=add_years_sql(SQL("since"), SQL("years - 1")),
        next=add_years_sql(SQL("since"), SQL("years + 2")),
        since=since,
        years=count_anniversaries_sql(since, day),
    )
