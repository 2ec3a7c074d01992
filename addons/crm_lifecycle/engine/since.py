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
class Events:
    """How a fact follows events that have a day, such as orders.

    ``reached`` returns SQL of the day of the n-th event, for a fact that counts them;
    ``resumed`` is SQL of the day of the first event since the previous step, for a fact
    that is the day of the last event; ``untouched`` is the SQL condition that there was
    no event at all.
    """

    reached: Callable[[int], SQL] | None = None
    resumed: SQL | None = None
    untouched: SQL | None = None


def since_of(
    domain: Domain,
    alias: str,
    column_type: Callable[[str], str | None],
    events: Mapping[str, Events],
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
    told = _Told(alias, column_type, events, unchanged)

    def visit(part: Domain) -> SQL:
        branches = domains.branches_of(part)
        if branches is None:
            return told.since(part)
        operator, children = branches
        if operator == "!":
            return told.unless_changed()
        days = [visit(child) for child in children]
        if operator == "&":
            return SQL("GREATEST(%s)", SQL(", ").join([ALWAYS, *days]))
        held = [
            SQL("CASE WHEN %s THEN %s ELSE %s END", holds(child), day, UNKNOWN)
            for child, day in zip(children, days, strict=True)
        ]
        return SQL("LEAST(%s)", SQL(", ").join(held))

    return visit(domain)


class _Told:
    """Since when single conditions have held."""

    def __init__(self, alias, column_type, events, unchanged):
        self.alias = alias
        self.column_type = column_type
        self.events = events
        self.unchanged = unchanged

    def since(self, condition) -> SQL:
        name, operator = condition.field_expr, condition.operator
        value = condition.value
        kind = self.column_type(name)
        events = self.events.get(name, Events())
        day = None
        if kind == "date":
            day = self._since_date(name, operator, value, events)
        elif kind == "integer" and events.reached and operator in (">", ">="):
            day = events.reached(value + 1 if operator == ">" else value)
        if day is not None:
            return SQL("COALESCE(%s, %s)", day, UNKNOWN)
        return self.unless_changed(events.untouched) if kind else UNKNOWN

    def _since_date(self, name, operator, value, events) -> SQL | None:
        """Return SQL of the day for a condition on a date, None if unknown."""
        fact = SQL.identifier(self.alias, name)
        if isinstance(value, str):
            turn = turning_day(operator, value, fact)
            if turn is not None:
                return turn
        if operator in (">", ">=") and events.resumed is not None:
            # No event since the previous step: the condition already held then.
            return SQL("COALESCE(%s, %s)", events.resumed, ALWAYS)
        if operator in (">", ">=") or (operator == "!=" and value is False):
            return fact
        return None

    def unless_changed(self, untouched: SQL | None = None) -> SQL:
        """Return SQL for a condition on facts alone: always if they are unchanged."""
        same = self.unchanged
        if untouched is not None:
            same = SQL("(%s OR %s)", same, untouched)
        return SQL("CASE WHEN %s THEN %s ELSE %s END", same, ALWAYS, UNKNOWN)


def turning_day(operator: str, value: str, fact: SQL) -> SQL | None:
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
