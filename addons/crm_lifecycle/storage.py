"""How PostgreSQL keeps tables that a run writes by the million, and what it knows."""

from odoo.tools import SQL
from odoo.tools.sql import column_exists


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


def relate_columns(model, *columns):
    """Have the planner know which values of some columns go together.

    Stages belong to a company: asked for customers of one company in a stage that
    only another one has, the planner would otherwise expect as many as in any
    stage, and walk through all contacts by name until it has a page of them.
    """
    model.env.cr.execute(
        SQL(
            "CREATE STATISTICS IF NOT EXISTS %s (dependencies, mcv) ON %s FROM %s",
            SQL.identifier(f"{model._table}_{'_'.join(columns)}_stat"),
            SQL(", ").join(map(SQL.identifier, columns)),
            SQL.identifier(model._table),
        )
    )


def keep_within(cr, table, low, high, *columns):
    """Bring values of columns to the next of two bounds, for migrations.

    Columns that are not there yet are left out.
    """
    for column in columns:
        if column_exists(cr, table, column):
            cr.execute(
                SQL(
                    "UPDATE %(table)s SET %(column)s = "
                    "LEAST(GREATEST(%(column)s, %(low)s), %(high)s) "
                    "WHERE %(column)s NOT BETWEEN %(low)s AND %(high)s",
                    table=SQL.identifier(table),
                    column=SQL.identifier(column),
                    low=low,
                    high=high,
                )
            )


# Memory that a sort or a hash over very many rows may take; what the server grants,
# if more.
WORK_MEM_MB = 256


def raise_work_mem(cr):
    """Let large sorts stay in memory, in this transaction."""
    cr.execute(
        SQL(
            """
            SELECT set_config('work_mem', %s, TRUE)
              FROM pg_settings
             WHERE name = 'work_mem' AND setting::int < %s
            """,
            f"{WORK_MEM_MB}MB",
            WORK_MEM_MB * 1024,
        )
    )
