"""Installation over an earlier database, and uninstallation.

Background tasks were part of the addon ``crm_lifecycle`` once. Where a database has
them, installation renames what it finds, so that tasks, views and the scheduled job
stay; the data files then update them.
"""

from odoo.tools import SQL, sql

RENAMES = {
    "module": ("crm_lifecycle", "base_background_task"),
    "models": {
        "crm.lifecycle.task": "background.task",
        "crm.lifecycle.progress": "background.progress.mixin",
    },
    "fields": {
        "background.task": {"is_cancel_asked": "is_cancel_requested"},
    },
    "xml_ids": {
        "access_crm_lifecycle_task_user": "access_background_task_user",
        "crm_lifecycle_task_action": "background_task_action",
        "crm_lifecycle_task_all_rule": "background_task_all_rule",
        "crm_lifecycle_task_company_rule": "background_task_company_rule",
        "crm_lifecycle_task_personal_rule": "background_task_own_rule",
        "crm_lifecycle_task_view_dialog": "background_task_view_dialog",
        "crm_lifecycle_task_view_form": "background_task_view_form",
        "crm_lifecycle_task_view_kanban": "background_task_view_kanban",
        "crm_lifecycle_task_view_list": "background_task_view_list",
        "crm_lifecycle_task_view_search": "background_task_view_search",
        "ir_cron_task": "ir_cron_run_tasks",
    },
}
# Columns with names of models; tables of addons that are not installed are skipped.
MODEL_COLUMNS = (
    ("ir_model", "model"),
    ("ir_model_fields", "model"),
    ("ir_model_fields", "relation"),
    ("ir_model_data", "model"),
    ("ir_act_server", "model_name"),
    ("ir_act_window", "res_model"),
    ("ir_attachment", "res_model"),
    ("ir_exports", "resource"),
    ("ir_filters", "model_id"),
    ("ir_ui_view", "model"),
    ("mail_activity", "res_model"),
    ("mail_activity_type", "res_model"),
    ("mail_followers", "res_model"),
    ("mail_message", "model"),
    ("mail_template", "model"),
)


def pre_init_hook(env):
    """Adopt the tasks of an earlier database, if there are any."""
    if any(sql.table_exists(env.cr, get_table(old)) for old in RENAMES["models"]):
        adopt(env.cr)
        env.registry.clear_all_caches()
        env.invalidate_all(flush=False)


def adopt(cr):
    """Rename all that `RENAMES` has, in the database."""
    for old, new in RENAMES["models"].items():
        rename_model(cr, old, new)
        rename_table(cr, get_table(old), get_table(new))
    for model, fields in RENAMES["fields"].items():
        for old, new in fields.items():
            rename_field(cr, model, old, new)
    for old, new in RENAMES["xml_ids"].items():
        move_xml_id(cr, old, new)
    forget_job_translations(cr)


def get_table(model):
    return model.replace(".", "_")


def rename_model(cr, old, new):
    """Rename a model wherever its name is stored, and its XML ids."""
    for table, column in MODEL_COLUMNS:
        if sql.column_exists(cr, table, column):
            cr.execute(
                SQL(
                    "UPDATE %(table)s SET %(column)s = %(new)s "
                    "WHERE %(column)s = %(old)s",
                    table=SQL.identifier(table),
                    column=SQL.identifier(column),
                    new=new,
                    old=old,
                )
            )
    # XML ids that Odoo makes of the names of models, their fields and constraints.
    names = r"^(model|field|selection_|model_inherit_|constraint)_{}(?=_|$)"
    cr.execute(
        SQL(
            """
            UPDATE ir_model_data
               SET name = regexp_replace(name, %(pattern)s, %(name)s),
                   module = CASE module WHEN %(old_module)s THEN %(new_module)s
                            ELSE module END
             WHERE name ~ %(pattern)s AND model LIKE 'ir.model%%'
            """,
            pattern=names.format(get_table(old)),
            name=rf"\1_{get_table(new)}",
            old_module=RENAMES["module"][0],
            new_module=RENAMES["module"][1],
        )
    )


def rename_table(cr, old, new):
    """Rename a table with its sequence, constraints and indexes."""
    if not sql.table_exists(cr, old):
        return  # of an abstract model
    cr.execute(
        SQL("ALTER TABLE %s RENAME TO %s", SQL.identifier(old), SQL.identifier(new))
    )
    cr.execute(
        SQL(
            "ALTER SEQUENCE %s RENAME TO %s",
            SQL.identifier(f"{old}_id_seq"),
            SQL.identifier(f"{new}_id_seq"),
        )
    )
    cr.execute("SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass", [new])
    for [name] in cr.fetchall():
        if name.startswith(old):
            cr.execute(
                SQL(
                    "ALTER TABLE %s RENAME CONSTRAINT %s TO %s",
                    SQL.identifier(new),
                    SQL.identifier(name),
                    SQL.identifier(new + name.removeprefix(old)),
                )
            )
    # The indexes of constraints are renamed with these.
    cr.execute("SELECT indexname FROM pg_indexes WHERE tablename = %s", [new])
    for [name] in cr.fetchall():
        if name.startswith(old):
            cr.execute(
                SQL(
                    "ALTER INDEX %s RENAME TO %s",
                    SQL.identifier(name),
                    SQL.identifier(new + name.removeprefix(old)),
                )
            )
    cr.execute(
        SQL(
            """
            UPDATE ir_model_constraint
               SET name = %(new)s || substr(name, length(%(old)s) + 1),
                   module = (SELECT id FROM ir_module_module WHERE name = %(module)s)
             WHERE model = (SELECT id FROM ir_model WHERE model = %(model)s)
               AND starts_with(name, %(old)s)
            """,
            new=new,
            old=old,
            module=RENAMES["module"][1],
            model=next(m for m in RENAMES["models"].values() if get_table(m) == new),
        )
    )


def rename_field(cr, model, old, new):
    """Rename a field, its column and its XML ids."""
    sql.rename_column(cr, get_table(model), old, new)
    cr.execute(
        "UPDATE ir_model_fields SET name = %s WHERE model = %s AND name = %s",
        [new, model, old],
    )
    xml_id = f"field_{get_table(model)}__"
    cr.execute(
        "UPDATE ir_model_data SET name = %s WHERE name = %s AND model = %s",
        [xml_id + new, xml_id + old, "ir.model.fields"],
    )


def move_xml_id(cr, old, new):
    """Rename an XML id of the earlier addon to one of this addon."""
    old_module, new_module = RENAMES["module"]
    cr.execute(
        "UPDATE ir_model_data SET module = %s, name = %s "
        "WHERE module = %s AND name = %s",
        [new_module, new, old_module, old],
    )


def forget_job_translations(cr):
    """Keep the scheduled job's name in English only; its old name is translated.

    Importing translations leaves those that a record has.
    """
    cr.execute(
        """
        UPDATE ir_act_server AS s
           SET name = jsonb_build_object('en_US', s.name->>'en_US')
          FROM ir_cron AS c
          JOIN ir_model_data AS d ON d.model = 'ir.cron' AND d.res_id = c.id
         WHERE s.id = c.ir_actions_server_id AND d.module = %s AND d.name = %s
        """,
        [RENAMES["module"][1], "ir_cron_run_tasks"],
    )


def uninstall_hook(env):
    """Delete the messages about tasks: no foreign key does."""
    env["mail.message"].search([("model", "=", "background.task")]).unlink()
