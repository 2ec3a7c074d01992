"""The hash chain over the entries of a card, in Python and in SQL.

Each entry stores the hash of its content and of the previous hash on the same card.
Changing, removing or inserting a row in the database breaks the chain from there on.
The hash leaves out what changes later: the open points and the days of a lot (both
follow from other rows), and the customer (contacts can be merged).
"""

import hashlib
import json
from decimal import Decimal

from odoo.tools import SQL

from .ledger import SCALE

# No text of an entry can contain it, so two different entries never give the same text.
SEPARATOR = "\x1f"
INITIAL_HASH = ""

HASHED_COLUMNS = (
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
# Models of sources that have another name than when the ledger began: a hash keeps the
# first one, so a renamed model leaves all chains intact.
FIRST_NAMES = {
    "crm.loyalty.adjustment": "loyalty.point.adjustment",
    "crm.loyalty.bonus.rule": "loyalty.bonus.rule",
    "crm.loyalty.entry": "loyalty.point.entry",
    "crm.loyalty.reinstatement": "loyalty.point.reinstate",
}


def strip_separators(text):
    """Return a text without separators and NUL, which PostgreSQL refuses."""
    return text.replace(SEPARATOR, " ").replace("\x00", "") if text else None


def compute_hash(previous, row):
    """Return the hash of an entry.

    :param previous: the hash of the previous entry of the card
    :param row: the entry, as a dict of `HASHED_COLUMNS`
    """
    content = SEPARATOR.join(
        [previous, *(_text(name, row[name]) for name in HASHED_COLUMNS)]
    )
    return hashlib.sha256(content.encode()).hexdigest()


def hash_sql(previous, row):
    """Return the SQL of the same hash as `compute_hash`.

    ``previous`` is the SQL of the previous hash, ``row`` maps `HASHED_COLUMNS` to SQL.
    """
    parts = [previous]
    for name in HASHED_COLUMNS:
        parts += [SQL("%s::text", SEPARATOR), _text_sql(name, row[name])]
    return SQL(
        "encode(sha256(convert_to(concat(%s), 'UTF8')), 'hex')", SQL(", ").join(parts)
    )


def hash_columns_sql(previous, alias):
    """Return the SQL of the hash of an entry, read from a table by its alias."""
    return hash_sql(
        previous, {name: SQL.identifier(alias, name) for name in HASHED_COLUMNS}
    )


def units_to_text(units):
    return format(Decimal(units).scaleb(-SCALE), f".{SCALE}f")


def _text(name, value):
    if value is None or value is False:
        return ""
    if name in ("points", "waived"):
        return units_to_text(value)
    if name == "source_model":
        return FIRST_NAMES.get(value, value)
    if name == "date":
        return value.isoformat()
    if name == "create_date":
        return value.isoformat(sep=" ", timespec="microseconds")
    return str(value)


def _text_sql(name, value):
    if name in ("points", "waived"):
        return SQL("round(%s::numeric, %s)::text", value, SCALE)
    if name == "source_model":
        return SQL(
            "COALESCE(%s::jsonb ->> %s, %s)::text",
            json.dumps(FIRST_NAMES),
            value,
            value,
        )
    if name == "date":
        return SQL("to_char(%s, 'YYYY-MM-DD')", value)
    if name == "create_date":
        return SQL("to_char(%s, 'YYYY-MM-DD HH24:MI:SS.US')", value)
    return SQL("%s::text", value)
