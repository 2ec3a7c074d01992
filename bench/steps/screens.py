"""Specifications of the web client's calls for screens; see `bench.load`."""

from lxml import etree

from odoo.tests.form import Form

from .common import get_companies

# Number of random customers that users work with.
CUSTOMERS = 2000
NUMBERS = ("integer", "float", "monetary")


def describe_screens(env):
    """Return the specifications of the client's calls, and the records to work on."""
    company = get_companies(env)[0]
    user = env["res.users"].search([("login", "=", "load_0")])
    env = env(user=user, context={"allowed_company_ids": company.ids, "lang": "en_US"})
    Profile = env["crm.lifecycle.profile"]
    customer_ids = _draw_customers(env, company)
    kanban = _read_view(Profile, "kanban")
    return {
        "company_id": company.id,
        "customer_ids": customer_ids,
        "product_id": env.ref("__import__.load_product").product_variant_id.id,
        "contact_list": _read_view(env["res.partner"], "list"),
        "contact_form": _read_form(env["res.partner"].browse(customer_ids[0])),
        "order_form": _read_form(env["sale.order"].search([], limit=1)),
        "customer_form": _read_form(Profile.search([], limit=1)),
        "kanban": kanban,
        "kanban_sums": [
            f"{name}:{Profile._fields[name].aggregator}"
            for name in kanban
            if Profile._fields[name].type in NUMBERS
            and Profile._fields[name].store
            and Profile._fields[name].aggregator
        ],
    }


def _draw_customers(env, company):
    env.cr.execute(
        """
        SELECT partner_id FROM crm_lifecycle_profile
         WHERE company_id = %s AND partner_id IS NOT NULL AND active
           AND stage_id IS NOT NULL
         ORDER BY hashint4(partner_id) LIMIT %s
        """,
        [company.id, CUSTOMERS],
    )
    return [partner_id for [partner_id] in env.cr.fetchall()]


def _read_form(record):
    spec = Form(record)._view["fields_spec"]
    _complete(record, spec)
    return spec


def _read_view(model, kind):
    """Return the default fields of a list or kanban, in the format of `web_read`."""
    arch = model.get_views([(False, kind)])["views"][kind]["arch"]
    spec = {
        node.get("name"): {}
        for node in etree.fromstring(arch).iter("field")
        if node.get("optional") != "hide"
    }
    _complete(model, spec)
    return spec


def _complete(model, spec):
    """Add the display names of relational fields, like the client."""
    for name, part in spec.items():
        field = model._fields[name]
        if not field.relational:
            continue
        if "fields" in part:
            _complete(model.env[field.comodel_name], part["fields"])
        else:
            part["fields"] = {"display_name": {}}
