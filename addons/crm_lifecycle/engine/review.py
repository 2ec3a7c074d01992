"""When the results of conditions change because time passes.

Facts change when documents do, and their customer is reviewed anyway. What remains is
the passing of time: a condition that compares a date with a day relative to today
changes its result on a predictable day. So a run reviews the customers who are due,
instead of all customers every night.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from odoo.fields import Domain
from odoo.tools import SQL

from . import bounds, domains

# Months differ in length: the computed day may be off by this much for each term.
MONTH_SLACK = 3


@dataclass(frozen=True)
class DateTrigger:
    """A date column, and the time after which a condition on it changes its result."""

    column: str
    days: int = 0
    months: int = 0
    slack: int = 0

    def next_day(
        self, alias: str, as_of: date, known: Mapping[str, SQL] | None = None
    ) -> SQL:
        """Return SQL of the first day after ``as_of`` for a review, NULL if none.

        A comparison changes on the day itself or on the day after, so both are
        reviewed, and with months also the days around them.

        :param known: SQL of columns in place of those of the table
        """
        column = (known or {}).get(self.column, SQL.identifier(alias, self.column))
        column = SQL("%s::date", column)
        day = SQL("(%s + %s)", column, self.days)
        if self.months:
            day = SQL("(%s + make_interval(months => %s))::date", day, self.months)
        return SQL(
            "CASE WHEN %(day)s >= %(last)s"
            " THEN GREATEST(%(capped)s - %(slack)s, %(next)s) END",
            day=day,
            capped=bounds.cap_date(day),
            last=date.fromordinal(as_of.toordinal() - self.slack),
            next=date.fromordinal(as_of.toordinal() + 1),
            slack=self.slack,
        )


def get_date_triggers(
    domain: Domain, column_type: Callable[[str], str | None]
) -> list[DateTrigger] | None:
    """Return the date triggers of a domain, None if they can't be predicted.

    ``column_type`` returns the type of a field that is a column of the customer, None
    for any other field: a computed field, or one read through a path, may change
    without a review of the customer.
    """
    triggers = []
    for condition in domain.iter_conditions():
        field_type = column_type(condition.field_expr)
        if field_type is None:
            return None
        if field_type not in ("date", "datetime"):
            continue
        for value in _values(condition.value):
            offset = domains.offset_of(value)
            if offset is None:
                return None
            if offset:
                days, months, terms = offset
                slack = MONTH_SLACK * terms + (1 if field_type == "datetime" else 0)
                triggers.append(
                    DateTrigger(condition.field_expr, -days, -months, slack)
                )
    return list(dict.fromkeys(triggers))


def _values(value) -> list[str]:
    """Return the texts among the values of a condition."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Iterable):
        return [item for item in value if isinstance(item, str)]
    return []


def earliest(days: Iterable[SQL]) -> SQL:
    """Return SQL of the earliest of some days, ignoring NULL."""
    days = list(days)
    if not days:
        return SQL("NULL::date")
    return SQL("LEAST(%s)", SQL(", ").join(days))
