"""Texts of rows, read and scrubbed alike for all types of columns."""

import json

from odoo.tools import SQL


def read_texts(model, columns, ids=None):
    """Return ``[(id, text, …)]`` of the rows of a model, by default of all."""
    return model.env.execute_query(
        SQL(
            "SELECT id, %s FROM %s %s",
            SQL(", ").join(SQL("%s::text", SQL.identifier(name)) for name in columns),
            SQL.identifier(model._table),
            SQL() if ids is None else SQL("WHERE id = ANY(%s)", list(ids)),
        )
    )


def scrub_text(field, text, identifiers):
    """Return the text of a column without some `Identifiers`."""
    if not text:
        return text
    if field.column_type[0] != "jsonb":
        return identifiers.scrub(text)
    value = json.loads(text)
    clean = identifiers.scrub_json(value)
    # The same value may be written in another way by PostgreSQL.
    return text if clean == value else json.dumps(clean)
