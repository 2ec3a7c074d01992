"""The hash chain: what of an entry is sealed, in Python and in SQL alike.

Each entry carries the hash of its content and of the hash before it on the same
card. Whoever changes, removes or slips in a row in the database breaks the chain
from there on. Not sealed is what is maintained later: the open points and the
days of a lot (both follow from other rows), and the customer (who may be merged).
"""

import hashlib
from decimal import Decimal

from odoo.tools import SQL

from .ledger import SCALE

# No text of an entry can hold it, so two contents never read the same.
SEPARATOR = "\x1f"
FIRST = ""

COLUMNS = (
    "card_id",
    "sequence",
    "kind",
    "points",
    "waived",
    "date",
    "key",
    "source_model",
    "source_id",
    "origin_id",
    "reason",
    "user_id",
    "create_date",
)


def clean(text):
    """Return a text as it can be sealed."""
    return text.replace(SEPARATOR, " ").replace("\x00", "") if text else None


def seal(previous, row):
    """Return the hash of an entry, given as a dict of `COLUMNS`."""
    content = SEPARATOR.join([previous, *(_text(name, row[name]) for name in COLUMNS)])
    return hashlib.sha256(content.encode()).hexdigest()


def seal_sql(previous, row):
    """Return the SQL of the same hash.

    ``previous`` is the SQL of the hash before, ``row`` maps `COLUMNS` to SQL.
    """
    parts = [previous]
    for name in COLUMNS:
        parts += [SQL("%s::text", SEPARATOR), _text_sql(name, row[name])]
    return SQL(
        "encode(sha256(convert_to(concat(%s), 'UTF8')), 'hex')", SQL(", ").join(parts)
    )


def seal_columns_sql(previous, alias):
    """Return the SQL of the hash of the rows of a table."""
    return seal_sql(previous, {name: SQL.identifier(alias, name) for name in COLUMNS})


def units_to_text(units):
    return format(Decimal(units).scaleb(-SCALE), f".{SCALE}f")


def _text(name, value):
    if value is None or value is False:
        return ""
    if name in ("points", "waived"):
        return units_to_text(value)
    if name == "date":
        return value.isoformat()
    if name == "create_date":
        return value.isoformat(sep=" ", timespec="microseconds")
    return str(value)


def _text_sql(name, value):
    if name in ("points", "waived"):
        return SQL("round(%s::numeric, %s)::text", value, SCALE)
    if name == "date":
        return SQL("to_char(%s, 'YYYY-MM-DD')", value)
    if name == "create_date":
        return SQL("to_char(%s, 'YYYY-MM-DD HH24:MI:SS.US')", value)
    return SQL("%s::text", value)
