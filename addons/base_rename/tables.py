"""Tables with their constraints, indexes, sequences and relation tables."""

from odoo.tools import SQL
from odoo.tools.sql import column_exists, make_identifier, table_exists


def rename_table(cr, old_model, new_model):
    """Rename the table of a model with all that Odoo names after it.

    The view of a report is dropped: its model makes it again.
    """
    old, new = (model.replace(".", "_") for model in (old_model, new_model))
    if not table_exists(cr, old) or table_exists(cr, new):
        return
    cr.execute(SQL("SELECT relkind FROM pg_class WHERE relname = %s", old))
    if cr.fetchone()[0] == "v":
        cr.execute(SQL("DROP VIEW %s CASCADE", SQL.identifier(old)))
        return
    cr.execute(
        SQL("ALTER TABLE %s RENAME TO %s", SQL.identifier(old), SQL.identifier(new))
    )
    _rename_relation_tables(cr, old, new)
    _rename_constraints(cr, new, old, new)
    rename_indexes(cr, new, old, new)
    cr.execute(
        SQL(
            "ALTER SEQUENCE IF EXISTS %s RENAME TO %s",
            SQL.identifier(f"{old}_id_seq"),
            SQL.identifier(f"{new}_id_seq"),
        )
    )


def _rename_constraints(cr, table, old, new):
    """Rename the constraints of a table that begin with ``old``."""
    cr.execute(
        SQL(
            "SELECT conname FROM pg_constraint "
            "WHERE conrelid = %s::regclass AND starts_with(conname, %s)",
            table,
            f"{old}_",
        )
    )
    for (name,) in cr.fetchall():
        rename_constraint(cr, table, name, new + name[len(old) :])


def rename_constraint(cr, table, old, new):
    """Rename a constraint, if there is one, and its record."""
    old, new = make_identifier(old), make_identifier(new)
    cr.execute(
        SQL(
            "SELECT FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s",
            table,
            old,
        )
    )
    if cr.rowcount:
        cr.execute(
            SQL(
                "ALTER TABLE %s RENAME CONSTRAINT %s TO %s",
                SQL.identifier(table),
                SQL.identifier(old),
                SQL.identifier(new),
            )
        )
        cr.execute(
            SQL("UPDATE ir_model_constraint SET name = %s WHERE name = %s", new, old)
        )


def rename_indexes(cr, table, old, new):
    """Rename the indexes that a constraint hasn't renamed already."""
    cr.execute(
        SQL(
            "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema "
            "AND tablename = %s AND starts_with(indexname, %s)",
            table,
            f"{old}_",
        )
    )
    for (name,) in cr.fetchall():
        cr.execute(
            SQL(
                "ALTER INDEX %s RENAME TO %s",
                SQL.identifier(name),
                SQL.identifier(make_identifier(new + name[len(old) :])),
            )
        )


def _rename_relation_tables(cr, old, new):
    """Rename the tables and columns that Odoo names after the models they join."""
    cr.execute(
        SQL(
            "SELECT id, relation_table, column1, column2 FROM ir_model_fields "
            "WHERE ttype = 'many2many' AND store "
            "AND (relation_table LIKE %s OR %s IN (column1, column2))",
            f"%{old}%",
            f"{old}_id",
        )
    )
    for field_id, table, *columns in cr.fetchall():
        names = [name.removesuffix("_id") for name in columns]
        renamed = [new if name == old else name for name in names]
        if table == "_".join([*sorted(names), "rel"]):
            new_table = "_".join([*sorted(renamed), "rel"])
        elif table.startswith(f"{old}_"):
            new_table = new + table[len(old) :]
        else:
            new_table = table
        new_columns = [f"{name}_id" for name in renamed]
        if table_exists(cr, table):
            _rename_relation(
                cr, table, new_table, dict(zip(columns, new_columns, strict=True))
            )
        cr.execute(
            SQL(
                "UPDATE ir_model_fields SET relation_table = %s, column1 = %s, "
                "column2 = %s WHERE id = %s",
                new_table,
                *new_columns,
                field_id,
            )
        )
        cr.execute(
            SQL(
                "UPDATE ir_model_relation SET name = %s WHERE name = %s",
                new_table,
                table,
            )
        )


def _rename_relation(cr, table, new_table, columns):
    """Rename a relation table and the columns of ``{old: new}``."""
    for column, new_column in columns.items():
        if column != new_column and column_exists(cr, table, column):
            rename_column(cr, table, column, new_column)
    if new_table != table:
        cr.execute(
            SQL(
                "ALTER TABLE %s RENAME TO %s",
                SQL.identifier(table),
                SQL.identifier(new_table),
            )
        )
        _rename_constraints(cr, new_table, table, new_table)
        rename_indexes(cr, new_table, table, new_table)


def rename_column(cr, table, old, new):
    """Rename a column that exists."""
    cr.execute(
        SQL(
            "ALTER TABLE %s RENAME COLUMN %s TO %s",
            SQL.identifier(table),
            SQL.identifier(old),
            SQL.identifier(new),
        )
    )


def has_column(cr, table, column):
    """Return whether a table, which is no view, has a column."""
    cr.execute(
        SQL(
            "SELECT 1 FROM information_schema.columns JOIN information_schema.tables "
            "USING (table_schema, table_name) WHERE table_schema = current_schema "
            "AND table_type = 'BASE TABLE' AND table_name = %s AND column_name = %s",
            table,
            column,
        )
    )
    return bool(cr.fetchone())
