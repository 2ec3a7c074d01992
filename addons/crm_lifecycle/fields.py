"""Kinds of fields of our own."""

from odoo import fields


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
