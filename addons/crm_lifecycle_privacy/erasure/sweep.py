"""Rows that live for hours or days and have no link to a person.

Wizards, notifications on their way to browsers, logs and tasks may have names and
addresses in any text. They are found by it.
"""

from odoo.tools import SQL

from odoo.addons.crm_lifecycle.personal_data import DELETE, get_text_columns

from .inventory import SWEPT_MODELS
from .texts import read_texts, scrub_text

# The search that the administrator is erasing from; Odoo deletes it after a day.
LOOKUP_MODELS = ("privacy.lookup.wizard", "privacy.lookup.wizard.line")


def sweep(env, identifiers):
    """Delete or scrub the short-lived rows with one of the identifiers."""
    if not identifiers:
        return
    for name in sorted(env):
        model = env[name]
        if model._abstract or not model._auto:
            continue
        if name in LOOKUP_MODELS:
            continue
        if name in SWEPT_MODELS or model._transient:
            decision = SWEPT_MODELS.get(name, DELETE)
            _sweep_model(model, identifiers, is_deleted=decision == DELETE)


def _sweep_model(model, identifiers, *, is_deleted):
    columns = get_text_columns(model)
    if not columns:
        return
    cr = model.env.cr
    table = SQL.identifier(model._table)
    found = [
        (row_id, texts)
        for row_id, *texts in read_texts(model, columns)
        if any(text and identifiers.find(text) for text in texts)
    ]
    if is_deleted and found:
        cr.execute(
            SQL("DELETE FROM %s WHERE id = ANY(%s)", table, [row[0] for row in found])
        )
        return
    for row_id, texts in found:
        values = [
            SQL(
                "%s = %s",
                SQL.identifier(name),
                scrub_text(model._fields[name], text, identifiers),
            )
            for name, text in zip(columns, texts, strict=True)
            if text and identifiers.find(text)
        ]
        cr.execute(
            SQL("UPDATE %s SET %s WHERE id = %s", table, SQL(", ").join(values), row_id)
        )
