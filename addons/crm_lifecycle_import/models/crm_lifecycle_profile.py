"""Import of customers with stage and stage date, through Odoo's import screen.

The file names a customer (name, email, reference or external ID), a stage (name or
code, in the customer's lifecycle) and, optionally, the day on which the stage began.
Each step processes all rows at once, and the move service writes the stages: quiet,
with the origin “import”. Refusals are stored by row. Odoo's import, which retries row
by row to find the errors, then gets them without processing a row again, and keeps
nothing.
"""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.crm_lifecycle.fields import Date

TEMPLATES = {
    "zh_CN": "/crm_lifecycle_import/static/xls/customer_stages_zh_CN.xlsx",
    None: "/crm_lifecycle_import/static/xls/customer_stages.xlsx",
}


# Key of the row number in the file, among the values of a row.
ROW = "lifecycle_import_row"


def _without_nul(cell):
    """Return a cell without NUL characters, which the database refuses."""
    return cell.replace("\0", "") if isinstance(cell, str) else cell


class AskEachRow(Exception):
    """Some rows are refused. Odoo's import then retries row by row."""


class Import:
    """State of one import."""

    def __init__(self, partners):
        self.partners = partners  # {(subfield, value): ids of contacts}
        self.import_stages = []  # (row, profile id, stage or None, day or None)
        self.refused = {}  # {row: reason}

    def get_nth_rows(self):
        """Return the first row of each customer, then the second row of each, …

        Each item is ``{profile id: (row, stage, day)}``.
        """
        nth_rows, count = [], {}
        for row, profile_id, stage, day in self.import_stages:
            number = count[profile_id] = count.get(profile_id, -1) + 1
            if number == len(nth_rows):
                nth_rows.append({})
            nth_rows[number][profile_id] = (row, stage, day)
        return nth_rows

    def check(self, rows):
        """Raise if a row is refused."""
        if len(rows) == 1 and rows[0] in self.refused:
            raise UserError(self.refused[rows[0]])
        if self.refused:
            raise AskEachRow


def get_import(env):
    """Return the current `Import` of an environment, None if there is none."""
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
        """Return an import template in the user's language."""
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
            # The history records the import; users should not follow the customers.
            mail_create_nolog=True,
            mail_create_nosubscribe=True,
        )
        return super(CrmLifecycleProfile, records).load(fields, data)

    @api.model
    def _get_named_partners(self, values):
        """Return ``{value: ids}`` of contacts by name, email or reference.

        Odoo's import then looks up the missing values in its own way.
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
                # Contacts of a company share its profile.
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
            .sudo()  # sudo: as in Odoo's own import
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
        """Return the current `Import`, None if there is none.

        It is passed in the context, where RPC can't forge an object.
        """
        return get_import(self.env)

    def _enter_lifecycle(self):
        """Leave new profiles of an import to the stages of its rows."""
        if self._get_import() is None:
            return super()._enter_lifecycle()
        return None

    def _load_records(self, data_list, update=False):
        """Load the rows, then set the import stages of all customers together."""
        doing = self._get_import()
        if doing is None:
            return super()._load_records(data_list, update)
        rows = [data["info"]["rows"]["from"] for data in data_list]
        if doing.refused:
            # Nothing will be kept: Odoo only looks for the refused rows.
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
        """Create the new customers, and keep existing profiles."""
        doing = self._get_import()
        if doing is None:
            return super()._load_records_create(vals_list)
        vals_list = [dict(vals) for vals in vals_list]
        rows = [vals.pop(ROW) for vals in vals_list]
        partners = self.env["res.partner"].browse(
            vals.get("partner_id") or False for vals in vals_list
        )
        # sudo: read access is checked below, for all rows at once.
        customers = [partner.commercial_partner_id.id for partner in partners.sudo()]
        profiles = self._get_known_profiles(customers)
        self._refuse_unreadable_rows(doing, rows, partners)
        self._refuse_strange_rows(doing, rows, customers, profiles)
        doing.check(rows)
        new, changes = {}, {}
        for row, customer, vals in zip(rows, customers, vals_list, strict=True):
            stage, day = vals.pop("stage_id", None), self._pop_day(vals)
            if stage or day or customer not in profiles:
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
        """Return ``{customer: profile}`` of the profiles in the current company."""
        domain = [
            ("partner_id", "in", customers),
            ("company_id", "=", self.env.company.id),
        ]
        # sudo: a second profile of a customer is refused in any case.
        known = self.sudo().with_context(active_test=False).search(domain)
        return {profile.partner_id.id: profile.with_env(self.env) for profile in known}

    @api.model
    def _refuse_unreadable_rows(self, doing, rows, partners):
        """Refuse rows with the ID of a contact that the user may not read."""
        # sudo: the profile shows the contact's company, so both must be readable.
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
        """Refuse rows without a customer, or with a customer of another salesperson."""
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
                    customer=profiles[customer].sudo().display_name,  # from the file
                )

    def _load_records_write(self, values):
        """Update a customer that the row identifies by the ID of the profile."""
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
        if stage or day:
            self.check_access("write")
            doing.import_stages.append((row, self.id, stage, day))
        if values:
            super()._load_records_write(values)

    @api.model
    def _pop_day(self, vals):
        field = self._fields["import_stage_date"]
        return field.check(vals.pop(field.name, None) or None, self, vals)
