"""Check the rows of a file with purchases, all at once, before Odoo imports them.

Odoo's import finds one error at a time in the rows that it creates, and writes a long
file in batches. Here, the customers of all rows are looked up together, and each wrong
row is named, with what to do.
"""

import math

from odoo import fields
from odoo.fields import Domain
from odoo.tools import format_date, split_every

from odoo.addons.crm_lifecycle.fields import MAX_AMOUNT

REQUIRED = ("partner_id", "name", "date", "amount")
# Errors that are shown at once; a file in a wrong format has one in each row.
MAX_ERRORS = 100
# Customers that an error message names.
MAX_NAMES = 3
# Values per search.
BATCH = 10000


class ImportFile:
    """The columns and rows of a file.

    :param model: the `crm.lifecycle.purchase.import` model, as the importing user
    :param columns, rows: see `load`
    """

    def __init__(self, model, columns, rows):
        self.model = model
        self.env = model.env
        self.columns = list(columns)
        self.rows = [[_clean(cell) for cell in row] for row in rows]
        # IDs of customers and currencies by row; Odoo would look each up by itself.
        self.found = [{} for _row in self.rows]
        self.messages = []
        self.count = 0

    def check(self):
        """Return an error message for each wrong row.

        Take the customers and currencies out of the rows; their IDs are ``found``.
        """
        self._check_columns()
        if self.messages:
            return self.messages
        customers = self._find_partners()
        self._find_currencies()
        for name, check in (
            ("name", self._check_number),
            ("date", self._check_date),
            ("amount", self._check_amount),
        ):
            if name in self.columns:
                index = self.columns.index(name)
                for number, row in enumerate(self.rows):
                    check(number, row[index])
        self._check_repeated(customers)
        self.messages.sort(key=lambda message: message["record"])
        if self.count > MAX_ERRORS:
            text = self.env._(
                "%(count)s rows or cells are wrong; the first %(shown)s are shown. "
                "Correct them and test the file again.",
                count=self.count,
                shown=MAX_ERRORS,
            )
            self.messages.append({"type": "warning", "message": text})
        return self.messages

    def _refuse(self, number, field, text):
        self.count += 1
        if self.count <= MAX_ERRORS:
            self.messages.append(
                {
                    "type": "error",
                    "rows": {"from": number, "to": number},
                    "record": number,
                    "field": field,
                    "message": text,
                }
            )

    def _get_label(self, name):
        return self.model._fields[name]._description_string(self.env)

    def _check_columns(self):
        """Refuse a file without a required column, unless it updates by ID."""
        names = {column.partition("/")[0] for column in self.columns}
        if names & {"id", ".id"}:
            return
        for name in REQUIRED:
            if name not in names:
                self._refuse(
                    0,
                    name,
                    self.env._(
                        "The file has no column “%(column)s”. Add it, or choose this "
                        "field for the column that has it.",
                        column=self._get_label(name),
                    ),
                )

    # ------------------------------------------------------------
    # Customers
    # ------------------------------------------------------------

    def _take_column(self, column):
        """Remove a column; return its cells, None without the column."""
        if column not in self.columns:
            return None
        index = self.columns.index(column)
        del self.columns[index]
        return [row.pop(index) for row in self.rows]

    def _find_partners(self):
        """Find the contacts of the rows.

        :return: the ID of each row's commercial partner, None without one
        """
        customers = [None] * len(self.rows)
        for column, find in (
            ("partner_id", self._find_named),
            ("partner_id/id", self._find_external),
            ("partner_id/.id", self._find_ids),
        ):
            cells = self._take_column(column)
            if cells is None:
                continue
            found = find(set(cells) - {""})
            texts = {}
            for number, value in enumerate(cells):
                by_customer = found.get(value, {})
                if len(by_customer) == 1:
                    [(customer, partner_id)] = by_customer.items()
                    customers[number] = customer
                    self.found[number]["partner_id"] = partner_id
                    continue
                if value not in texts:
                    texts[value] = self._get_partner_text(value, by_customer)
                self._refuse(number, "partner_id", texts[value])
        return customers

    def _search_partners(self, domain):
        """Return contacts that the user may read, of the company or of no company."""
        companies = self.env.company
        if any(column.startswith("company_id") for column in self.columns):
            companies = self.env.companies
        return self.env["res.partner"].search_fetch(
            domain & Domain("company_id", "in", [False, *companies.ids]),
            ["name", "complete_name", "email_normalized", "ref"],
            order="id",
        )

    def _find_named(self, values):
        """Return ``{value: {customer id: contact id}}`` by reference, email or name."""
        by_email = {}
        for value in values:
            by_email.setdefault(value.lower(), []).append(value)
        found = {}
        for part in split_every(BATCH, values, list):
            emails = [value.lower() for value in part]
            partners = self._search_partners(
                Domain("ref", "in", part)
                | Domain("email_normalized", "in", emails)
                | Domain("name", "in", part)
                | Domain("complete_name", "in", part)
            )
            for partner in partners:
                keys = {partner.ref, partner.name, partner.complete_name} & values
                keys.update(by_email.get(partner.email_normalized, ()))
                for key in keys:
                    self._add(found, key, partner)
        return found

    def _find_external(self, values):
        """Return ``{external ID: {customer id: contact id}}``."""
        full = {
            value: value if "." in value else f"__import__.{value}" for value in values
        }
        rows = (
            self.env["ir.model.data"]
            .sudo()  # sudo: as in Odoo's own import
            ._lookup_xmlids(list(full.values()), self.env["res.partner"])
        )
        ids = {f"{row[1]}.{row[2]}": row[4] for row in rows if row[3] == "res.partner"}
        return self._find_readable(
            {value: ids[xmlid] for value, xmlid in full.items() if xmlid in ids}
        )

    def _find_ids(self, values):
        """Return ``{database ID: {customer id: contact id}}``."""
        return self._find_readable(
            {
                value: int(value)
                for value in values
                if value.isdecimal() and len(value) < 10
            }
        )

    def _find_readable(self, ids):
        partners = self._search_partners(Domain("id", "in", list(ids.values())))
        by_id = {partner.id: partner for partner in partners}
        found = {}
        for value, partner_id in ids.items():
            if partner_id in by_id:
                self._add(found, value, by_id[partner_id])
        return found

    def _add(self, found, key, partner):
        """Add a contact that has a value; of several of one customer, take the first.

        The company itself goes before its contacts.
        """
        # sudo: the commercial partner only shows which contacts are one customer.
        customer = partner.sudo().commercial_partner_id.id
        by_customer = found.setdefault(key, {})
        if customer not in by_customer or partner.id == customer:
            by_customer[customer] = partner.id

    def _get_partner_text(self, value, by_customer):
        """Return the error message for a value without exactly one customer."""
        if not value:
            return self.env._(
                "The customer is missing. Write a reference, an email or a name."
            )
        if not by_customer:
            return self.env._(
                "No customer has the reference, email or name “%(value)s”. Correct it, "
                "or create the contact first.",
                value=value,
            )
        partners = self.env["res.partner"].browse(by_customer.values())
        names = [
            f"{partner.display_name} (ID {partner.id})"
            for partner in partners[:MAX_NAMES]
        ]
        return self.env._(
            "“%(value)s” fits %(count)s customers: %(names)s. Write a reference, email "
            "or name that only one of them has.",
            value=value,
            count=len(partners),
            names=", ".join(names) + ("…" if len(partners) > MAX_NAMES else ""),
        )

    # ------------------------------------------------------------
    # Other columns
    # ------------------------------------------------------------

    def _find_currencies(self):
        """Find the currencies by their codes; empty is the currency of the company."""
        cells = self._take_column("currency_id")
        if cells is None:
            return
        currencies = self.env["res.currency"].search([])
        known = {currency.name: currency.id for currency in currencies}
        known[""] = self.env.company.currency_id.id
        for number, value in enumerate(cells):
            currency_id = known.get(value.upper())
            if currency_id:
                self.found[number]["currency_id"] = currency_id
                continue
            self._refuse(
                number,
                "currency_id",
                self.env._(
                    "“%(value)s” is no active currency. Write a code such as "
                    "%(example)s, or activate the currency first.",
                    value=value,
                    example=self.env.company.currency_id.name,
                ),
            )

    def _check_number(self, number, value):
        if not value:
            self._refuse(
                number,
                "name",
                self.env._(
                    "The document number is missing. Write one: a later import finds "
                    "the purchase by it."
                ),
            )

    def _check_date(self, number, value):
        field = self.model._fields["date"]
        try:
            day = fields.Date.to_date(value)
        except ValueError:
            day = None
        if not day:
            self._refuse(
                number,
                "date",
                self.env._(
                    "“%(value)s” is no date. Write the day of the purchase, such as "
                    "%(example)s.",
                    value=value,
                    example="2024-03-31",
                ),
            )
        elif not field.minimum <= day <= field.maximum:
            self._refuse(
                number,
                "date",
                self.env._(
                    "The date %(value)s is not between %(first)s and %(last)s. Write "
                    "the day of the purchase.",
                    value=value,
                    first=format_date(self.env, field.minimum),
                    last=format_date(self.env, field.maximum),
                ),
            )

    def _check_amount(self, number, value):
        try:
            amount = float(value)
        except ValueError:
            amount = math.nan
        # Written this way round, the check also refuses NaN.
        if not abs(amount) <= MAX_AMOUNT:
            self._refuse(
                number,
                "amount",
                self.env._(
                    "“%(value)s” is no amount. Write a number without taxes, negative "
                    "for a return.",
                    value=value,
                ),
            )

    def _check_repeated(self, customers):
        """Refuse a second row with the same key: it would replace the first."""
        if "name" not in self.columns:
            return
        index = self.columns.index("name")
        others = [
            place
            for place, column in enumerate(self.columns)
            if column.startswith("company_id")
        ]
        seen = {}
        for number, (customer, row) in enumerate(
            zip(customers, self.rows, strict=True)
        ):
            if not customer or not row[index]:
                continue
            key = (customer, row[index], *(row[place] for place in others))
            first = seen.setdefault(key, number)
            if first != number:
                self._refuse(
                    number,
                    "name",
                    self.env._(
                        "Row %(row)s has the same customer and document number "
                        "“%(value)s”. Write one row for each document.",
                        row=first + 1,
                        value=row[index],
                    ),
                )


def _clean(cell):
    """Return a cell as text, without spaces around it.

    The database refuses NUL characters.
    """
    if cell is None or cell is False:
        return ""
    return str(cell).replace("\0", "").strip()
