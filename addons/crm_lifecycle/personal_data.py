"""What addons keep on customers as persons: which records, and how they are erased.

`crm.lifecycle.profile._get_personal_records` returns it. The addon
`crm_lifecycle_privacy` hands it out and erases it; without that addon nothing asks.
"""

from odoo.fields import Domain
from odoo.tools import format_datetime, html2plaintext


class PersonalRecords:
    """Records of one model that an addon keeps on some customers.

    A subclass overrides `get_row` or `erase` where fields are not all there is.
    """

    # Key of the rows in the data that is handed out. Those of `records` have a title
    # and are printed as tables; an addon with another layout has a key of its own, and
    # a template that prints the rows.
    key = "records"
    template = None

    def __init__(self, records, title="", names=(), erased_names=()):
        """
        :param records: those of all customers asked about
        :param title: above the rows, in the language of the reader
        :param names: fields that are handed out, in this order
        :param erased_names: fields that are emptied; the records stay in the sums
        """
        self.records = records
        self.title = title
        self.names = names
        self.erased_names = erased_names

    def get_row(self, record):
        """Return what one record says, here ``{label: text}`` without empty fields."""
        row = {}
        for name in self.names:
            field = record._fields[name]
            text = _get_field_text(record, field)
            if text:
                row[field._description_string(record.env)] = text
        return row

    def erase(self):
        """Erase what was written about the customers."""
        self.records.write(dict.fromkeys(self.erased_names, False))
        erase_messages(self.records)


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


def erase_messages(records):
    """Delete the activities, messages and attachments of some records."""
    env = records.env
    mine = Domain([("res_model", "=", records._name), ("res_id", "in", records.ids)])
    env["mail.activity"].with_context(active_test=False).search(mine).unlink()
    env["ir.attachment"].search(mine).unlink()
    env["mail.message"].search(
        [("model", "=", records._name), ("res_id", "in", records.ids)]
    ).unlink()
