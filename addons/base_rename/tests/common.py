from contextlib import contextmanager

from odoo.tools import SQL

from ..tables import has_column


@contextmanager
def former_names(env, renames):
    """Give tables and columns their former names, for an earlier migration.

    Only what such a migration's SQL names: no constraint, index or record is renamed.
    """
    pairs = [
        (new.replace(".", "_"), None, old.replace(".", "_"))
        for old, new in renames.models.items()
        if new in env
    ] + [
        (model.replace(".", "_"), new, old)
        for model, names in renames.fields.items()
        for old, new in names.items()
        if model not in renames.models.values()
    ]
    pairs = [pair for pair in pairs if has_column(env.cr, pair[0], pair[1] or "id")]
    for table, new, old in pairs:
        _rename(env.cr, table, new, old)
    yield
    for table, new, old in pairs:
        if new:
            _rename(env.cr, table, old, new)
        else:
            _rename(env.cr, old, None, table)


def _rename(cr, table, column, name):
    what = SQL("COLUMN %s", SQL.identifier(column)) if column else SQL()
    cr.execute(
        SQL(
            "ALTER TABLE %s RENAME %s TO %s",
            SQL.identifier(table),
            what,
            SQL.identifier(name),
        )
    )
