"""Reporting periods: full weeks, months, quarters and years.

A period is a pair of days, both included.
"""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

RHYTHMS = ("week", "month", "quarter", "year")


def get_period_start(rhythm: str, day: date) -> date:
    """Return the first day of the week, month, quarter or year of a day.

    Weeks begin on Monday.
    """
    if rhythm == "week":
        return day - timedelta(days=day.weekday())
    if rhythm == "quarter":
        return date(day.year, day.month - (day.month - 1) % 3, 1)
    return day.replace(day=1, **({"month": 1} if rhythm == "year" else {}))


def get_period_length(rhythm: str) -> relativedelta:
    """Return the length of a period as a relative delta."""
    return {
        "week": relativedelta(weeks=1),
        "month": relativedelta(months=1),
        "quarter": relativedelta(months=3),
        "year": relativedelta(years=1),
    }[rhythm]


def get_last_period(rhythm: str, day: date) -> tuple[date, date]:
    """Return the last full period that had ended on a day.

    >>> get_last_period("month", date(2026, 3, 2))
    (datetime.date(2026, 2, 1), datetime.date(2026, 2, 28))
    """
    start = get_period_start(rhythm, day)
    return start - get_period_length(rhythm), start - timedelta(days=1)


def get_previous_period(start: date, end: date) -> tuple[date, date]:
    """Return the period before another one, of the same length.

    Full months are compared with full months, other periods by number of days: February
    with January, although it has fewer days.
    """
    after = end + timedelta(days=1)
    if start.day == 1 and after.day == 1:
        months = (after.year - start.year) * 12 + after.month - start.month
        return start - relativedelta(months=months), start - timedelta(days=1)
    return start - (after - start), start - timedelta(days=1)


def months_until(day: date, count: int) -> list[date]:
    """Return the first days of the last months up to that of a day, oldest first."""
    first = day.replace(day=1)
    return [first - relativedelta(months=back) for back in range(count - 1, -1, -1)]
