"""How PostgreSQL keeps tables that a run writes by the million."""

from odoo.tools import SQL


def set_storage(model, **parameters):
    """Set storage parameters of a model's table, such as when it is vacuumed.

    PostgreSQL vacuums a table when a fifth of it is dead; what is written every
    night wants it earlier. A table that an administrator has set is left alone.
    """
    [[options]] = model.env.execute_query(
        SQL(
            "SELECT reloptions FROM pg_class WHERE oid = %s::regclass",
            model._table,
        )
    )
    if options:
        return
    model.env.cr.execute(
        SQL(
            "ALTER TABLE %s SET (%s)",
            SQL.identifier(model._table),
            SQL(", ").join(
                SQL("%s = %s", SQL.identifier(name), value)
                for name, value in parameters.items()
            ),
        )
    )
