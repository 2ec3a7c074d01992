"""Type texts with active code into every field, to check that they stay text."""

from lxml import html
from markupsafe import Markup

from odoo.tools import SQL

from . import access_matrix as matrix

# One text with code, a picture and a drawing that run code, the end of an attribute, a
# link, templates of three kinds, marks that change the direction of writing, and a
# character without width.
PAYLOAD = (
    "<script>window.payloadRan=1</script>"
    '<img src=x onerror="window.payloadRan=2">'
    "\"'><svg onload='window.payloadRan=3'>"
    "<a href='javascript:window.payloadRan=4'>x</a>"
    " {{ 7*7777777 }} ${7*7777777} <t t-out='7*7777777'/>"
    " javascript:window.payloadRan=5 \u202ecba\u202c \u200bz"
)
# HTML fields allow pictures, but no code.
RICH = Markup("<p>Rich %s</p>") % Markup(PAYLOAD.replace("src=x", "src=rich"))
# Text fields that do not hold text of users.
TECHNICAL = {
    *("code", "key", "domain", "stage_filter", "kind", "kinds", "model", "method"),
    *("name_en", "file_name", "snapshot", "result", "payload", "topics", "digest"),
    *("access_token", "email", "lang", "login", "password", "tz", "hash"),
    *("anchor_digest", "job_uuid", "partner_domain"),
    *("res_model", "source_model", "template_code", "signature", "state", "phone"),
}

# Fields of other addons' records that our screens show.
TYPED_BY_OTHERS = {"name", "complete_name", "title", "value_text_box"}


def mark(kind, text=PAYLOAD):
    """Return the text with the name of the field that it is typed into."""
    return f"⟦{kind}⟧{text}⟦end⟧"


class TypedTexts:
    """The world of the access matrix, its texts replaced by `PAYLOAD`.

    So a new model, or a new field that users type into, is tested as soon as it has an
    access decision.
    """

    def __init__(self, env):
        self.tables = matrix.Tables(env)
        self.world = matrix.World(env, self.tables)
        self.env = self.world.env
        self.kinds = set()
        for model, samples in self.world.made.items():
            if self.env[model]._auto and not self.env[model]._transient:
                self.type_in(self._get_records(model, samples.values()))
        self.type_in(self.env["res.partner"].search([("name", "ilike", "Access ")]))
        self.env.flush_all()
        self.env.invalidate_all()

    def _get_records(self, model, samples):
        """Return all records of our own models, the samples of others."""
        if type(self.env[model])._original_module in self.tables.addons:
            return self.env[model].with_context(active_test=False).search([])
        return self.env[model].union(*(sample.record for sample in samples))

    def type_in(self, records):
        """Write the text into all fields of some records that users type into."""
        names = [name for name in self.get_typed(records)]
        for record in records:
            values = {
                name: mark(f"{records._name}.{name}")
                for name in names
                if records._fields[name].type != "html"
            }
            self._put(record, values)
            rich = [name for name in names if records._fields[name].type == "html"]
            if rich:
                # Only the ORM sanitizes HTML.
                record.write(dict.fromkeys(rich, RICH))
        self.kinds |= {f"{records._name}.{name}" for name in names}

    def get_typed(self, records):
        """Return the names of the fields that hold text typed by users."""
        own = set(self.tables.addons)
        return [
            name
            for name, field in records._fields.items()
            if field.type in ("char", "text", "html")
            and field.store
            and field.column_type
            and not field.related
            and name not in TECHNICAL
            and (set(field._modules) & own or name in TYPED_BY_OTHERS)
        ]

    def _put(self, record, values):
        """Write texts by SQL, without checks, as some rows can't be written again."""
        self.env.flush_all()
        for name, text in values.items():
            text += f" {record.id}"  # some names are unique
            column = SQL("%s", text)
            if record._fields[name].translate:
                column = SQL("jsonb_build_object('en_US', %s::text)", text)
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET %s = %s WHERE id = %s",
                    SQL.identifier(record._table),
                    SQL.identifier(name),
                    column,
                    record.id,
                )
            )
        record.invalidate_recordset()


def find_live(text):
    """Return the parts of `PAYLOAD` that are HTML in a text shown as HTML."""
    text = text.decode() if isinstance(text, bytes) else str(text or "")
    live = []
    if not text.strip():
        return live
    root = html.fragment_fromstring(text, create_parent="div")
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        if element.tag == "script" and (element.text or "").startswith(
            "window.payloadRan"
        ):
            live.append("a script")
        for name, value in element.attrib.items():
            is_code = name.startswith("on") or value.strip().startswith("javascript:")
            if is_code and "payloadRan" in value:
                live.append(f"<{element.tag} {name}={value!r}>")
        if element.tag == "img" and element.get("src") == "x":
            live.append("an image")
    if "54444439" in root.text_content():
        live.append("a template was worked out")
    return live
