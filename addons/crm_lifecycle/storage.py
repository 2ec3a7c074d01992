"""Storage parameters and planner statistics of tables with millions of rows."""

from odoo.tools import SQL
from odoo.tools.sql import column_exists


def set_storage(model, **parameters):
    """Set storage parameters of a model's table, such as its autovacuum thresholds.

    PostgreSQL vacuums a table when a fifth of it is dead; tables written every night
    need it earlier. A table that an administrator has configured is skipped.
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


def create_column_statistics(model, *columns):
    """Create extended statistics, so that the planner knows which values go together.

    Stages belong to a company. For customers of one company in a stage of another
    company, the planner would otherwise expect as many rows as in any stage, and scan
    all contacts by name until it has a page of them.
    """
    model.env.cr.execute(
        SQL(
            "CREATE STATISTICS IF NOT EXISTS %s (dependencies, mcv) ON %s FROM %s",
            SQL.identifier(f"{model._table}_{'_'.join(columns)}_stat"),
            SQL(", ").join(map(SQL.identifier, columns)),
            SQL.identifier(model._table),
        )
    )


def clamp_columns(cr, table, low, high, *columns):
    """Limit values of columns to a range, for migrations.

    Columns that do not exist yet are skipped.
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


# Memory for a sort or a hash over very many rows; a higher setting of the server is
# kept.
WORK_MEM_MB = 256


def raise_work_mem(cr):
    """Raise the memory of this transaction, so that large sorts do not use the disk."""
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
