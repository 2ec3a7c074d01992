"""Since when conditions have held, as far as dates show it.

A replay in steps of a week or a month sees on the last day of a step that a rule
matches. The facts show when it began to: *no order for 30 days* began 30 days after the
last order, no matter when it is evaluated; *four orders* began on the day of the
fourth.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from odoo.fields import Domain
from odoo.tools import SQL

from . import domains

# SQL dates for conditions that have always held, and for unknown days.
ALWAYS = SQL("'-infinity'::date")
UNKNOWN = SQL("'infinity'::date")


@dataclass(frozen=True)
class FactEvents:
    """How a fact follows events that have a day, such as orders.

    ``nth_date`` returns SQL of the day of the n-th event, for a fact that counts them;
    ``first_new_date`` is SQL of the day of the first event since the previous step, for
    a fact that is the day of the last event; ``no_event`` is the SQL condition that
    there was no event at all.
    """

    nth_date: Callable[[int], SQL] | None = None
    first_new_date: SQL | None = None
    no_event: SQL | None = None


def get_effective_date(
    domain: Domain,
    alias: str,
    column_type: Callable[[str], str | None],
    events: Mapping[str, FactEvents],
    unchanged: SQL,
    holds: Callable[[Domain], SQL],
) -> SQL:
    """Return SQL of the day since which a domain that holds has done so.

    Infinity if unknown. A conjunction holds since the latest of the days of its parts;
    of alternatives, one that ``holds`` (SQL of a part) is enough.

    :param alias: the alias of the profile
    :param column_type: type of a column of the profile, None for other paths
    :param events: the events that facts follow
    :param unchanged: the SQL condition that the facts are those of the previous step
    """
    dates = _ConditionDates(alias, column_type, events, unchanged)

    def walk(part: Domain) -> SQL:
        branches = domains.branches_of(part)
        if branches is None:
            return dates.get_date(part)
        operator, children = branches
        if operator == "!":
            return dates.get_unchanged_date()
        days = [walk(child) for child in children]
        if operator == "&":
            return SQL("GREATEST(%s)", SQL(", ").join([ALWAYS, *days]))
        held = [
            SQL("CASE WHEN %s THEN %s ELSE %s END", holds(child), day, UNKNOWN)
            for child, day in zip(children, days, strict=True)
        ]
        return SQL("LEAST(%s)", SQL(", ").join(held))

    return walk(domain)


class _ConditionDates:
    """Since when single conditions have held."""

    def __init__(self, alias, column_type, events, unchanged):
        self.alias = alias
        self.column_type = column_type
        self.events = events
        self.unchanged = unchanged

    def get_date(self, condition) -> SQL:
        name, operator = condition.field_expr, condition.operator
        value = condition.value
        field_type = self.column_type(name)
        events = self.events.get(name, FactEvents())
        day = None
        if field_type == "date":
            day = self._since_date(name, operator, value, events)
        elif field_type == "integer" and events.nth_date and operator in (">", ">="):
            day = events.nth_date(value + 1 if operator == ">" else value)
        if day is not None:
            return SQL("COALESCE(%s, %s)", day, UNKNOWN)
        return self.get_unchanged_date(events.no_event) if field_type else UNKNOWN

    def _since_date(self, name, operator, value, events) -> SQL | None:
        """Return SQL of the day for a condition on a date, None if unknown."""
        fact = SQL.identifier(self.alias, name)
        if isinstance(value, str):
            trigger = get_trigger_date_sql(operator, value, fact)
            if trigger is not None:
                return trigger
        if operator in (">", ">=") and events.first_new_date is not None:
            # No event since the previous step: the condition already held then.
            return SQL("COALESCE(%s, %s)", events.first_new_date, ALWAYS)
        if operator in (">", ">=") or (operator == "!=" and value is False):
            return fact
        return None

    def get_unchanged_date(self, no_event: SQL | None = None) -> SQL:
        """Return SQL for a condition on facts alone: always if they are unchanged."""
        same = self.unchanged
        if no_event is not None:
            same = SQL("(%s OR %s)", same, no_event)
        return SQL("CASE WHEN %s THEN %s ELSE %s END", same, ALWAYS, UNKNOWN)


def get_trigger_date_sql(operator: str, value: str, fact: SQL) -> SQL | None:
    """Return SQL of the day on which a date was long enough ago, None for others.

    ``fact <= today -90d`` changes 90 days after the fact, ``<`` one day later.
    Months differ in length: three months after 30 November is 1 March, since
    three months before 28 February is 28 November.
    """
    offset = domains.offset_of(value)
    if operator not in ("<", "<=") or not offset:
        return None
    days, months, terms = offset
    if terms > 1 or (days and months):
        return None
    later = 1 if operator == "<" else 0
    if not months:
        return SQL("(%s + %s)", fact, later - days)
    fact = SQL("(%s + %s)", fact, later)
    day = SQL("(%s + make_interval(months => %s))::date", fact, -months)
    return SQL(
        "(%(day)s + CASE WHEN (%(day)s - make_interval(months => %(months)s))::date "
        "< %(fact)s THEN 1 ELSE 0 END)",
        day=day,
        months=-months,
        fact=fact,
    )
