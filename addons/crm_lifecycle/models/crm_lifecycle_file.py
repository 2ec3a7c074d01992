"""A lifecycle as plain data: for files between databases, and for its versions.

Records that a lifecycle points to (activity plans, templates, countries in a condition,
…) are identified by their external id and name, since ids differ between databases.
Stages and tags of the lifecycle itself are identified by their code.
"""

import ast
import json

import psycopg2

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..access import as_reader
from ..engine import files
from ..engine.templates import SOURCE_LANG
from ..file_reader import PARTS, FileReader, get_related
from ..renames import FIELDS

FIELD_TYPES = (
    "boolean",
    "char",
    "float",
    "html",
    "integer",
    "many2many",
    "many2one",
    "selection",
    "text",
)
# Models of records that are named to all users who may configure the lifecycle.
CONFIGURATION_MODELS = {
    "ir.actions.server",
    "mail.activity.plan",
    "mail.activity.type",
    "mail.template",
}
# Fields implied by the place in the file, or specific to the database.
NOT_IN_FILES = {"lifecycle_id", "company_id", "sequence", "state"}


class CrmLifecycleFile(models.AbstractModel):
    """Converts lifecycles to data, and creates lifecycles from data."""

    _name = "crm.lifecycle.file"
    _description = "Lifecycle as a File"

    @api.model
    def _get_fields(self, model_name):
        """Return ``{name: field}`` of the fields of a model that a file contains.

        These are the fields that a copy of the record would have, including those that
        other addons add.
        """
        model = self.env[model_name]
        return {
            name: field
            for name, field in model._fields.items()
            if field.store
            and field.copy
            and field.type in FIELD_TYPES
            and name not in models.MAGIC_COLUMNS
            and not field.related
            and not name.startswith("message_")
            and (not field.compute or not field.readonly)
            and name not in NOT_IN_FILES
        } | ({"code": model._fields["code"]} if "code" in model._fields else {})

    # ------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------

    @api.model
    def _export(self, lifecycle):
        """Return the content of a file with a lifecycle."""
        data = {
            "format": files.FORMAT,
            "schema": files.SCHEMA,
            "lifecycle": _without_ids(self._hide_names(self._serialize(lifecycle))),
        }
        return json.dumps(data, ensure_ascii=False, indent=2)

    @api.model
    def _serialize(self, lifecycle):
        """Return a lifecycle as data, including the ids of its parts."""
        # sudo: any user who may configure the lifecycle gets the names of its server
        # actions, which only administrators may read.
        lifecycle = lifecycle.sudo().with_context(lang=SOURCE_LANG, active_test=False)
        [data] = self._serialize_records(lifecycle, lifecycle)
        parts = {
            "stages": lifecycle.stage_ids,
            "rules": lifecycle.rule_ids,
            "tags": lifecycle.tag_ids,
        }
        for part, records in parts.items():
            ordered = records.sorted(lambda record: (record.sequence, record.id))
            data[part] = self._serialize_records(ordered, lifecycle)
        return data

    @api.model
    def _hide_names(self, data):
        """Remove the names of records that the user may not read from the data."""
        references = {}
        for reference in iter_references(data):
            if reference["model"] not in CONFIGURATION_MODELS:
                references.setdefault(reference["model"], []).append(reference)
        for model_name, found in references.items():
            ids = {reference["id"] for reference in found}
            records = as_reader(self.env[model_name].browse(ids).exists())
            readable = set(records._filtered_access("read").ids)
            for reference in found:
                if reference["id"] not in readable:
                    reference.update(name=None, xml_id=None)
        return data

    @api.model
    def _serialize_records(self, records, lifecycle):
        """Return records as data, in order."""
        texts = self._read_translations(records)
        names = self._get_fields(records._name)
        return [
            {
                "id": record.id,
                **{
                    name: texts[record.id][name]
                    if name in texts.get(record.id, {})
                    else self._serialize_value(record, field, lifecycle)
                    for name, field in names.items()
                },
            }
            for record in records
        ]

    @api.model
    def _read_translations(self, records):
        """Return ``{id: {field: {lang: text}}}``, in one query for all."""
        names = [
            name
            for name, field in self._get_fields(records._name).items()
            if field.translate
        ]
        if not names or not records:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT id, %s FROM %s WHERE id = ANY(%s)",
                SQL(", ").join(map(SQL.identifier, names)),
                SQL.identifier(records._table),
                records.ids,
            )
        )
        return {
            record_id: {
                name: {
                    lang: text
                    for lang, text in (texts or {}).items()
                    if text and not lang.startswith("_")
                }
                for name, texts in zip(names, values, strict=True)
            }
            for record_id, *values in rows
        }

    @api.model
    def _serialize_value(self, record, field, lifecycle):
        """Return the value of a field as data."""
        value = record[field.name]
        if field.name == "domain":
            return self._serialize_domain(value, lifecycle)
        if field.type == "many2one":
            return self._serialize_reference(value, lifecycle) if value else None
        if field.type == "many2many":
            return [self._serialize_reference(item, lifecycle) for item in value]
        if field.type == "html":
            return str(value or "")
        if field.type in ("char", "text", "selection"):
            return value or None
        return value

    @api.model
    def _serialize_reference(self, record, lifecycle):
        """Return a reference that identifies a record in any database."""
        if record._name in PARTS.values() and record.lifecycle_id == lifecycle:
            return record.code if "code" in record._fields else record.name
        return {
            "id": record.id,
            "model": record._name,
            "xml_id": record.get_external_id()[record.id] or None,
            "name": record.with_context(lang=SOURCE_LANG).display_name,
        }

    @api.model
    def _serialize_domain(self, text, lifecycle):
        """Return conditions as a list with references instead of ids."""
        # sudo: only fields are read, no customers.
        Profile = self.env["crm.lifecycle.profile"].sudo()
        try:
            conditions = ast.literal_eval(text or "[]")
            return self._serialize_conditions(conditions, Profile, lifecycle)
        except (ValueError, SyntaxError, TypeError):
            return text  # not a domain: its own constraint raises

    @api.model
    def _serialize_conditions(self, conditions, model, lifecycle):
        written = []
        for item in conditions:
            if isinstance(item, str):
                written.append(item)
                continue
            path, operator, value = item
            related = get_related(model, path)
            if isinstance(path, str) and operator in ("any", "not any"):
                value = self._serialize_conditions(value, related, lifecycle)
            elif related is not None:
                value = self._serialize_ids(value, related, lifecycle)
            elif isinstance(value, (tuple, set)):
                value = list(value)
            written.append([path, operator, value])
        return written

    @api.model
    def _serialize_ids(self, value, model, lifecycle):
        """Return the ids in the value of a condition as references."""
        if isinstance(value, (list, tuple, set)):
            return [self._serialize_ids(item, model, lifecycle) for item in value]
        if type(value) is not int:
            return value
        record = model.browse(value).exists()
        if not record:
            return value
        reference = self._serialize_reference(record, lifecycle)
        if isinstance(reference, str):
            reference = {"id": record.id, "model": model._name, "code": reference}
        return reference

    # ------------------------------------------------------------
    # Reading
    # ------------------------------------------------------------

    @api.model
    def _import(self, content, company, name="", *, with_actions=False):
        """Create a draft lifecycle from the content (bytes) of a file.

        :param company: the company of the lifecycle; empty for all companies
        :param name: the file name to use in messages
        :param with_actions: also set the server actions that the file names
        :return: the lifecycle, and messages about the parts that were left out
        :raises UserError: if the file is invalid; the message says how to fix it
        """
        try:
            data = files.read(content)
        except files.FileFormatError as problem:
            raise UserError(
                self.env._(
                    "“%(file)s” can't be imported. %(problem)s",
                    file=name or self.env._("The file"),
                    problem=self._get_problem_text(problem),
                )
            ) from problem
        return self._create_from_data(data, company, with_actions=with_actions)

    @api.model
    def _create_from_data(self, data, company, **options):
        """Create a draft lifecycle from checked data, completely or not at all.

        :param options: ``local``: the data is from this database and its ids are valid;
            ``with_actions``: see `_import`
        """
        english = self.with_context(lang=SOURCE_LANG)
        try:
            lifecycle, skipped = english._fill(data, company, self.env.lang, options)
        except UserError:
            if self.env.lang != SOURCE_LANG:
                self._raise_in_user_language(data, company, options)
            raise
        except (psycopg2.IntegrityError, psycopg2.DataError) as error:
            raise UserError(
                self.env._(
                    "“%(lifecycle)s” can't be made of the file: %(error)s Correct the "
                    "value in the file.",
                    lifecycle=files.text_of(data["name"], self.env.lang),
                    error=self._get_error_text(error),
                )
            ) from error
        return lifecycle.with_env(self.env), skipped

    @api.model
    def _fill(self, data, company, lang, options):
        """Create the records, completely or not at all; messages are in ``lang``."""
        quiet = self.with_context(mail_create_nolog=True)
        reader = FileReader(quiet, data, lang=lang, **options)
        with self.env.cr.savepoint():
            lifecycle = reader.create_lifecycle(company)
            self.env.flush_all()
        return lifecycle, reader.skipped

    @api.model
    def _raise_in_user_language(self, data, company, options):
        """Raise the error again in the user's language.

        Records are created in the source language, and so are error messages. Create
        them once more in the user's language, then roll back.
        """
        with self.env.cr.savepoint() as savepoint:
            self._fill(data, company, self.env.lang, options)
            savepoint.rollback()

    @api.model
    def _get_renamed_fields(self):
        """Return ``{model: {old name: new name}}`` of fields in earlier files.

        Extension point: an addon that renames a field adds it here.
        """
        return FIELDS

    @api.model
    def _copy_conditions(self, lifecycle, duplicate):
        """Make the conditions of a copy refer to its own stages and tags."""
        reader = FileReader(self, self._serialize(lifecycle), local=True)
        reader.copy_conditions(duplicate)

    @api.model
    def _get_error_text(self, error):
        """Return the message of the model for a database error about a value."""
        for model_name in ("crm.lifecycle", *PARTS.values()):
            if self.env[model_name]._table == error.diag.table_name:
                return self.env[model_name]._sql_error_to_message(error)
        return error.diag.message_primary or str(error)

    @api.model
    def _get_problem_text(self, problem):
        """Return what is wrong with a file, and the next step."""
        values = dict(problem.values_by_name)
        if "part" in values:
            values["part"] = self._get_part_label(values["part"])
        texts = {**self._get_format_texts(values), **self._get_content_texts(values)}
        return texts[problem.code]()

    @api.model
    def _get_format_texts(self, values):
        """Return ``{code: function}`` for messages about the file as a whole."""
        return {
            "big": lambda: self.env._(
                "It is larger than %(megabytes)s MB: choose a file that a lifecycle "
                "was exported to.",
                **values,
            ),
            "text": lambda: self.env._(
                "It has characters that are no text: choose a file that a lifecycle "
                "was exported to."
            ),
            "json": lambda: self.env._(
                "It is not JSON (%(error)s): choose a file that a lifecycle was "
                "exported to, or correct it there.",
                **values,
            ),
            "deep": lambda: self.env._(
                "It is nested too deeply: choose a file that a lifecycle was "
                "exported to."
            ),
            "format": lambda: self.env._(
                "It has no lifecycle: choose a file that a lifecycle was exported to."
            ),
            "schema": lambda: self.env._(
                "It does not tell the version of its format: export the lifecycle "
                "again."
            ),
            "newer": lambda: self.env._(
                "It was exported by a newer version (format %(schema)s, known here: "
                "%(known)s): update Customer Lifecycle in this database first.",
                **values,
            ),
        }

    @api.model
    def _get_content_texts(self, values):
        """Return ``{code: function}`` for messages about the lifecycle in the file."""
        return {
            "shape": lambda: self.env._(
                "“%(what)s” in it is not as a lifecycle has it: export the lifecycle "
                "again.",
                **values,
            ),
            "many": lambda: self.env._(
                "It has more than %(most)s %(part)s: divide the lifecycle.", **values
            ),
            "missing": lambda: self.env._(
                "Number %(place)s of the %(part)s has no “%(field)s”: add it in the "
                "file.",
                **values,
            ),
            "code": lambda: self.env._(
                "Two of the %(part)s have the code “%(code)s”: give one of them "
                "another code in the file.",
                **values,
            ),
            "empty": lambda: self.env._(
                "It has no stages: add the stages, and export the lifecycle again."
            ),
            "stage": lambda: self.env._(
                "The rule “%(rule)s” names the stage “%(code)s”, which the file does "
                "not have: add the stage in the file, or correct the rule.",
                **values,
            ),
        }

    @api.model
    def _get_part_label(self, part):
        """Return the label of a part of a lifecycle for messages."""
        return {
            "lifecycle": self.env._("lifecycles"),
            "stages": self.env._("stages"),
            "rules": self.env._("rules"),
            "tags": self.env._("tags"),
        }[part]

    @api.model
    def _get_item_label(self, model_name, name):
        """Return the label of a record for messages, such as “Rule “First order””."""
        labels = {
            "crm.lifecycle": self.env._("Lifecycle “%(name)s”", name=name),
            "crm.lifecycle.stage": self.env._("Stage “%(name)s”", name=name),
            "crm.lifecycle.rule": self.env._("Rule “%(name)s”", name=name),
            "crm.lifecycle.tag": self.env._("Tag “%(name)s”", name=name),
        }
        return labels[model_name]


def iter_references(value):
    """Yield the references in the data, see `_serialize_reference`."""
    if isinstance(value, dict) and "model" in value and "id" in value:
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from iter_references(item)


def _without_ids(value):
    """Return data without the ids, which are meaningless in another database."""
    if isinstance(value, dict):
        return {key: _without_ids(item) for key, item in value.items() if key != "id"}
    if isinstance(value, list):
        return [_without_ids(item) for item in value]
    return value
