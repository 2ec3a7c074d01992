"""Domains of rules: resolving relative dates, and listing the fields in use."""

import ast
import math
import re
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta

import psycopg2
from dateutil.relativedelta import relativedelta

from odoo.fields import Domain
from odoo.orm.domains import DomainNary, DomainNot

from . import bounds

# Errors of the database for conditions that it can't evaluate.
QUERY_ERRORS = (
    psycopg2.DataError,
    psycopg2.NotSupportedError,
    psycopg2.ProgrammingError,
    ArithmeticError,
    ValueError,
)

_WEEKDAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_TERM = rf"[+-]\d+[dwmy]|=\d+[dmy]|[=+-](?:{'|'.join(_WEEKDAYS)})"
_RELATIVE = re.compile(rf"^(today|now)?(\s*(?:{_TERM}))*$")
_TERMS = re.compile(_TERM)
_OFFSET = re.compile(r"([+-]\d+)([dwmy])")
# Types that a condition may compare with, alone or in a list.
_PLAIN = (str, int, float, date, type(None))
_UNITS = {"d": "days", "w": "weeks", "m": "months", "y": "years"}
_PARTS = {"d": "day", "m": "month", "y": "year"}
# Limits within which PostgreSQL and Python do not run out of stack.
_MAX_DEPTH = 30
_MAX_INTEGER = 2**63 - 1


class DomainError(ValueError):
    """A text that is no domain, or a relative date that rules do not accept."""


def parse(text: str | None) -> Domain:
    """Return the domain in ``text``, TRUE if it is empty.

    :raises DomainError: if the text is not a list of conditions
    """
    try:
        value = ast.literal_eval((text or "[]").strip() or "[]")
        domain = Domain(value)
        if _get_depth(domain) > _MAX_DEPTH:
            raise DomainError(f"{text[:60]}…")
        _check_values(domain)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        # The message of Python ends with the memory address of an object.
        raise DomainError(str(error).partition(": <")[0]) from error
    return domain


def _check_values(domain: Domain) -> None:
    """Raise if a condition compares with a value that no column can have."""
    for condition in domain.iter_conditions():
        value = condition.value
        if condition.operator.removeprefix("not ").startswith("any"):
            _check_values(Domain(value))
            continue
        items = value if isinstance(value, (list, tuple, AbstractSet)) else [value]
        for item in items:
            if not _is_plain(item) or (
                condition.operator.endswith(("=like", "=ilike"))
                and _ends_with_escape(item)
            ):
                raise DomainError(repr(item)[:80])


def _get_depth(domain: Domain) -> int:
    """Return the nesting depth of the conditions."""
    branches = branches_of(domain)
    if branches is not None:
        return 1 + max(map(_get_depth, branches[1]), default=0)
    if domain.operator.removeprefix("not ").startswith("any"):
        return 1 + _get_depth(Domain(domain.value))
    return 1


