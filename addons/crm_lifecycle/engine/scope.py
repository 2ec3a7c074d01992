"""What a computation looks at: one company, one day, one window of change."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import pytz
from dateutil.relativedelta import relativedelta

from odoo.tools import SQL


def day_end(day: date, tz: str) -> datetime:
    """Return the first moment after ``day`` in ``tz``, as naive UTC.

    >>> day_end(date(2026, 3, 1), "Asia/Shanghai")
    datetime.datetime(2026, 3, 1, 16, 0)
    """
    midnight = datetime.combine(day + timedelta(days=1), time.min)
    local = pytz.timezone(tz).localize(midnight)
    return local.astimezone(pytz.utc).replace(tzinfo=None)


@dataclass(frozen=True)
class Scope:
    """One frozen question to the sources of facts.

    ``as_of`` is a date in the company's time zone ``tz``: sources count only
    what had happened by its end. ``since`` (naive UTC) is the watermark: what
    was written before it was seen by the run as of ``previous_as_of``. Both are
    empty for a full rebuild, which asks the same questions about everybody.
    """

    company_id: int
    as_of: date
    tz: str
    since: datetime | None = None
    previous_as_of: date | None = None

    @property
    def is_full(self) -> bool:
        """Whether every subject is asked for, not only those that changed."""
        return self.since is None or self.previous_as_of is None

    @property
    def day_end(self) -> datetime:
        """First moment that no longer counts, naive UTC."""
        return day_end(self.as_of, self.tz)

    def day_before(self, months: int) -> date:
        """Return ``as_of`` minus some months: the last day outside the window."""
        return self.as_of - relativedelta(months=months)

    def local_date(self, moment: SQL) -> SQL:
        """SQL of the company's local date of a naive UTC timestamp."""
        return SQL("((%s AT TIME ZONE 'UTC') AT TIME ZONE %s)::date", moment, self.tz)

    def crossing(self, moment: SQL, months: int = 0) -> SQL:
        """SQL condition: the passing of days changes how ``moment`` counts.

        True for the timestamps that the day ``as_of`` minus ``months`` has
        reached and that ``previous_as_of`` minus ``months`` had not. With no
        months these are the events that were still to come; with 12, those
        that leave a window of twelve months.
        """
        assert self.previous_as_of is not None, "a full scope has no crossing"
        shift = relativedelta(months=months)
        return SQL(
            "(%(moment)s >= %(begin)s AND %(moment)s < %(end)s)",
            moment=moment,
            begin=day_end(self.previous_as_of - shift, self.tz),
            end=day_end(self.as_of - shift, self.tz),
        )

    def crossing_day(self, day: SQL, months: int = 0) -> SQL:
        """SQL condition like `crossing`, for a date column."""
        assert self.previous_as_of is not None, "a full scope has no crossing"
        return SQL(
            "(%(day)s > %(begin)s AND %(day)s <= %(end)s)",
            day=day,
            begin=self.previous_as_of - relativedelta(months=months),
            end=self.as_of - relativedelta(months=months),
        )
