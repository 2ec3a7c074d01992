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


def after_years(day: date, years: int) -> date:
    """Return the same day some years later.

    >>> after_years(date(2024, 2, 29), 1)
    datetime.date(2025, 2, 28)
    """
    return day + relativedelta(years=years)


def whole_years(since: date, day: date) -> int:
    """Return the number of anniversaries of ``since`` up to ``day``.

    >>> whole_years(date(2024, 2, 29), date(2025, 2, 27))
    0
    >>> whole_years(date(2024, 2, 29), date(2025, 2, 28))
    1
    """
    years = day.year - since.year
    return years if after_years(since, years) <= day else years - 1


@dataclass(frozen=True)
class Period:
    """A qualifying period: first and last day, and its neighbours."""

    start: date
    stop: date
    previous_start: date
    next_stop: date


def period_of(kind: str, day: date, since: date) -> Period:
    """Return the calendar year or membership year of ``day``.

    >>> period_of("calendar", date(2026, 3, 2), date(2024, 5, 9)).stop
    datetime.date(2026, 12, 31)
    >>> period_of("anniversary", date(2026, 3, 2), date(2024, 5, 9)).stop
    datetime.date(2026, 5, 8)
    """
    if kind == CALENDAR:
        since = since.replace(month=1, day=1)
    years = whole_years(since, day)
    return Period(
        start=after_years(since, years),
        stop=after_years(since, years + 1) - timedelta(days=1),
        previous_start=after_years(since, years - 1),
        next_stop=after_years(since, years + 2) - timedelta(days=1),
    )


def counts_on(entry: date, day: date) -> bool:
    """Return whether points of day ``entry`` count in the twelve months to ``day``.

    >>> counts_on(date(2025, 3, 2), date(2026, 3, 1))
    True
    >>> counts_on(date(2025, 3, 2), date(2026, 3, 2))
    False
    """
    return entry <= day < after_years(entry, 1)


# ------------------------------------------------------------
# The same in SQL
# ------------------------------------------------------------


def sql_after_years(day: SQL, years: SQL | int) -> SQL:
    """SQL of `after_years`."""
    return SQL("(%s + (%s) * INTERVAL '1 year')::date", day, years)


def sql_whole_years(since: SQL, day: SQL) -> SQL:
    """SQL of `whole_years`."""
    years = SQL("(EXTRACT(YEAR FROM %s) - EXTRACT(YEAR FROM %s))::int", day, since)
    return SQL(
        "(%(years)s - (%(then)s > %(day)s)::int)",
        years=years,
        then=sql_after_years(since, years),
        day=day,
    )


def sql_period_of(kind: str, day: SQL, since: SQL) -> SQL:
    """SQL of `period_of`: one row of start, stop, previous_start and next_stop."""
    if kind == CALENDAR:
        since = SQL("DATE_TRUNC('year', %s)::date", since)
    return SQL(
        """
        SELECT %(start)s AS start, %(stop)s - 1 AS stop,
               %(previous)s AS previous_start, %(next)s - 1 AS next_stop
          FROM (SELECT %(since)s AS since, %(years)s AS years) AS membership
        """,
        start=sql_after_years(SQL("since"), SQL("years")),
        stop=sql_after_years(SQL("since"), SQL("years + 1")),
        previous=sql_after_years(SQL("since"), SQL("years - 1")),
        next=sql_after_years(SQL("since"), SQL("years + 2")),
        since=since,
        years=sql_whole_years(since, day),
    )
