"""Texts of users that name fields: domains, code, views, dashboards."""

import json

from psycopg2.extras import Json

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL

from . import paths
from .tables import has_column

# Columns with a domain, and the SQL of the model that it is about.
_BY_MODEL_ID = "(SELECT model FROM ir_model WHERE id = %s.model_id)"
DOMAIN_COLUMNS = (
    ("ir_filters", "domain", "%s.model_id"),
    ("ir_act_window", "domain", "%s.res_model"),
    ("ir_act_report_xml", "domain", "%s.model"),
    ("ir_embedded_actions", "domain", "%s.parent_res_model"),
    ("ir_rule", "domain_force", _BY_MODEL_ID),
    ("base_automation", "filter_domain", _BY_MODEL_ID),
    ("base_automation", "filter_pre_domain", _BY_MODEL_ID),
    ("gamification_goal_definition", "domain", _BY_MODEL_ID),
    (
        "mailing_mailing",
        "mailing_domain",
        "(SELECT model FROM ir_model WHERE id = %s.mailing_model_id)",
    ),
    (
        "mailing_filter",
        "mailing_domain",
        "(SELECT model FROM ir_model WHERE id = %s.mailing_model_id)",
    ),
    ("crm_team", "assignment_domain", "'crm.lead'"),
    ("helpdesk_sla", "domain", "'helpdesk.ticket'"),
)
CONTEXT_COLUMNS = (
    ("ir_filters", "context", "%s.model_id"),
    ("ir_act_window", "context", "%s.res_model"),
)
# Columns with expressions about a record.
TEMPLATE_COLUMNS = {
    "mail_template": ("subject", "body_html", "email_to", "partner_to", "lang"),
    "sms_template": ("body",),
}


