"""The identifiers of persons, read before they are erased."""

from collections import defaultdict

from odoo.tools import SQL

from .identifiers import Identifiers

NUMBERS = ("phone", "phone_sanitized")
# Columns with names of natural persons, who are found by each word of them too.
NAMES = ("name", "contact_name")
# Records that say who the person is: the title of a lead does not.
COLUMNS = {
    "res.partner": (
        *("name", "company_name", "email", "phone", "phone_sanitized", "street"),
        *("vat", "website"),
    ),
    "crm.lead": (
        *("contact_name", "partner_name", "email_from", "phone", "phone_sanitized"),
        *("street", "website"),
    ),
    "res.partner.bank": ("acc_number", "acc_holder_name"),
    "res.users": ("login",),
}


def read_persons(env):
    """Return ``{person: Identifiers}`` of the persons that a `Finder` has found."""
    values = defaultdict(set)
    env.cr.execute("SELECT person, name, value FROM privacy_former")
    for person, name, value in env.cr.fetchall():
        values[person].add((name, value))
    for model, columns in COLUMNS.items():
        for row in _read_columns(env, model, columns):
            person, *texts = row
            values[person].update(zip(columns, texts, strict=True))
    env.cr.execute(
        "SELECT p.id FROM res_partner AS p JOIN privacy_record AS r ON r.id = p.id "
        "WHERE r.model = 'res.partner' AND p.is_company"
    )
    companies = {row[0] for row in env.cr.fetchall()}
    return {
        person: _make_identifiers(found, person in companies)
        for person, found in values.items()
    }


def _read_columns(env, model, columns):
    env.cr.execute(
        SQL(
            "SELECT r.person, %s FROM privacy_record AS r JOIN %s AS t ON t.id = r.id "
            "WHERE r.model = %s AND r.own",
            SQL(", ").join(SQL.identifier("t", column) for column in columns),
            SQL.identifier(env[model]._table),
            model,
        )
    )
    return env.cr.fetchall()


def _make_identifiers(values, is_company):
    """Return the identifiers in ``(column, text)`` pairs."""
    texts, numbers, names = [], [], []
    for column, text in values:
        if not text:
            continue
        if column in NUMBERS:
            numbers.append(text)
        else:
            texts.append(text)
            if column in NAMES and not is_company:
                names.append(text)
    return Identifiers(texts, numbers, names)
