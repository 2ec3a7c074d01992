"""Since when conditions have held, as far as dates tell it.

A replay in steps of a week or a month sees on the step's last day that a rule
matches. When it began to is told by the facts: *no order for 30 days* began 30
days after the last order, whatever the day on which somebody looked.
"""

from collections.abc import Callable, Mapping

from odoo.fields import Domain
from odoo.tools import SQL

from . import domains

# A day in SQL for what has held all along, and for what nothing tells.
ALWAYS = SQL("'-infinity'::date")
UNKNOWN = SQL("NULL::date")


def since_of(
    domain: Domain,
    alias: str,
    column_type: Callable[[str], str | None],
    fact_days: Mapping[str, tuple[str, str]],
    unchanged: SQL,
    holds: Callable[[Domain], SQL],
) -> SQL:
    """SQL of the day since which a domain that holds has done so; empty if unknown.

    All parts of a conjunction hold since the latest of their
    days; one of several alternatives that ``holds`` (SQL of a part) is enough.

    :param alias: of the profile
    :param column_type: type of a column of the profile, None for other paths
    :param fact_days: ``{count: (date of the first, date of the last)}``: facts
        that change only on days that the last of two other facts tells
    :param unchanged: SQL condition: the facts are those of the step before
    """
    known = _Known(alias, column_type, fact_days, unchanged)

    def visit(part: Domain) -> SQL:
        branches = domains.branches_of(part)
        if branches is None:
            return known.since(part)
        operator, children = branches
        days = [visit(child) for child in children]
        if operator == "!":
            return known.if_unchanged(UNKNOWN)
        if operator == "&":
            return _latest(days)
        held = [
            SQL("CASE WHEN %s THEN COALESCE(%s, 'infinity') END", holds(child), day)
            for child, day in zip(children, days, strict=True)
        ]
        return SQL("NULLIF(LEAST(%s), 'infinity'::date)", SQL(", ").join(held))

    return visit(domain)


def _latest(days: list[SQL]) -> SQL:
    """SQL of the latest of some days, unknown where one of them is."""
    if not days:
        return ALWAYS
    unknown = SQL(" OR ").join(SQL("%s IS NULL", day) for day in days)
    latest = SQL("GREATEST(%s)", SQL(", ").join(days))
    return SQL("CASE WHEN NOT (%s) THEN %s END", unknown, latest)


class _Known:
    """What the facts tell about single conditions."""

    def __init__(self, alias, column_type, fact_days, unchanged):
        self.alias = alias
        self.column_type = column_type
        self.fact_days = fact_days
        self.unchanged = unchanged

    def since(self, condition) -> SQL:
        name, operator = condition.field_expr, condition.operator
        value = condition.value
        kind = self.column_type(name)
        if kind == "date":
            fact = SQL.identifier(self.alias, name)
            if isinstance(value, str):
                turn = turning_day(operator, value, fact)
                if turn is not None:
                    return turn
            if operator in (">", ">=") or (operator == "!=" and value is False):
                return fact
        if kind and name in self.fact_days:
            first, last = self.fact_days[name]
            is_first = (operator, value) in ((">=", 1), (">", 0), ("!=", 0))
            return SQL.identifier(self.alias, first if is_first else last)
        if kind is None:
            return UNKNOWN
        return self.if_unchanged(UNKNOWN)

    def if_unchanged(self, day: SQL) -> SQL:
        """What looks at facts alone has held all along while these are the same."""
        return SQL("CASE WHEN %s THEN %s ELSE %s END", self.unchanged, ALWAYS, day)


def turning_day(operator: str, value: str, fact: SQL) -> SQL | None:
    """SQL of the day on which a date came to lie far enough back, None for others.

    ``fact <= today -90d`` turns 90 days after the fact, ``<`` one day later.
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