def _is_plain(value) -> bool:
    """Return whether a condition can compare with a value in the database."""
    if isinstance(value, str):
        return is_storable_text(value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return abs(value) <= _MAX_INTEGER
    return isinstance(value, _PLAIN)


def is_storable_text(value: str) -> bool:
    """Return whether the database accepts a text: no NUL, no lone surrogate."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def _ends_with_escape(pattern) -> bool:
    """Return whether a pattern ends in an incomplete escape, a database error."""
    text = str(pattern)
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def resolve_date(value: str, as_of: date) -> date:
    """Return the day that a relative date such as ``today -90d`` means.

    An ISO date means itself. Days outside `bounds.MIN_INPUT_DATE` and
    `bounds.MAX_INPUT_DATE` are refused. Unlike in ``odoo.tools.date_utils.parse_date``,
    the starting day is a parameter, so that a rule as of last March uses the dates of
    last March.

    >>> resolve_date("today -3m", date(2026, 5, 31))
    datetime.date(2026, 2, 28)
    """
    text = value.strip()
    if re.match(r"\d+-", text):
        try:
            return _check_date_bounds(datetime.fromisoformat(text).date(), value)
        except ValueError as error:
            raise DomainError(str(error)) from error
    if not text or not _RELATIVE.match(text):
        raise DomainError(value)
    day = as_of
    try:
        for term in _TERMS.findall(text):
            day = _apply_term(day, term)
    except (ValueError, OverflowError) as error:
        raise DomainError(value) from error
    return _check_date_bounds(day, value)


def _check_date_bounds(day: date, value: str) -> date:
    """Return a day, or raise if it is out of bounds."""
    if not bounds.MIN_INPUT_DATE <= day <= bounds.MAX_INPUT_DATE:
        raise DomainError(value)
    return day


def _apply_term(day: date, term: str) -> date:
    """Return the day that one term leads to, as Odoo computes it for dates.

    ``-3m`` goes back, ``=1d`` sets a part of the date; a weekday is searched in the
    week of the day (``=``), or forward or back from the day (``+``, ``-``).
    """
    operator, rest = term[0], term[1:]
    if rest in _WEEKDAYS:
        distance = _WEEKDAYS.index(rest) - day.weekday()
        if operator == "+":
            distance %= 7
        elif operator == "-":
            distance = -(-distance % 7)
        return day + timedelta(days=distance)
    unit = rest[-1]
    if operator == "=":
        return day + relativedelta(**{_PARTS[unit]: int(rest[:-1])})
    return day + relativedelta(**{_UNITS[unit]: int(term[:-1])})


def resolve(
    domain: Domain, as_of: date, field_type: Callable[[str], str | None]
) -> Domain:
    """Return ``domain`` with each relative date replaced by a day.

    ``field_type`` returns the type of a field path. A datetime field is compared with
    midnight of the day, as in Odoo.
    """

    def resolved(condition):
        if field_type(condition.field_expr) not in ("date", "datetime"):
            return condition
        value = condition.value
        if isinstance(value, str):
            value = resolve_date(value, as_of)
        elif isinstance(value, Iterable):
            value = [
                resolve_date(item, as_of) if isinstance(item, str) else item
                for item in value
            ]
        else:
            return condition
        return Domain(condition.field_expr, condition.operator, value)

    return domain.map_conditions(resolved)


def branches_of(domain: Domain) -> tuple[str, list[Domain]] | None:
    """Return the operator and the operands of a domain, None for a condition."""
    if isinstance(domain, DomainNary):
        return domain.OPERATOR, list(domain.children)
    if isinstance(domain, DomainNot):
        return domain.OPERATOR, [domain.child]
    if domain.is_true() or domain.is_false():
        return "&", []
    return None


def offset_of(value: str) -> tuple[int, int, int] | tuple[()] | None:
    """Return the offset of a relative date: days, months, number of month terms.

    Empty for a fixed day; None if the offset is not the same every day.

    >>> offset_of("today -90d"), offset_of("2026-01-31"), offset_of("today =1d")
    ((-90, 0, 0), (), None)
    """
    text = value.strip()
    if re.match(r"\d+-", text):
        return ()
    offsets = _OFFSET.findall(text)
    if len(offsets) != len(_TERMS.findall(text)):
        return None
    days = months = terms = 0
    for number, unit in offsets:
        if unit in "dw":
            days += int(number) * (7 if unit == "w" else 1)
        else:
            months += int(number) * (12 if unit == "y" else 1)
            terms += 1
    return days, months, terms


def fields_of(domain: Domain) -> list[str]:
    """Return the field paths that ``domain`` uses, each once, in order."""
    return list(dict.fromkeys(item.field_expr for item in domain.iter_conditions()))


def get_trigger_date(operator: str, value: str, fact: date) -> date | None:
    """Return the day on which a condition on a date starts to hold by itself.

    For ``fact <= today -90d`` this is the fact plus 90 days; None if time makes no
    difference (a fixed day, or a comparison that time can only make false) or if the
    day moves in steps (``=1d``).

    >>> get_trigger_date("<=", "today -90d", date(2026, 1, 1))
    datetime.date(2026, 4, 1)
    """
    if operator not in ("<", "<=") or re.match(r"\d+-", value.strip()):
        return None
    if len(_TERMS.findall(value)) != len(_OFFSET.findall(value)):
        return None
    # Months differ in length: start at the inverse and step to the exact day.
    day = fact
    for number, unit in _OFFSET.findall(value):
        day -= relativedelta(**{_UNITS[unit]: int(number)})
    day -= timedelta(days=4)
    while not _holds(fact, operator, resolve_date(value, day)):
        day += timedelta(days=1)
    return day


def _holds(fact: date, operator: str, bound: date) -> bool:
    return fact <= bound if operator == "<=" else fact < bound
