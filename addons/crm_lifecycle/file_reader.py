"""Create lifecycles from the data of a file; see `crm.lifecycle.file`."""

import json
import math

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from .engine import domains, files
from .engine.templates import SOURCE_LANG
from .renames import TEMPLATE_CODES

# The parts of a lifecycle in a file, and their models.
PARTS = {
    "stages": "crm.lifecycle.stage",
    "rules": "crm.lifecycle.rule",
    "tags": "crm.lifecycle.tag",
}
ACTION = "ir.actions.server"
MAX_INTEGER = 2**31 - 1
SEQUENCE_GAP = 10


class FileReader:
    """Creates the records of one lifecycle, and lists what can't be created here.

    Records are created in the language of the source; messages are in the reader's
    language.
    """

    def __init__(self, file_model, data, *, local=False, lang=None, with_actions=False):
        self.env = file_model.env
        self.lang = lang or file_model.env.user.lang
        self.localized = file_model.with_context(lang=self.lang)
        self.data = data
        self.local = local
        # The same name may mean another server action in this database.
        self.with_actions = with_actions or local
        self.skipped = []
        self.by_code = {}
        # A file of an earlier version names fields as they were called then.
        self.renamed = file_model._get_renamed_fields()

    def create_lifecycle(self, company):
        """Create the lifecycle and its parts, then the conditions that use them."""
        data = self.data
        lifecycle = self._create("crm.lifecycle", [data], {"company_id": company.id})
        made = [(lifecycle, data)]
        for part in ("stages", "tags", "rules"):
            records = self._create(
                PARTS[part], data[part], {"lifecycle_id": lifecycle.id}
            )
            pairs = list(zip(records, data[part], strict=True))
            self._index_by_code(pairs)
            made += pairs
        for record, item in made:
            if "domain" in record._fields and "domain" in item:
                self._set_domain(record, item)
        return lifecycle

    def copy_conditions(self, lifecycle):
        """Set the conditions of a copy that use stages or tags."""
        made = [(lifecycle, self.data)]
        for part, name in (
            ("stages", "stage_ids"),
            ("tags", "tag_ids"),
            ("rules", "rule_ids"),
        ):
            records = lifecycle.with_context(active_test=False)[name]
            ordered = records.sorted(lambda record: (record.sequence, record.id))
            made += zip(ordered, self.data[part], strict=True)
        self._index_by_code(made)
        for record, item in made:
            if '"code":' in json.dumps(item.get("domain")):
                self._set_domain(record, item)

    def _index_by_code(self, made):
        for record, item in made:
            if "code" in record._fields:
                self.by_code[record._name, item["code"]] = record

    # Records

    def _create(self, model_name, items, common):
        known = self.localized._get_fields(model_name)
        vals_list = []
        for place, item in enumerate(items, start=1):
            label = self._get_label(model_name, item)
            self._note_unknown(item, known, label)
            vals = {"sequence": place * SEQUENCE_GAP, **common}
            for name, field in known.items():
                if name in item and name != "domain":
                    self._set_value(vals, field, item[name], label)
            vals_list.append(vals)
        records = self.env[model_name].create(vals_list)
        for record, item in zip(records, items, strict=True):
            self._translate(record, item, known)
        return records

    def _get_label(self, model_name, item):
        name = files.text_of(item["name"], self.lang)
        return self.localized._get_item_label(model_name, name[:80])

    def _note_unknown(self, item, known, label):
        for name in item.keys() - {*known, *PARTS, "id"}:
            self._skip(
                label,
                self.localized.env._("“%(field)s” is not known here", field=name[:60]),
            )

    def _skip(self, label, what):
        self.skipped.append(f"{label}: {what}")

    # Values

    def _set_value(self, vals, field, value, label):
        """Put the value of a field into the values of a record, or leave it out."""
        if field.groups and not self.env[field.model_name]._has_field_access(
            field, "write"
        ):
            if value:
                self._skip(
                    label,
                    self.localized.env._(
                        "%(field)s may be set by an administrator only",
                        field=self._get_field_label(field),
                    ),
                )
            return
        if field.comodel_name == ACTION and not self.with_actions:
            if value:
                self._skip_actions(field, value, label)
            return
        read = getattr(self, f"_read_{field.type}", self._read_text)
        vals[field.name] = read(field, value, label)

    def _skip_actions(self, field, value, label):
        items = value if isinstance(value, list) else [value]
        names = [
            str(item.get("name") if isinstance(item, dict) else item)[:80]
            for item in items
        ]
        self._skip(
            label,
            self.localized.env._(
                "%(field)s (%(actions)s): actions run code or call other systems. To "
                "set them, import the file again and choose to include actions",
                field=self._get_field_label(field),
                actions=", ".join(names),
            ),
        )

    def _read_text(self, field, value, label):
        if value is None or value is False:
            return False
        if field.translate and isinstance(value, dict):
            if all(isinstance(text, str) for text in value.values()):
                return files.text_of(value)
        elif isinstance(value, str):
            is_code = field.name == "template_code"
            return TEMPLATE_CODES.get(value, value) if is_code else value
        return self._raise_invalid(field, value, label)

    def _read_boolean(self, field, value, label):
        return (
            value
            if isinstance(value, bool)
            else self._raise_invalid(field, value, label)
        )

    def _read_integer(self, field, value, label):
        if type(value) is int and abs(value) <= MAX_INTEGER:
            return value
        return self._raise_invalid(field, value, label)

    def _read_float(self, field, value, label):
        if type(value) in (int, float) and abs(value) < 1e300 and math.isfinite(value):
            return value
        return self._raise_invalid(field, value, label)

    def _read_selection(self, field, value, label):
        if value is None and not field.required:
            return False
        if isinstance(value, str) and value in field.get_values(self.env):
            return value
        return self._raise_invalid(field, value, label)

    def _read_many2one(self, field, value, label):
        if value is None:
            return False
        record = self._find(field.comodel_name, value)
        if record is None:
            if field.required:
                self._raise_invalid(field, value, label)
            self._skip_reference(field, value, label)
        return record.id if record is not None else False

    def _read_many2many(self, field, value, label):
        if not isinstance(value, list):
            self._raise_invalid(field, value, label)
        found = []
        for item in value:
            record = self._find(field.comodel_name, item)
            if record is None:
                self._skip_reference(field, item, label)
            else:
                found.append(record.id)
        return [Command.set(found)]

    def _skip_reference(self, field, value, label):
        name = value.get("name") if isinstance(value, dict) else value
        self._skip(
            label,
            self.localized.env._(
                "%(field)s “%(record)s” is not in this database, or there are "
                "several of that name",
                field=self._get_field_label(field),
                record=str(name)[:80],
            ),
        )

    def _get_field_label(self, field):
        return field._description_string(self.localized.env)

    def _raise_invalid(self, field, value, label):
        raise UserError(
            self.localized.env._(
                "%(item)s: “%(value)s” is no value for %(field)s. Correct it in the "
                "file.",
                item=label,
                value=str(value)[:80],
                field=self._get_field_label(field),
            )
        )

    # References

    def _find(self, model_name, reference):
        """Return the record that a reference names, None if not exactly one."""
        if isinstance(reference, str):
            return self.by_code.get((model_name, reference))
        if not isinstance(reference, dict):
            return None
        if isinstance(reference.get("code"), str):
            return self.by_code.get((model_name, reference["code"]))
        try:
            return (
                self._find_by_id(model_name, reference)
                or self._find_by_xml_id(model_name, reference)
                or self._find_by_name(model_name, reference)
                or None
            )
        except AccessError:
            return None

    def _find_by_id(self, model_name, reference):
        record_id = reference.get("id")
        if not self.local or type(record_id) is not int:
            return None
        return self.env[model_name].browse(record_id).exists()

    def _find_by_xml_id(self, model_name, reference):
        xml_id = reference.get("xml_id")
        if not isinstance(xml_id, str) or xml_id.count(".") != 1:
            return None
        record = self.env.ref(xml_id, raise_if_not_found=False)
        if record is None or record._name != model_name:
            return None
        return record.filtered_domain(self._get_selectable_domain(model_name)).exists()

    def _find_by_name(self, model_name, reference):
        name = reference.get("name")
        if not isinstance(name, str) or not name:
            return None
        found = self.env[model_name].search(
            [("display_name", "=", name), *self._get_selectable_domain(model_name)],
            limit=2,
        )
        return found if len(found) == 1 else None

    def _get_selectable_domain(self, model_name):
        """Return the domain of the records of a model that the forms offer."""
        return {
            "mail.activity.plan": [("res_model", "=", "crm.lifecycle.profile")],
            "mail.template": [("model", "=", "crm.lifecycle.profile")],
            ACTION: [("model_name", "=", "crm.lifecycle.profile")],
        }.get(model_name, [])

    # Conditions

    def _set_domain(self, record, item):
        label = self._get_label(record._name, item)
        value = item["domain"]
        if isinstance(value, list):
            Profile = self.env["crm.lifecycle.profile"].sudo()  # for its fields only
            conditions = self._read_conditions(value, Profile, label)
            self._check_facts(conditions, label)
            # Refused conditions are reported in the reader's language.
            record.with_context(lang=self.lang).domain = repr(conditions)
        elif value not in (None, "", False):
            self._raise_invalid(record._fields["domain"], value, label)

    def _read_conditions(self, items, model, label):
        """Return conditions with the ids of this database."""
        conditions = []
        for item in items:
            if isinstance(item, str):
                conditions.append(item)
                continue
            if (
                not isinstance(item, list)
                or len(item) != 3
                or not isinstance(item[1], str)
            ):
                self._raise_invalid(
                    self.env["crm.lifecycle.rule"]._fields["domain"], item, label
                )
            path, operator, value = item
            path = get_new_path(model, path, self.renamed)
            related = get_related(model, path)
            if operator in ("any", "not any"):
                if related is None or not isinstance(value, list):
                    self._raise_invalid(
                        self.env["crm.lifecycle.rule"]._fields["domain"], item, label
                    )
                value = self._read_conditions(value, related, label)
            else:
                value = self._read_ids(value, related, label)
            conditions.append((path, operator, value))
        return conditions

    def _read_ids(self, value, model, label):
        if isinstance(value, list):
            return [self._read_ids(item, model, label) for item in value]
        if not isinstance(value, dict):
            return value
        record = self._find(model._name, value) if model is not None else None
        if record is None:
            raise UserError(
                self.localized.env._(
                    "%(item)s names “%(record)s” in its conditions, which is not in "
                    "this database. Create it here first, or take the condition out "
                    "of the file.",
                    item=label,
                    record=str(value.get("name") or value.get("code"))[:80],
                )
            )
        return record.id

    def _check_facts(self, conditions, label):
        """Refuse conditions on facts of addons that are not installed here."""
        Profile = self.env["crm.lifecycle.profile"]
        try:
            paths = domains.fields_of(domains.parse(repr(conditions)))
        except domains.DomainError:
            return  # the constraint of the record reports it
        for path in paths:
            name = path.split(".")[0]
            if name in Profile._fields:
                continue
            template = self.localized.env["crm.lifecycle.template"]
            origin = template._get_fact_origin(name)
            if origin:
                message = self.localized.env._(
                    "%(item)s looks at “%(field)s”, which is known where %(origin)s is "
                    "installed. Install it first, or take the condition out of the "
                    "file.",
                    item=label,
                    field=template._get_fact_label(name),
                    origin=origin,
                )
            else:
                message = self.localized.env._(
                    "%(item)s looks at “%(field)s”, which is not known in this "
                    "database. Install the addon that it comes from, or take the "
                    "condition out of the file.",
                    item=label,
                    field=name[:60],
                )
            raise UserError(message)

    # Texts

    def _translate(self, record, item, known):
        """Write the texts of the other installed languages."""
        langs = {code for code, _name in self.env["res.lang"].get_installed()}
        for name, field in known.items():
            texts = item.get(name)
            if not field.translate or not isinstance(texts, dict):
                continue
            translations = {
                lang: text
                for lang, text in texts.items()
                if lang in langs and lang != SOURCE_LANG and text
            }
            if callable(field.translate):
                terms = field.get_trans_terms(record[name])
                translations = {
                    lang: dict(zip(terms, own, strict=True))
                    for lang, text in translations.items()
                    if len(own := field.get_trans_terms(text)) == len(terms)
                }
            if translations:
                record.update_field_translations(name, translations)


def get_new_path(model, path, renamed):
    """Return a path with the new names of fields, ``{model: {old: new}}``."""
    if not isinstance(path, str):
        return path
    names = path.split(".")
    for number, name in enumerate(names):
        if model is None:
            break
        if name not in model._fields:
            names[number] = renamed.get(model._name, {}).get(name, name)
        field = model._fields.get(names[number])
        model = model.env[field.comodel_name] if field and field.relational else None
    return ".".join(names)


def get_related(model, path):
    """Return the model that a path of field names leads to, None for a value."""
    if not isinstance(path, str):
        return None
    *way, last = path.split(".")
    for name in way:
        field = model._fields.get(name)
        if field is None or not field.relational:
            return None
        model = model.env[field.comodel_name]
    if last == "id":
        return model
    field = model._fields.get(last)
    return model.env[field.comodel_name] if field and field.relational else None
