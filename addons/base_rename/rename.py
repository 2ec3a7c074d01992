"""Renames of an installed database, before its addons are loaded.

A migration calls `apply_renames` with what its addon renamed:

    RENAMES = Renames(
        models={"my.old": "my.new"},
        fields={"res.partner": {"old_field": "my_new_field"}},
    )

    def migrate(cr, version):
        apply_renames(cr, RENAMES)

Rows, values, translations and records of users stay. Renamed with them are tables,
sequences, constraints and indexes; models and fields that records name; XML ids;
saved filters, exports, automation rules, actions, record rules, templates, views that
users changed, and dashboards.
"""

import re
from typing import NamedTuple

from psycopg2.extras import Json

from odoo.exceptions import UserError
from odoo.modules.module import Manifest
from odoo.tools import SQL

from .records import rename_model_names
from .tables import (
    has_column,
    rename_column,
    rename_constraint,
    rename_indexes,
    rename_table,
)
from .texts import TextRenamer


class Renames(NamedTuple):
    """What an addon or a family of addons renamed.

    :param models: ``{old model: new model}``
    :param fields: ``{new model: {old field: new field}}``
    :param xml_ids: ``{module: {old name: new name}}``
    :param values: ``{(new model, new field): {old value: new value}}``
    :param tables: ``{(old module, new module): prefixes}`` of the relations and
        constraints that went to another addon, by their new names
    :param domains: ``((table, column, model), …)``, more columns that hold a domain
    :param installed: ``{addon: former addon}``: installed if the former one is
    :param modules: ``{old module: new module}``: addons that have another name, and
        no folder with the old one
    :param moved: ``{(old module, new module): {old name: new name}}``, before renames
    """

    models: dict = {}
    fields: dict = {}
    xml_ids: dict = {}
    moved: dict = {}
    values: dict = {}
    tables: dict = {}
    domains: tuple = ()
    installed: dict = {}
    modules: dict = {}


# Tables of Odoo's models that are not named after them.
ODOO_TABLES = {
    "ir.actions.act_window": "ir_act_window",
    "ir.actions.report": "ir_act_report_xml",
    "ir.actions.server": "ir_act_server",
}


def apply_renames(cr, renames):
    """Rename in the database; what was renamed before is left as it is."""
    # Texts are read while the database has the old names of the fields in them.
    texts = TextRenamer(cr, renames)
    for old, new in renames.modules.items():
        _rename_module(cr, old, new)
    for (module, target), names in renames.moved.items():
        _move_xml_ids(cr, module, target, names)
    models = sorted(renames.models.items(), key=lambda pair: len(pair[0]), reverse=True)
    for old, new in models:
        rename_table(cr, old, new)
    rename_model_names(cr, renames.models)
    texts.rename()
    for old, new in models:
        _rename_generated_ids(cr, old, new)
    _rename_own_ids(cr, renames.models)
    for model, names in renames.fields.items():
        for old, new in names.items():
            _rename_field(cr, model, old, new)
    for module, names in renames.xml_ids.items():
        _move_xml_ids(cr, module, module, names)
    for (model, field), values in renames.values.items():
        _rename_values(cr, model, field, values)
    for (module, target), prefixes in renames.tables.items():
        _move_constraints(cr, module, target, prefixes)
    for addon, former in renames.installed.items():
        _mark_to_install(cr, addon, former)


def _mark_to_install(cr, addon, former):
    """Have Odoo install an addon, and those that it needs, with this upgrade."""
    cr.execute(
        SQL(
            """
            WITH RECURSIVE needed AS (
                SELECT m.id, m.name FROM ir_module_module AS m WHERE m.name = %s
                    AND EXISTS (SELECT FROM ir_module_module AS f WHERE f.name = %s
                                   AND f.state IN ('installed', 'to upgrade'))
                 UNION
                SELECT m.id, m.name
                  FROM needed AS n
                  JOIN ir_module_module_dependency AS d ON d.module_id = n.id
                  JOIN ir_module_module AS m ON m.name = d.name
            )
            UPDATE ir_module_module SET state = 'to install'
             WHERE state = 'uninstalled' AND id IN (SELECT id FROM needed)
            """,
            addon,
            former,
        )
    )


