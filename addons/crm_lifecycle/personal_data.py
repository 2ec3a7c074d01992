"""What is stored on persons: a decision for each model.

`crm.lifecycle.profile._get_personal_models` returns the decisions of an addon. The
addon `crm_lifecycle_privacy` finds, exports and erases by them; without it nothing uses
them.
"""

from dataclasses import dataclass

from odoo.tools import format_datetime, html2plaintext

ANONYMIZE = "anonymize"
DELETE = "delete"
KEEP = "keep"
# In place of the names of columns: all that are not named otherwise.
ALL = "*"

TEXT_TYPES = ("char", "text", "html", "json", "properties")


@dataclass(frozen=True, kw_only=True)
class PersonalModel:
    """How the records of one model belong to a person, and what erasure does to them.

    Conditions are SQL over the columns of ``t``, the row. Erasure writes by SQL: it
    must leave no tracking value, and must not take minutes for thousands of contacts.
    """

    name: str
    #: ANONYMIZE empties all text columns, DELETE deletes rows, KEEP leaves what it can
    decision: str = ANONYMIZE

    # How records are found.
    #: many2one fields to a record of the person: the record belongs to the person too
    links: tuple = ()
    #: fields to the person, or to a record of the person, in a record of somebody else
    mentions: tuple = ()
    #: ``(model, field)``: records that a record of the person refers to by this field
    referred_by: tuple = ()
    #: like ``links``, but looked at after all other models, for links in a circle
    late_links: tuple = ()
    #: the columns of a model name and an ID
    reference: tuple = ()
    #: columns with email addresses
    emails: tuple = ()
    #: a record belongs to the person only if this holds; otherwise it is shared with
    #: others, and loses only the person's name, addresses and numbers
    owned_if: str = ""

    # What erasure does to records that belong to the person.
    #: rows with this condition are kept as by KEEP
    kept_if: str = ""
    #: rows with this condition are deleted as by DELETE
    deleted_if: str = ""
    #: text columns that are not personal
    kept: tuple | str = ()
    #: ``{column: text}`` instead of NULL; ``{id}`` in the text is the ID of the row
    replaced: dict | None = None
    #: text columns that lose only the person's name, addresses and numbers
    scrubbed: tuple | str = ()
    #: other columns that are set to NULL, for kept rows too
    cleared: tuple = ()
    #: many2many fields that are emptied
    unlinked: tuple = ()
    #: whether the records are archived
    is_archived: bool = False
    #: a method of the model that does what columns don't tell; called on the records
    method: str = ""

    # What users read.
    #: fields in the export, in this order; without any, the records are not exported
    names: tuple = ()
    #: why records are kept, in the language of the user
    reason: str = ""
    #: part of other records: not listed for users
    is_technical: bool = False

    #: key of the rows in the export, and the template that prints them
    key: str = "records"
    template: str = ""

    def get_rows(self, records):
        """Return the rows of the export, one for each record."""
        return [self.get_row(record) for record in records]

    def get_row(self, record):
        """Return what one record says, as ``{label: text}`` without empty fields."""
        row = {}
        for name in self.get_exported_names(record.env):
            field = record._fields[name]
            text = _get_field_text(record, field)
            if text:
                row[field._description_string(record.env)] = text
        return row

    def get_exported_names(self, env):
        """Return the names of the exported fields that this database has."""
        return tuple(name for name in self.names if name in env[self.name]._fields)

    def get_emptied_columns(self, env):
        """Return the text columns that are emptied in records of the person."""
        if self.decision != ANONYMIZE or ALL in (self.kept, self.scrubbed):
            return []
        other = {*self.kept, *self.scrubbed, *(self.replaced or {}), *self.cleared}
        return [
            name
            for name in get_text_columns(env[self.name])
            if name not in other and name not in self.reference
        ]

    def get_scrubbed_columns(self, env):
        """Return the text columns that lose only what tells who the person is."""
        columns = get_text_columns(env[self.name])
        if self.scrubbed == ALL:
            other = {*self.kept, *(self.replaced or {}), *self.cleared, *self.reference}
            return [name for name in columns if name not in other]
        return [name for name in columns if name in self.scrubbed]


def get_text_columns(model):
    """Return the names of a model's stored fields with text or JSON."""
    return [
        name
        for name, field in model._fields.items()
        if field.store
        and field.column_type
        and field.type in TEXT_TYPES
        and name != "parent_path"
    ]


def _get_field_text(record, field):
    value = record[field.name]
    if not value:
        return None
    if field.type == "html":
        return get_text(value)
    if field.type == "datetime":
        return format_datetime(record.env, value)
    if field.relational:
        return ", ".join(value.mapped("display_name"))
    return record.env["crm.lifecycle.history"]._format_fact(field, value)


def get_text(value):
    """Return the text of HTML, None without any."""
    return html2plaintext(value).strip() or None if value else None
