"""Importing customers with their stage and its date, through Odoo's import screen.

The file names a customer (name, email, reference or external ID), a stage (name or
code, in the lifecycle of that customer) and, if known, the day on which it began. Each
step looks at all rows at once, and the stages go through the one writer: quiet, with
origin import. What is refused is noted for its row; Odoo's import, which asks row by
row what was wrong, then hears it without any row being tried again, and keeps nothing.
"""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.crm_lifecycle.fields import Date

TEMPLATES = {
    "zh_CN": "/crm_lifecycle_import/static/xls/customer_stages_zh_CN.xlsx",
    None: "/crm_lifecycle_import/static/xls/customer_stages.xlsx",
}


# Among the values of a row: which row of the file it is.
ROW = "lifecycle_import_row"


def _without_nul(cell):
    """Return a cell without what the database takes in no text."""
    return cell.replace("\0", "") if isinstance(cell, str) else cell


class AskEachRow(Exception):
    """Some rows are refused. Odoo's import then asks row by row."""


class Import:
    """What is known about the rows of one import."""

    def __init__(self, partners):
        self.partners = partners  # {(subfield, value): ids of contacts}
        # [(row, profile id, stage as told or None, day or None)]
        self.import_stages = []
        self.refused = {}  # {row: why}

    def by_turn(self):
        """Return the import stages of first rows of customers, of second ones, …

        Each as ``{profile id: (row, stage, day)}``.
        """
        turns, count = [], {}
        for row, profile_id, stage, day in self.import_stages:
            turn = count[profile_id] = count.get(profile_id, -1) + 1
            if turn == len(turns):
                turns.append({})
            turns[turn][profile_id] = (row, stage, day)
        return turns

    def check(self, rows):
        """Raise where a row is refused."""
        if len(rows) == 1 and rows[0] in self.refused:
            raise UserError(self.refused[rows[0]])
        if self.refused:
            raise AskEachRow