def _rename_module(cr, old, new):
    """Give all that an addon made to its new name, and forget the old one.

    Odoo has listed the new name before the migration, perhaps also as an addon to
    install. It is installed on top of what is there: nothing is made a second time,
    and Odoo's uninstallation knows of all tables, relations and constraints.
    """
    cr.execute(
        SQL(
            "SELECT EXISTS (SELECT FROM ir_module_module WHERE name = %s) "
            "AND EXISTS (SELECT FROM ir_module_module WHERE name = %s)",
            old,
            new,
        )
    )
    if not cr.fetchone()[0]:
        return
    if Manifest.for_addon(old, display_warning=False):
        # Odoo would load it with this upgrade, beside the new one.
        # pylint: disable=translation-required  # no translations are loaded yet
        raise UserError(
            f"The addon {old} is now {new}. Delete the folder {old} from the "
            "addons path, and start the upgrade again."
        )
    _mark_to_install(cr, new, old)
    cr.execute(
        SQL(
            "UPDATE ir_model_data AS moved SET module = %(new)s "
            "WHERE module = %(old)s AND NOT EXISTS (SELECT FROM ir_model_data AS taken "
            "WHERE taken.module = %(new)s AND taken.name = moved.name)",
            old=old,
            new=new,
        )
    )
    _move_constraints(cr, old, new, [""])
    cr.execute(
        SQL(
            "UPDATE ir_ui_view SET key = %(new)s || substr(key, %(length)s) "
            "WHERE starts_with(key, %(start)s)",
            new=new,
            length=len(old) + 1,
            start=f"{old}.",
        )
    )
    cr.execute(
        SQL(
            "DELETE FROM ir_model_data WHERE module = 'base' AND name = %s",
            f"module_{old}",
        )
    )
    cr.execute(SQL("DELETE FROM ir_module_module WHERE name = %s", old))


def _rename_field(cr, model, old, new):
    """Rename the column of a field, its record, its XML ids and its indexes."""
    model_id = model.replace(".", "_")
    table = ODOO_TABLES.get(model, model_id)
    if has_column(cr, table, old) and not has_column(cr, table, new):
        rename_column(cr, table, old, new)
        for rest in ("fkey", "bounds"):
            rename_constraint(
                cr, table, f"{table}_{old}_{rest}", f"{table}_{new}_{rest}"
            )
        rename_indexes(cr, table, f"{table}__{old}", f"{table}__{new}")
    cr.execute(
        SQL(
            "UPDATE ir_model_fields SET name = %(new)s WHERE model = %(model)s "
            "AND name = %(old)s AND NOT EXISTS (SELECT FROM ir_model_fields "
            "WHERE model = %(model)s AND name = %(new)s)",
            model=model,
            old=old,
            new=new,
        )
    )
    _rename_ids(cr, f"field_{model_id}__{old}", f"field_{model_id}__{new}")
    _rename_ids(
        cr,
        f"selection__{model_id}__{old}__",
        f"selection__{model_id}__{new}__",
        begins=True,
    )


def _rename_generated_ids(cr, old_model, new_model):
    """Rename the XML ids that Odoo makes for a model, and its constraints."""
    old, new = (model.replace(".", "_") for model in (old_model, new_model))
    _rename_ids(cr, f"model_{old}", f"model_{new}")
    for before, after in (
        ("field_", "__"),
        ("selection__", "__"),
        ("constraint_", "_"),
    ):
        _rename_ids(cr, f"{before}{old}{after}", f"{before}{new}{after}", begins=True)
    cr.execute(
        SQL(
            "UPDATE ir_model_constraint SET name = %(new)s || substr(name, %(length)s) "
            "WHERE starts_with(name, %(old)s) AND model = "
            "(SELECT id FROM ir_model WHERE model = %(model)s)",
            new=new,
            length=len(old) + 1,
            old=f"{old}_",
            model=new_model,
        )
    )


