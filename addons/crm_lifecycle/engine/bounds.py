"""Days that everything can hold: bounds of what is typed, and of what is computed.

A day that people type lies between ``FIRST`` and ``LAST``. Days computed from it may
lie after that, but never after ``END``: Python and the web client know no later one.
"""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

FIRST = date(1900, 1, 1)
LAST = date(2199, 12, 31)
# The first and the last day that Python can hold.
BEGIN = date.min
END = date.max
# The longest time that a number of days or months may say.
MAX_DAYS = 36500
MAX_MONTHS = 1200


def shift(day: date, days: int = 0, months: int = 0) -> date:
    """Return a day moved by months, then by days, kept within what Python can hold.

    >>> shift(date(2026, 1, 31), months=1), shift(date(9999, 12, 30), days=5)
    (datetime.date(2026, 2, 28), datetime.date(9999, 12, 31))
    """
    try:
        return day + relativedelta(months=months) + timedelta(days=days)
    except (ValueError, OverflowError):
        return END if days + 30 * months > 0 else BEGIN


def capped(day: SQL) -> SQL:
    """SQL of a known day, or of ``END`` where it lies after that."""
    return SQL("LEAST((%s)::date, %s::date)", day, END)