class TextRenamer:
    """Renames in texts; knows the fields of the database as they were.

    Make it before anything is renamed, and call `rename` while models have their new
    names and fields their old ones.
    """

    def __init__(self, cr, renames):
        self.cr = cr
        self.renames = renames
        self.old_models = {new: old for old, new in renames.models.items()}
        self.clear_fields = {}
        self.relations = {}
        self._read_fields()

    def _read_fields(self):
        """Read where each relation leads, and which names are clear."""
        self.cr.execute(
            SQL(
                "SELECT model, name, relation FROM ir_model_fields WHERE relation != ''"
            )
        )
        self.relations = {(model, name): to for model, name, to in self.cr.fetchall()}
        # A name is clear if all models that have it rename it in the same way.
        for names in self.renames.fields.values():
            for old, new in names.items():
                self.clear_fields.setdefault(old, new)
                if self.clear_fields[old] != new:
                    self.clear_fields[old] = old
        self.cr.execute(
            SQL(
                "SELECT DISTINCT model, name FROM ir_model_fields WHERE name = ANY(%s)",
                list(self.clear_fields),
            )
        )
        for model, name in self.cr.fetchall():
            if name not in self.renames.fields.get(self._get_new_model(model), {}):
                self.clear_fields.pop(name, None)

    def translate(self, model, path):
        """Return a path from a model with the new names of its fields.

        Models may have their old or their new name.
        """
        parts = path.split(".")
        for number, part in enumerate(parts):
            new_model = self.renames.models.get(model, model)
            parts[number] = self.renames.fields.get(new_model, {}).get(part, part)
            model = self.relations.get(
                (self.old_models.get(new_model, new_model), part)
            )
            if not model:
                break
        return ".".join(parts)

    def rename(self):
        """Rename in all texts."""
        own = tuple(
            (table, column, f"'{model}'")
            for table, column, model in self.renames.domains
        )
        for table, column, model in (*DOMAIN_COLUMNS, *own):
            self._rewrite(table, column, model, paths.rename_domain)
        for table, column, model in CONTEXT_COLUMNS:
            self._rewrite(table, column, model, paths.rename_context)
        self._rewrite("ir_filters", "sort", "%s.model_id", paths.rename_path_list)
        self._rewrite(
            "ir_exports_line",
            "name",
            "(SELECT resource FROM ir_exports WHERE id = %s.export_id)",
            paths.rename_export_path,
        )
        self._rewrite("ir_act_server", "code", _BY_MODEL_ID, self._rename_code)
        self._rewrite("ir_act_server", "update_path", _BY_MODEL_ID, paths.rename_path)
        self._rewrite("ir_ui_view", "arch_db", "%s.model", self._rename_code)
        self._rewrite(
            "ir_ui_view_custom",
            "arch",
            "(SELECT model FROM ir_ui_view WHERE id = %s.ref_id)",
            self._rename_code,
        )
        for table, columns in TEMPLATE_COLUMNS.items():
            for column in columns:
                self._rewrite(table, column, "%s.model", self._rename_code)
        for table, column, model in (*DOMAIN_COLUMNS, *CONTEXT_COLUMNS, *own):
            self._rewrite(table, column, model, self._rename_modules)
        self._rename_related_fields()
        self._rename_dashboards()

    def _rewrite(self, table, column, model, function):
        """Put each text of a column through ``function(text, model, translate)``.

        A translated column holds one text for each language.
        """
        if not has_column(self.cr, table, column):
            return
        self.cr.execute(
            SQL(
                "SELECT id, to_jsonb(%s), %s FROM %s WHERE %s IS NOT NULL",
                SQL.identifier(column),
                SQL(model.replace("%s", table)),  # pylint: disable=sql-injection
                SQL.identifier(table),
                SQL.identifier(column),
            )
        )
        for record_id, value, model_name in self.cr.fetchall():
            model_name = model_name or ""
            if isinstance(value, dict):
                new = {
                    lang: text and function(text, model_name, self.translate)
                    for lang, text in value.items()
                }
            else:
                new = function(value, model_name, self.translate)
            if new != value:
                self.cr.execute(
                    SQL(
                        "UPDATE %s SET %s = %s WHERE id = %s",
                        SQL.identifier(table),
                        SQL.identifier(column),
                        Json(new) if isinstance(new, dict) else new,
                        record_id,
                    )
                )

    def _rename_code(self, text, model, _translate):
        """Replace, as words, names of models, of the model's fields, and clear ones.

        Also names of addons, which XML ids begin with.
        """
        names = self.renames.fields.get(self.renames.models.get(model, model), {})
        text = self._rename_modules(text, model, _translate)
        return paths.rename_words(
            text, {**self.renames.models, **self.clear_fields, **names}
        )

    def _rename_modules(self, text, _model, _translate):
        """Replace names of addons in the XML ids of a text."""
        return paths.rename_modules(text, self.renames.modules)

    def _rename_related_fields(self):
        """Fields that users made may be related to renamed ones, or depend on them."""
        self.cr.execute(
            SQL(
                "SELECT id, model, related, depends FROM ir_model_fields "
                "WHERE state = 'manual' AND (related != '' OR depends != '')"
            )
        )
        for field_id, model, related, depends in self.cr.fetchall():
            new_depends = ", ".join(
                self.translate(model, path.strip())
                for path in (depends or "").split(",")
                if path.strip()
            )
            self.cr.execute(
                SQL(
                    "UPDATE ir_model_fields SET related = %s, depends = %s "
                    "WHERE id = %s",
                    self.translate(model, related) if related else related,
                    new_depends or depends,
                    field_id,
                )
            )

    def _rename_dashboards(self):
        """Rename in spreadsheets, which the database holds as attachments."""
        self.cr.execute(
            SQL(
                "SELECT id FROM ir_attachment "
                "WHERE res_model = 'spreadsheet.dashboard' "
                "AND res_field = 'spreadsheet_binary_data'"
            )
        )
        ids = [attachment_id for (attachment_id,) in self.cr.fetchall()]
        env = api.Environment(self.cr, SUPERUSER_ID, {})
        for attachment in env["ir.attachment"].browse(ids):
            try:
                data = json.loads(attachment.raw or b"")
            except ValueError:
                continue
            changed = paths.rename_dashboard(data, self.translate, self._get_new_model)
            text = json.dumps(data, ensure_ascii=False)
            new = paths.rename_modules(text, self.renames.modules)
            if changed or new != text:
                attachment.raw = new.encode()
        env.flush_all()

    def _get_new_model(self, model):
        return self.renames.models.get(model, model)
