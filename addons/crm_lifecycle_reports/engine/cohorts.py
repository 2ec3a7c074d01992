"""Table of cohorts, built from sums by cohort and period."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from dateutil.relativedelta import relativedelta

# Months per period.
INTERVALS = {"month": 1, "quarter": 3, "year": 12}


@dataclass
class Cohort:
    """Cohort of all that began in one period, with its values per period.

    ``cells`` are the values of the first period and of each later one. ``base`` is the
    denominator of shares.
    """

    start: date
    size: float = 0
    base: float = 0
    cells: list = field(default_factory=list)


def count_periods(start: date, end: date, interval: str) -> int:
    """Return the number of periods between two, given by their first days.

    >>> count_periods(date(1997, 1, 1), date(1998, 6, 1), "month")
    17
    >>> count_periods(date(1997, 10, 1), date(1998, 4, 1), "quarter")
    2
    """
    months = (end.year - start.year) * 12 + end.month - start.month
    return months // INTERVALS[interval]


def add_periods(start: date, count: int, interval: str) -> date:
    """Return the first day of the period some periods after another one."""
    return start + relativedelta(months=count * INTERVALS[interval])


def build_cohorts(
    rows: Iterable[tuple[date, date, float, float]],
    interval: str,
    *,
    is_cumulative: bool,
    is_amount: bool = False,
    limit: int | None = None,
) -> list[Cohort]:
    """Return the cohorts in order, built from rows ``(cohort, period, value, size)``.

    Cohort and period are given by their first days, and rows with the same ones are
    added up. With ``is_cumulative``, a value is a running total, which includes values
    from before the cohort began. All cohorts end with the last period in the data.

    >>> january, february = date(2026, 1, 1), date(2026, 2, 1)
    >>> rows = [(january, january, 3, 3), (january, february, -1, 0)]
    >>> [cohort.cells for cohort in build_cohorts(rows, "month", is_cumulative=True)]
    [[3, 2]]
    """
    sums: dict[date, dict[date, float]] = {}
    sizes: dict[date, float] = {}
    for start, period, value, size in rows:
        values = sums.setdefault(start, {})
        values[period] = values.get(period, 0) + value
        sizes[start] = sizes.get(start, 0) + size
    last = max((max(periods) for periods in sums.values()), default=None)
    cohorts = []
    for start in sorted(sums):
        cells = _get_cells(sums[start], start, last, interval, is_cumulative)
        base = cells[0] if is_amount and cells else sizes[start]
        cohorts.append(Cohort(start, sizes[start], base, cells))
    return cohorts[-limit:] if limit else cohorts


def _get_cells(sums, start, last, interval, is_cumulative):
    """Return the values of one cohort from its first period to the last one."""
    count = count_periods(start, last, interval) + 1
    periods = [add_periods(start, index, interval) for index in range(count)]
    if not is_cumulative:
        return [sums.get(period, 0) for period in periods]
    balance = sum(value for period, value in sums.items() if period < start)
    cells = []
    for period in periods:
        balance += sums.get(period, 0)
        cells.append(balance)
    return cells


def get_average(cohorts: Iterable[Cohort]) -> list[float | None]:
    """Return the share of all cohorts together, per period since their start.

    Weighted, over the cohorts that are old enough. It is the survival curve if the
    values count remaining customers.

    >>> get_average([Cohort(date(2026, 1, 1), 4, 4, [4, 1]),
    ...              Cohort(date(2026, 2, 1), 2, 2, [2])])
    [1.0, 0.25]
    """
    cohorts = list(cohorts)
    averages = []
    for index in range(max((len(cohort.cells) for cohort in cohorts), default=0)):
        known = [cohort for cohort in cohorts if len(cohort.cells) > index]
        base = sum(cohort.base for cohort in known)
        value = sum(cohort.cells[index] for cohort in known)
        averages.append(value / base if base else None)
    return averages