def _rename_own_ids(cr, models):
    """Rename the other XML ids that have the name of a model in them.

    Of the modules that define or extend the model: ``old_thing_view_form``,
    ``access_old_thing_user``.
    """
    tables = {
        old.replace(".", "_"): new.replace(".", "_") for old, new in models.items()
    }
    cr.execute(
        SQL(
            "SELECT id, module, name FROM ir_model_data WHERE module IN ("
            "SELECT module FROM ir_model_data WHERE name = ANY(%s)) "
            "AND name !~ '^(model_|field_|selection__|constraint_)'",
            [f"model_{new}" for new in tables.values()],
        )
    )
    rows = cr.fetchall()
    taken = {(module, name) for _id, module, name in rows}
    for record_id, module, name in rows:
        new_name = _rename_tables_in(name, tables)
        if new_name != name and (module, new_name) not in taken:
            taken.add((module, new_name))
            cr.execute(
                SQL(
                    "UPDATE ir_model_data SET name = %s WHERE id = %s",
                    new_name,
                    record_id,
                )
            )


def _rename_tables_in(name, tables):
    """Return an XML id with the new names of tables, the longest one first."""
    for old in sorted(tables, key=len, reverse=True):
        if tables[old] not in name:
            found = re.sub(rf"(?<![a-z0-9]){old}(?![a-z0-9])", tables[old], name)
            if found != name:
                return found
    return name


def _rename_ids(cr, old, new, begins=False):
    """Rename XML ids; one whose new name is taken keeps the old one."""
    condition = SQL("starts_with(name, %s)" if begins else "name = %s", old)
    cr.execute(
        SQL(
            "UPDATE ir_model_data AS renamed SET name = %(new)s || "
            "substr(name, %(length)s) WHERE %(condition)s AND NOT EXISTS ("
            "SELECT FROM ir_model_data AS taken WHERE taken.module = renamed.module "
            "AND taken.name = %(new)s || substr(renamed.name, %(length)s))",
            new=new,
            length=len(old) + 1,
            condition=condition,
        )
    )


def _move_xml_ids(cr, module, target, names):
    cr.execute(
        SQL(
            "UPDATE ir_model_data AS moved SET module = %(target)s, "
            "name = %(names)s::jsonb ->> name "
            "WHERE module = %(module)s AND name = ANY(%(old)s) AND NOT EXISTS ("
            "SELECT FROM ir_model_data AS taken WHERE taken.module = %(target)s "
            "AND taken.name = %(names)s::jsonb ->> moved.name)",
            module=module,
            target=target,
            names=Json(names),
            old=list(names),
        )
    )


def _move_constraints(cr, module, target, prefixes):
    """Have another addon drop relations and constraints when it is uninstalled."""
    for table in ("ir_model_constraint", "ir_model_relation"):
        cr.execute(
            SQL(
                "UPDATE %s SET module = new.id FROM ir_module_module AS old, "
                "ir_module_module AS new WHERE module = old.id AND old.name = %s "
                "AND new.name = %s AND %s.name ~ %s",
                SQL.identifier(table),
                module,
                target,
                SQL.identifier(table),
                f"^({'|'.join(prefixes)})",
            )
        )
    cr.execute(
        SQL(
            "UPDATE ir_model_data SET module = %s WHERE module = %s AND name ~ %s",
            target,
            module,
            f"^constraint_({'|'.join(prefixes)})",
        )
    )


def _rename_values(cr, model, field, values):
    table = model.replace(".", "_")
    if has_column(cr, table, field):
        cr.execute(
            SQL(
                "UPDATE %(table)s SET %(field)s = %(values)s::jsonb ->> %(field)s "
                "WHERE %(field)s = ANY(%(old)s)",
                table=SQL.identifier(table),
                field=SQL.identifier(field),
                values=Json(values),
                old=list(values),
            )
        )
