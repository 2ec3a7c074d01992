"""When conditions that hold today may cease to, and the other way round.

Facts change when documents do, and then their customer is looked at anyway.
What is left is the passing of time: a condition that compares a date with a day
relative to today changes sides on a day that can be told ahead. So a run looks
at the customers whose day has come, instead of asking everybody every night.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from odoo.fields import Domain
from odoo.tools import SQL

from . import bounds, domains

# Months differ in length: the day may be off by so much for each such term.
MONTH_SLACK = 3


@dataclass(frozen=True)
class Turn:
    """A date column, and how long after it a condition changes sides."""

    column: str
    days: int = 0
    months: int = 0
    slack: int = 0

    def next_day(self, alias: str, as_of: date) -> SQL:
        """SQL of the first day after ``as_of`` on which to look, empty if none.

        A comparison turns on the day itself or on the one after it, so both are
        looked at, and those around them where months make it inexact.
        """
        column = SQL("%s::date", SQL.identifier(alias, self.column))
        day = SQL("(%s + %s)", column, self.days)
        if self.months:
            day = SQL("(%s + make_interval(months => %s))::date", day, self.months)
        return SQL(
            "CASE WHEN %(day)s >= %(last)s"
            " THEN GREATEST(%(capped)s - %(slack)s, %(next)s) END",
            day=day,
            capped=bounds.capped(day),
            last=date.fromordinal(as_of.toordinal() - self.slack),
            next=date.fromordinal(as_of.toordinal() + 1),
            slack=self.slack,
        )


def turns_of(
    domain: Domain, column_type: Callable[[str], str | None]
) -> list[Turn] | None:
    """Return the turns of a domain, None where they can't be told ahead.

    ``column_type`` tells the type of a field that is a column of the customer,
    None for everything else: what is read through a path, or computed, may
    change without the customer being looked at.
    """
    turns = []
    for condition in domain.iter_conditions():
        kind = column_type(condition.field_expr)
        if kind is None:
            return None
        if kind not in ("date", "datetime"):
            continue
        for value in _values(condition.value):
            offset = domains.offset_of(value)
            if offset is None:
                return None
            if offset:
                days, months, terms = offset
                slack = MONTH_SLACK * terms + (1 if kind == "datetime" else 0)
                turns.append(Turn(condition.field_expr, -days, -months, slack))
    return list(dict.fromkeys(turns))


def _values(value) -> list[str]:
    """Return the texts among the values of a condition."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Iterable):
        return [item for item in value if isinstance(item, str)]
    return []


def earliest(days: Iterable[SQL]) -> SQL:
    """SQL of the earliest of some days, empty ones passed over."""
    days = list(days)
    if not days:
        return SQL("NULL::date")
    return SQL("LEAST(%s)", SQL(", ").join(days))
