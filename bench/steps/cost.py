"""Queries and time of everyday work, with and without our addons."""

from lxml import etree

from odoo.tests.form import Form

from ..measure import count_queries, median_of, seconds_of
from .common import get_companies
from .users import create_salesperson

TIMES = 20
LIMIT = 80


def measure_cost(env):
    """Measure opening, listing, confirming and writing, as a salesperson.

    Everything is rolled back. The customer is that of the first order, which is the
    same in all databases with the same rows.
    """
    company = get_companies(env)[0]
    env = create_salesperson(env, company)
    partner = _get_customer(env)
    result = {
        "opening a contact": _repeat(env, _opening(partner)),
        f"listing {LIMIT}": _repeat(env, _listing(env)),
        "writing a contact": _repeat(env, _writing(partner, "city")),
        "giving a contact to a salesperson": _repeat(env, _writing_user(partner)),
        "confirming an order": _confirming(env, partner),
    }
    env.cr.rollback()
    return result


def _get_customer(env):
    env.cr.execute(
        "SELECT partner_id FROM sale_order WHERE state = 'sale' AND company_id = %s "
        "ORDER BY id LIMIT 1",
        [env.company.id],
    )
    return env["res.partner"].browse(env.cr.fetchone())


def _repeat(env, work):
    """Return the queries and median seconds of repeatable work."""

    def fresh():
        env.invalidate_all()
        work()
        env.flush_all()

    fresh()
    fresh()
    env.invalidate_all()
    queries = count_queries(env, work)
    return {"queries": queries, "seconds": median_of(TIMES, fresh)}


def _opening(partner):
    """Read the fields of the form, like the web client."""
    specification = Form(partner)._view["fields_spec"]
    return lambda: partner.web_read(specification)


def _listing(env):
    """Read the first page of the list with its default columns."""
    Partner = env["res.partner"]
    view = Partner.get_views([(False, "list")])
    specification = {}
    for node in etree.fromstring(view["views"]["list"]["arch"]).findall("field"):
        if node.get("optional") != "hide":
            field = Partner._fields[node.get("name")]
            specification[node.get("name")] = (
                {"fields": {"display_name": {}}} if field.relational else {}
            )
    return lambda: Partner.web_search_read(
        [], specification, limit=LIMIT, count_limit=10001
    )


def _writing(partner, name):
    values = iter(f"City {number}" for number in range(1_000_000))
    return lambda: partner.write({name: next(values)})


def _writing_user(partner):
    users = partner.env["res.users"].sudo().search([("share", "=", False)], limit=2)
    values = iter(users[number % 2].id for number in range(1_000_000))
    return lambda: partner.write({"user_id": next(values)})


def _confirming(env, partner):
    """Confirm existing quotations; the first ones warm up the caches.

    Counting flushes the cursor like the end of a transaction, so each order is measured
    separately.
    """
    product = env["product.product"].sudo().search([("name", "=", "Bench goods")])
    orders = env["sale.order"].create(
        [
            {
                "partner_id": partner.id,
                "order_line": [(0, 0, {"product_id": product.id})],
            }
            for _number in range(TIMES + 3)
        ]
    )
    env.flush_all()
    seconds, queries = [], []
    for order in orders:
        env.invalidate_all()
        queries.append(0)

        def confirm(order=order):
            queries[-1] = count_queries(env, order.action_confirm)

        seconds.append(seconds_of(confirm))
    return {"queries": queries[-1], "seconds": sorted(seconds[3:])[TIMES // 2]}
