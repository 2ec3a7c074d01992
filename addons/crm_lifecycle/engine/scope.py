"""The scope of a computation: one company, one day, one window of changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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


# The bits of all sources.
ALL_TOPICS = -1


def assign_topics(facts: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """Return the bit of each source, the same for sources that share a fact.

    A change in one source requires no refresh of the others, unless they provide a fact
    together. ``facts`` are the names that each source provides; a source without names
    counts for all sources.

    >>> assign_topics({"lead": ["first", "won"], "talk": ["last"], "sale": ["first"]})
    {'lead': 1, 'talk': 2, 'sale': 1}
    """
    groups: list[tuple[set[str], set[str]]] = []
    for source, names in facts.items():
        sources, answered = {source}, set(names)
        apart = []
        for group in groups:
            if group[1] & answered:
                sources |= group[0]
                answered |= group[1]
            else:
                apart.append(group)
        groups = [*apart, (sources, answered)]
    order = {source: place for place, source in enumerate(facts)}
    groups = sorted(
        (group for group in groups if group[1]),
        key=lambda group: min(order[source] for source in group[0]),
    )
    bits = {
        source: 1 << place for place, group in enumerate(groups) for source in group[0]
    }
    return {source: bits.get(source, ALL_TOPICS) for source in facts}


def has_topic(topics: SQL, bit: int) -> SQL:
    """Return the SQL condition that the bits of a row include one."""
    return SQL("(%s & %s) <> 0", topics, bit)


@dataclass(frozen=True)
class Shard:
    """One of ``count`` equal parts of the customers of a company."""

    index: int
    count: int

    def contains(self, partner: SQL, lead: SQL) -> SQL:
        """Return the SQL condition that the subject belongs to this shard."""
        return SQL("COALESCE(%s, %s) %% %s = %s", partner, lead, self.count, self.index)


@dataclass(frozen=True)
class Scope:
    """The frozen parameters of a query to the sources of facts.

    ``as_of`` is a date in the company's time zone ``tz``: sources count only what
    happened before its end. ``since`` (naive UTC) is the watermark: earlier changes
    were seen by the run as of ``previous_as_of``. Both are empty for a full rebuild,
    which queries all customers. ``topics`` are the bits of the sources, see
    `assign_topics`; ``batch_topics`` are the different bits of the rows of the batch,
    if known, and ``batch_size`` is the approximate number of its subjects.
    """

    company_id: int
    as_of: date
    tz: str
    since: datetime | None = None
    previous_as_of: date | None = None
    topics: Mapping[str, int] = field(default_factory=dict)
    batch_topics: tuple[int, ...] | None = None
    batch_size: int = 0

    def needs_refresh(self, source: str, alias: str) -> SQL:
        """Return the SQL condition that the source's facts of a batch row may be stale.

        It uses terms for which the planner has statistics, and is constant if all rows
        of the batch are alike: the source is then not read at all if no row needs it.
        """
        bit = self.topics.get(source, ALL_TOPICS)
        column = SQL.identifier(alias, "topics")
        if self.batch_topics is None:
            return has_topic(column, bit)
        asking = [topics for topics in self.batch_topics if topics & bit]
        if len(asking) == len(self.batch_topics):
            return SQL("TRUE")
        return SQL("%s = ANY(%s)", column, asking) if asking else SQL("FALSE")

    @property
    def is_full(self) -> bool:
        """Whether all subjects are queried, not only changed ones."""
        return self.since is None or self.previous_as_of is None

    @property
    def day_end(self) -> datetime:
        """The first moment that no longer counts, naive UTC."""
        return day_end(self.as_of, self.tz)

    def date_months_ago(self, months: int) -> date:
        """Return ``as_of`` minus some months: the last day outside the window."""
        return self.as_of - relativedelta(months=months)

    def end_of_date_months_ago(self, months: int) -> datetime:
        """Return the end of that day, naive UTC."""
        return day_end(self.date_months_ago(months), self.tz)

    def local_date(self, moment: SQL) -> SQL:
        """Return SQL of the company's local date of a naive UTC timestamp."""
        return SQL("((%s AT TIME ZONE 'UTC') AT TIME ZONE %s)::date", moment, self.tz)

    def crosses_cutoff(self, moment: SQL, months: int = 0) -> SQL:
        """Return the SQL condition that passing days change how ``moment`` counts.

        True for timestamps that the day ``as_of`` minus ``months`` has reached and that
        ``previous_as_of`` minus ``months`` had not. Without months, these are events
        that were still in the future; with 12 months, events that leave a window of
        twelve months.
        """
        assert self.previous_as_of is not None, "a full scope has no crossing"
        if self.previous_as_of == self.as_of:
            return SQL("FALSE")
        shift = relativedelta(months=months)
        return SQL(
            "(%(moment)s >= %(begin)s AND %(moment)s < %(end)s)",
            moment=moment,
            begin=day_end(self.previous_as_of - shift, self.tz),
            end=day_end(self.as_of - shift, self.tz),
        )

    def span_crosses_cutoff(self, start: SQL, stop: SQL, margin=timedelta()) -> SQL:
        """Return the SQL condition that passing days change how a span counts.

        True for spans with a part after ``previous_as_of`` and up to ``as_of``, give
        or take the margin.
        """
        assert self.previous_as_of is not None, "a full scope has no crossing"
        if self.previous_as_of == self.as_of:
            return SQL("FALSE")
        return SQL(
            "(%s >= %s AND %s < %s)",
            stop,
            day_end(self.previous_as_of, self.tz) - margin,
            start,
            self.day_end + margin,
        )

    def date_crosses_cutoff(self, day: SQL, months: int = 0) -> SQL:
        """Return the SQL condition of `crosses_cutoff` for a date column."""
        assert self.previous_as_of is not None, "a full scope has no crossing"
        if self.previous_as_of == self.as_of:
            return SQL("FALSE")
        return SQL(
            "(%(day)s > %(begin)s AND %(day)s <= %(end)s)",
            day=day,
            begin=self.previous_as_of - relativedelta(months=months),
            end=self.as_of - relativedelta(months=months),
        )
