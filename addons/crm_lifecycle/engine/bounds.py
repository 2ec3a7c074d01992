"""Bounds of dates, both typed and computed.

A day that users type lies between ``MIN_INPUT_DATE`` and ``MAX_INPUT_DATE``. Days
computed from it may be later, but never after ``MAX_DATE``: Python and the web client
have no later day.
"""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

MIN_INPUT_DATE = date(1900, 1, 1)
MAX_INPUT_DATE = date(2199, 12, 31)
# The first and the last day that Python can hold.
MIN_DATE = date.min
MAX_DATE = date.max
# The longest period that a number of days or months may mean.
MAX_DAYS = 36500
MAX_MONTHS = 1200


def shift(day: date, days: int = 0, months: int = 0) -> date:
    """Return a day shifted by months, then by days, within the range of Python.

    >>> shift(date(2026, 1, 31), months=1), shift(date(9999, 12, 30), days=5)
    (datetime.date(2026, 2, 28), datetime.date(9999, 12, 31))
    """
    try:
        return day + relativedelta(months=months) + timedelta(days=days)
    except (ValueError, OverflowError):
        return MAX_DATE if days + 30 * months > 0 else MIN_DATE


def cap_date(day: SQL) -> SQL:
    """Return SQL of a day that is not NULL, limited to ``MAX_DATE``."""
    return SQL("LEAST((%s)::date, %s::date)", day, MAX_DATE)
