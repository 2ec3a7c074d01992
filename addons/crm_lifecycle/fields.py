"""Kinds of fields of our own."""

from odoo import fields
from odoo.exceptions import UserError


class LooseMany2one(fields.Many2one):
    """A many2one without a foreign key.

    For rows that the engine writes by the million. A foreign key locks the record
    that each of them points to, mostly one of very few (the company, a stage): the
    checks were three quarters of the time of a first run, and workers waited for
    each other. The engine writes what it has just read; deleting a record that is
    pointed to is refused, or tidied up, by its model.
    """

    def update_db_foreign_key(self, model, column):
        """Add none."""


class KnownInteger(fields.Integer):
    """A number that tells “not known” from 0, in Python and in the web client.

    Odoo reads an empty number as 0; here it is False, which views show as nothing.
    """

    def convert_to_column(self, value, record, values=None, validate=True):
        if value is None or value is False:
            return None
        return super().convert_to_column(value, record, values, validate)

    def convert_to_cache(self, value, record, validate=True):
        if value is None or value is False:
            return None
        return super().convert_to_cache(value, record, validate)

    def convert_to_record(self, value, record):
        return False if value is None else value


class Conditions(fields.Char):
    """Conditions as people or other systems write them down.

    They are checked once they are stored; what can't be is refused in words here.
    """

    def convert_to_column(self, value, record, values=None, validate=True):
        text = super().convert_to_column(value, record, values, validate)
        if isinstance(text, str) and not _is_storable(text):
            raise UserError(
                record.env._(
                    "The conditions have characters that are no text. Choose them "
                    "again."
                )
            )
        return text


def _is_storable(text):
    """Whether the database takes a text: no NUL, and no half of a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