def get_import(env):
    """Return the `Import` of an environment, None if there is none."""
    doing = env.context.get("lifecycle_import")
    return doing if isinstance(doing, Import) else None


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    import_stage_date = Date(
        string="Stage date",
        store=False,
        help="For imports: the day on which the imported stage began. Empty: today.",
    )

    @api.model
    def get_import_templates(self):
        """Offer a file to fill in, in the reader's language."""
        return [
            {
                "label": self.env._("Import Template for Stages of Customers"),
                "template": TEMPLATES.get(self.env.lang, TEMPLATES[None]),
            }
        ]

    # ------------------------------------------------------------
    # Odoo's import
    # ------------------------------------------------------------

    @api.model
    def load(self, fields, data):
        """Find the customers of all rows at once."""
        if not self.env.context.get("import_file"):
            return super().load(fields, data)
        data = [[_without_nul(cell) for cell in row] for row in data]
        partners = {}
        for name, find in (
            ("partner_id", self._get_named_partners),
            ("partner_id/id", self._get_external_partners),
        ):
            if name in fields:
                index = fields.index(name)
                values = {row[index] for row in data if isinstance(row[index], str)}
                partners |= find(values - {""})
        records = self.with_context(
            lifecycle_import=Import(partners),
            # The history tells who came in, and when; nobody follows them for it.
            mail_create_nolog=True,
            mail_create_nosubscribe=True,
        )
        return super(CrmLifecycleProfile, records).load(fields, data)

    @api.model
    def _get_named_partners(self, values):
        """Return ``{value: ids}`` of contacts by name, email or reference.

        What is not found, Odoo's import looks for in its own way.
        """
        by_email = {}
        for value in values:
            by_email.setdefault(value.strip().lower(), []).append(value)
        partners = self.env["res.partner"].search_fetch(
            Domain("complete_name", "in", list(values))
            | Domain("email_normalized", "in", list(by_email))
            | Domain("ref", "in", list(values)),
            ["complete_name", "email_normalized", "ref", "commercial_partner_id"],
        )
        found = {}
        for partner in partners:
            keys = {partner.complete_name, partner.ref} & values
            keys.update(by_email.get(partner.email_normalized, ()))
            for key in keys:
                # The profile is the company's, whichever of its contacts is named.
                found.setdefault(key, {})[partner.commercial_partner_id.id] = partner.id
        return {
            (None, value): list(by_customer.values())
            for value, by_customer in found.items()
        }

    @api.model
    def _get_external_partners(self, values):
        """Return ``{value: ids}`` of the contacts with these external IDs."""
        module = self.env.context.get("_import_current_module", "__import__")
        full = {
            value: value if "." in value else f"{module}.{value}" for value in values
        }
        rows = (
            self.env["ir.model.data"]
            .sudo()  # as in Odoo's own import
            ._lookup_xmlids(list(full.values()), self.env["res.partner"])
        )
        ids = {
            f"{row[1]}.{row[2]}": row[4]
            for row in rows
            if row[3] == "res.partner" and row[6]
        }
        return {
            ("id", value): [ids[name]] for value, name in full.items() if name in ids
        }

    def _get_import(self):
        """Return the `Import` that is going on, None if there is none.

        It travels in the context, where RPC can't forge an object.
        """
        return get_import(self.env)

    def _enter_lifecycle(self):
        """Leave new profiles of an import to the stages of its rows."""
        if self._get_import() is None:
            return super()._enter_lifecycle()
        return None

    def _load_records(self, data_list, update=False):
        """Do what the rows say of customers, then set the import stages of all."""
        doing = self._get_import()
        if doing is None:
            return super()._load_records(data_list, update)
        rows = [data["info"]["rows"]["from"] for data in data_list]
        if doing.refused:
            # Nothing is kept any more: Odoo only asks which rows are to blame.
            if rows[0] in doing.refused:
                doing.check(rows[:1])
            return self.browse()
        doing.import_stages = []
        for row, data in zip(rows, data_list, strict=True):
            data["values"][ROW] = row
        records = super()._load_records(data_list, update)
        self._set_import_stages(doing)
        doing.check(rows)
        return records

    def _load_records_create(self, vals_list):
        """Add new customers; those who have a profile already keep it."""
        doing = self._get_import()
        if doing is None:
            return super()._load_records_create(vals_list)
        vals_list = [dict(vals) for vals in vals_list]
        rows = [vals.pop(ROW) for vals in vals_list]
        partners = self.env["res.partner"].browse(
            vals.get("partner_id") or False for vals in vals_list
        )
        # Whether the user may read them is checked below, for all at once.
        customers = [partner.commercial_partner_id.id for partner in partners.sudo()]
        profiles = self._get_known_profiles(customers)
        self._refuse_unreadable_rows(doing, rows, partners)
        self._refuse_strange_rows(doing, rows, customers, profiles)
        doing.check(rows)
        new, changes = {}, {}
        for row, customer, vals in zip(rows, customers, vals_list, strict=True):
            stage, day = vals.pop("stage_id", None), self._pop_day(vals)
            if stage or customer not in profiles:
                doing.import_stages.append([row, customer, stage, day])
            if customer not in profiles:
                new.setdefault(customer, vals)
                continue
            vals.pop("partner_id")
            if vals:
                _vals, ids = changes.setdefault(repr(vals), (vals, []))
                ids.append(profiles[customer].id)
        for vals, ids in changes.values():
            self.browse(ids).write(vals)
        created = super()._load_records_create(list(new.values()))
        profiles |= dict(zip(new, created, strict=True))
        for import_stage in doing.import_stages:
            import_stage[1] = profiles[import_stage[1]].id
        return self.browse(profiles[customer].id for customer in customers)

    @api.model
    def _get_known_profiles(self, customers):
        """Return ``{customer: profile}`` of those who have a profile here."""
        domain = [
            ("partner_id", "in", customers),
            ("company_id", "=", self.env.company.id),
        ]
        # Asked for everybody: a second profile of a customer is refused.
        known = self.sudo().with_context(active_test=False).search(domain)
        return {profile.partner_id.id: profile.with_env(self.env) for profile in known}

    @api.model
    def _refuse_unreadable_rows(self, doing, rows, partners):
        """Refuse rows that name contacts which the user may not read, by an ID."""
        # The profile shows the company of a contact, so both are to be readable.
        contacts = partners.sudo()
        named = partners.browse({*contacts.ids, *contacts.commercial_partner_id.ids})
        readable = set(named._filtered_access("read").ids)
        for row, contact in zip(rows, contacts, strict=True):
            if {contact.id, contact.commercial_partner_id.id} - {False, *readable}:
                doing.refused[row] = self._get_missing_text()

    @api.model
    def _get_missing_text(self):
        return self.env._("No customer was found for this row.")

    @api.model
    def _refuse_strange_rows(self, doing, rows, customers, profiles):
        """Refuse rows without a customer, or with somebody else's."""
        known = self.browse(profile.id for profile in profiles.values())
        mine = known._filtered_access("write")
        for row, customer in zip(rows, customers, strict=True):
            if row in doing.refused:
                continue
            if not customer:
                doing.refused[row] = self._get_missing_text()
            elif customer in profiles and profiles[customer] not in mine:
                doing.refused[row] = self.env._(
                    "%(customer)s is another salesperson's customer. Leave that row to "
                    "them, or to somebody who may change all customers.",
                    customer=profiles[customer].sudo().display_name,  # as they wrote
                )

    def _load_records_write(self, values):
        """Change a customer whom the row names by the profile's own ID."""
        doing = self._get_import()
        if doing is None:
            return super()._load_records_write(values)
        values = dict(values)
        values.pop("id", None)
        row, stage = values.pop(ROW), values.pop("stage_id", None)
        day = self._pop_day(values)
        if "partner_id" in values:
            partner = self.env["res.partner"].browse(values.pop("partner_id"))
            if partner.commercial_partner_id != self.partner_id:
                doing.refused[row] = self.env._(
                    "The profile of %(customer)s can't become another customer's.",
                    customer=self.display_name,
                )
                return
        if stage:
            self.check_access("write")
            doing.import_stages.append((row, self.id, stage, day))
        if values:
            super()._load_records_write(values)

    @api.model
    def _pop_day(self, vals):
        field = self._fields["import_stage_date"]
        return field.check(vals.pop(field.name, None) or None, self, vals)
