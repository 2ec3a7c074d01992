"""Records that name a model: XML ids, actions, views, messages, attachments."""

from psycopg2.extras import Json

from odoo.tools import SQL

from .tables import has_column

# Columns of Odoo that hold the name of a model.
MODEL_COLUMNS = (
    ("ir_model", "model"),
    ("ir_model_data", "model"),
    ("ir_model_fields", "model"),
    ("ir_model_fields", "relation"),
    ("ir_act_window", "res_model"),
    ("ir_act_client", "res_model"),
    ("ir_act_report_xml", "model"),
    ("ir_act_server", "model_name"),
    ("ir_embedded_actions", "parent_res_model"),
    ("ir_exports", "resource"),
    ("ir_filters", "model_id"),
    ("ir_ui_view", "model"),
    ("res_users_settings_embedded_action", "res_model"),
    ("ir_attachment", "res_model"),
    ("base_import_mapping", "res_model"),
    ("mail_activity", "res_model"),
    ("mail_activity_plan", "res_model"),
    ("mail_activity_type", "res_model"),
    ("mail_followers", "res_model"),
    ("mail_message", "model"),
    ("mail_message_subtype", "res_model"),
    ("mail_scheduled_message", "model"),
    ("mail_template", "model"),
    ("mailing_trace", "model"),
    ("sms_template", "model"),
    ("calendar_event", "res_model"),
    ("rating_rating", "res_model"),
    ("rating_rating", "parent_res_model"),
    ("loyalty_history", "order_model"),
    ("queue_job", "model_name"),
)


def rename_model_names(cr, models):
    """Write the new names of ``{old: new}`` into all records that name a model."""
    if not models:
        return
    for table, column in _iter_model_columns(cr):
        cr.execute(
            SQL(
                "UPDATE %(table)s SET %(column)s = %(names)s::jsonb ->> %(column)s "
                "WHERE %(column)s = ANY(%(old)s)",
                table=SQL.identifier(table),
                column=SQL.identifier(column),
                names=Json(models),
                old=list(models),
            )
        )
    cr.execute(
        SQL(
            "SELECT model, name FROM ir_model_fields "
            "WHERE ttype = 'reference' AND store",
        )
    )
    for model, column in cr.fetchall():
        table = model.replace(".", "_")
        if not has_column(cr, table, column):
            continue
        for old, new in models.items():
            cr.execute(
                SQL(
                    "UPDATE %(table)s SET %(column)s = %(new)s || substr(%(column)s, "
                    "%(length)s) WHERE starts_with(%(column)s, %(old)s)",
                    table=SQL.identifier(table),
                    column=SQL.identifier(column),
                    new=new,
                    length=len(old) + 1,
                    old=f"{old},",
                )
            )


def _iter_model_columns(cr):
    """Yield each ``(table, column)`` that holds the name of a model."""
    cr.execute(
        SQL(
            "SELECT replace(model, '.', '_'), name FROM ir_model_fields "
            "WHERE store AND ttype = 'char' AND name IN ('res_model', 'model')"
            " AND NOT model LIKE 'ir.%%'"
        )
    )
    found = dict.fromkeys((*MODEL_COLUMNS, *cr.fetchall()))
    for table, column in found:
        if has_column(cr, table, column):
            yield table, column
