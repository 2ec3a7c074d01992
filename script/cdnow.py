"""Load the customers of CDNOW into a database and run a lifecycle over them.

The file has every purchase from January 1997 to June 1998 of the 23,570 customers
who first bought from the online music shop CDNOW in the first quarter of 1997:
69,659 lines of customer, day, number of CDs and dollar value. The data is
(c) Peter Fader and Bruce Hardie.

Run it in the Odoo shell:

    CDNOW_SHIFT=1 script/odoo shell -d lifecycle --no-http < script/cdnow.py

CDNOW_FILE        the file (`script/odoo` sets it)
CDNOW_SHIFT=0     keep the dates, and run the lifecycle as of the last one, 1998-06-30
CDNOW_SHIFT=1     move all dates by whole weeks, so that the last purchase is in the
                  past week, and run the lifecycle as of today
CDNOW_PRINT_ONLY  1: only print the customers by stage

Existing customers are not loaded again, but the lifecycle is updated. Importing this
file runs nothing, so that tests can use its functions.
"""

import os
import sys
import time
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from unicodedata import east_asian_width

from odoo.fields import Command
from odoo.tools import SQL

TEMPLATE = "growth"
LANGUAGES = ("en_US", "zh_CN")


class Purchase(NamedTuple):
    """A line of the file."""

    customer: str
    day: date
    cds: int
    amount: Decimal


# ------------------------------------------------------------
# The file
# ------------------------------------------------------------


def read_purchases(path, weeks=0):
    """Return the purchases of the file, moved by ``weeks``, ordered by day."""
    purchases = []
    with open(path, encoding="ascii") as lines:
        next(lines)  # skip the header
        for line in lines:
            customer, day, cds, amount = line.split()
            purchases.append(
                Purchase(
                    customer,
                    datetime.strptime(day, "%Y%m%d").date() + timedelta(weeks=weeks),
                    int(cds),
                    Decimal(amount),
                )
            )
    return sorted(purchases, key=lambda purchase: (purchase.day, purchase.customer))


def get_weeks_until(today, last_day):
    """Return the number of weeks to move ``last_day`` into the week before today.

    >>> get_weeks_until(date(1998, 7, 8), date(1998, 6, 30))
    1
    >>> get_weeks_until(date(1998, 7, 7), date(1998, 6, 30))
    0
    """
    return ((today - last_day).days - 1) // 7


# ------------------------------------------------------------
# Loading
# ------------------------------------------------------------


def is_loaded(env, purchases, company):
    """Return whether the company already has the customers of the purchases."""
    customers = {purchase.customer for purchase in purchases}
    return bool(
        env["res.partner"]
        .with_context(active_test=False)
        .search_count(
            [("ref", "in", list(customers)), ("company_id", "=", company.id)], limit=1
        )
    )


def load(env, purchases, company):
    """Add a contact for each customer and a confirmed order for each purchase.

    Creating 70,000 orders with the ORM takes too long. So the ORM creates one customer
    and one order as patterns, which are rolled back. One SQL statement per table copies
    the rows of the patterns with different values. The copies also have the values that
    installed addons set.
    """
    env = env(context=dict(env.context, tracking_disable=True))
    env = env["res.company"].with_company(company).env
    product = create_product(env)
    patterns = get_patterns(env, product)
    create_purchase_tables(env, purchases)
    insert_partners(env, patterns["res_partner"])
    insert_orders(env, patterns["sale_order"])
    insert_order_lines(env, patterns["sale_order_line"])
    for table in ("res_partner", "sale_order", "sale_order_line"):
        env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
    env.cr.execute(SQL("DROP TABLE cdnow_purchase, cdnow_customer"))
    env.invalidate_all()


def create_product(env):
    """Return the only product. The file has amounts paid, but no prices of CDs."""
    return env["product.product"].create(
        {
            "name": "CD",
            "default_code": "CD",
            "list_price": 0,
            "taxes_id": [Command.clear()],
            # Leave no order to invoice, since the purchases were paid long ago.
            "invoice_policy": "delivery",
        }
    )


def get_patterns(env, product):
    """Return the rows of a customer and order created by the ORM, as JSON text."""
    with env.cr.savepoint() as savepoint:
        partner = env["res.partner"].create(
            {"name": "Pattern", "company_id": env.company.id}
        )
        order = env["sale.order"].create(
            {
                "name": "Pattern",
                "partner_id": partner.id,
                "user_id": False,
                "team_id": False,
                "pricelist_id": False,
                "validity_date": False,
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": 1})
                ],
            }
        )
        order.action_confirm()
        env.flush_all()
        patterns = {}
        for record in (partner, order, order.order_line):
            [[patterns[record._table]]] = env.execute_query(
                SQL(
                    "SELECT to_jsonb(t)::text FROM %s AS t WHERE id = %s",
                    SQL.identifier(record._table),
                    record.id,
                )
            )
        savepoint.rollback()
    return patterns


def create_purchase_tables(env, purchases):
    """Create temporary tables of purchases and customers, with ids for new rows."""
    env.cr.execute(
        SQL(
            """
            CREATE TEMPORARY TABLE cdnow_purchase ON COMMIT DROP AS
            SELECT nextval('sale_order_id_seq') AS order_id, number, customer,
                   day + time '12:00' AS moment, cds, amount
              FROM unnest(%s::text[], %s::date[], %s::int[], %s::numeric[])
                   WITH ORDINALITY AS p (customer, day, cds, amount, number)
             ORDER BY number
            """,
            *(list(column) for column in zip(*purchases, strict=True)),
        )
    )
    env.cr.execute(
        SQL(
            """
            CREATE TEMPORARY TABLE cdnow_customer ON COMMIT DROP AS
            SELECT nextval('res_partner_id_seq') AS partner_id, c.*
              FROM (SELECT customer, MIN(moment) AS moment
                      FROM cdnow_purchase GROUP BY customer ORDER BY customer) AS c
            """
        )
    )
    env.cr.execute(SQL("ANALYZE cdnow_purchase, cdnow_customer"))


def insert_partners(env, pattern):
    """Add the customers as persons, created on the day of their first purchase."""
    name = SQL("'CDNOW ' || customer")
    insert_copies(
        env,
        "res_partner",
        pattern,
        SQL("cdnow_customer"),
        {
            "id": SQL("partner_id"),
            "commercial_partner_id": SQL("partner_id"),
            "ref": SQL("customer"),
            "name": name,
            "complete_name": name,
            "create_date": SQL("moment"),
        },
    )


def insert_orders(env, pattern):
    """Add the purchases as orders confirmed at noon UTC: the same day in most zones."""
    partner = SQL("partner_id")
    insert_copies(
        env,
        "sale_order",
        pattern,
        SQL(
            "(SELECT p.*, c.partner_id FROM cdnow_purchase AS p "
            "JOIN cdnow_customer AS c USING (customer) ORDER BY number)"
        ),
        {
            "id": SQL("order_id"),
            "name": SQL("'CDNOW' || lpad(number::text, 6, '0')"),
            "partner_id": partner,
            "partner_invoice_id": partner,
            "partner_shipping_id": partner,
            "date_order": SQL("moment"),
            "create_date": SQL("moment"),
            "amount_untaxed": SQL("amount"),
            "amount_total": SQL("amount"),
        },
    )


def insert_order_lines(env, pattern):
    """Add the line of each order.

    The file has the value of a purchase, but not the price of a CD, which often is not
    a whole number of cents. So a line has the quantity 1, and the number of CDs in its
    name. Its price differs from the technical price, so Odoo treats it as set by hand
    and doesn't change it.
    """
    amount = SQL("amount")
    insert_copies(
        env,
        "sale_order_line",
        pattern,
        SQL(
            "(SELECT p.*, c.partner_id FROM cdnow_purchase AS p "
            "JOIN cdnow_customer AS c USING (customer) ORDER BY number)"
        ),
        {
            "id": SQL("nextval('sale_order_line_id_seq')"),
            "order_id": SQL("order_id"),
            "order_partner_id": SQL("partner_id"),
            "name": SQL("cds || CASE cds WHEN 1 THEN ' CD' ELSE ' CDs' END"),
            "price_unit": amount,
            "price_subtotal": amount,
            "price_total": amount,
            "price_reduce_taxexcl": amount,
            "price_reduce_taxinc": amount,
            "create_date": SQL("moment"),
        },
    )


def insert_copies(env, table, pattern, source, values):
    """Insert a copy of the pattern, except ``values``, for each row of a source."""
    pairs = (SQL("%s::text, %s", column, value) for column, value in values.items())
    env.cr.execute(
        SQL(
            """
            INSERT INTO %(table)s
            SELECT made.*
              FROM %(source)s AS s,
                   jsonb_populate_record(
                       NULL::%(table)s,
                       %(pattern)s::jsonb || jsonb_build_object(%(values)s)) AS made
            """,
            table=SQL.identifier(table),
            source=source,
            pattern=pattern,
            values=SQL(", ").join(pairs),
        )
    )


# ------------------------------------------------------------
# The lifecycle
# ------------------------------------------------------------


def find_lifecycle(env, company):
    """Return the lifecycle of the company that was created from the template."""
    return env["crm.lifecycle"].search(
        [
            ("template_code", "=", TEMPLATE),
            ("company_id", "=", company.id),
            ("state", "=", "active"),
        ],
        limit=1,
    )


def activate_lifecycle(env, company):
    """Return the lifecycle of the company; create it from the template if missing."""
    lifecycle = find_lifecycle(env, company)
    if not lifecycle:
        lifecycle = env["crm.lifecycle.template"]._instantiate(TEMPLATE, company)
        lifecycle.action_activate()
    return lifecycle


def stop_clock(env):
    """Disable scheduled runs, so that the customers stay in 1998."""
    env.ref("crm_lifecycle.ir_cron_run").active = False


# ------------------------------------------------------------
# The table
# ------------------------------------------------------------


def get_stage_rows(env, lifecycle):
    """Return the name per language, customers and revenue of each stage."""
    figures = {
        stage: (count, revenue)
        for stage, count, revenue in env["crm.lifecycle.profile"]._read_group(
            [("lifecycle_id", "=", lifecycle.id)],
            ["stage_id"],
            ["__count", "order_total:sum"],
        )
    }
    return [
        (
            [stage.with_context(lang=lang).name for lang in LANGUAGES],
            *figures.get(stage, (0, 0.0)),
        )
        for stage in lifecycle.stage_ids.sorted("sequence")
    ]


def format_stage_table(rows, currency):
    """Format the rows of `get_stage_rows` as text, with their sum."""
    customers = sum(row[1] for row in rows)
    revenue = sum(row[2] for row in rows)
    lines = [("Stage", "阶段", "Customers", "Share", f"Revenue ({currency})")]
    for (english, chinese), count, amount in [
        *rows,
        (("Sum", "合计"), customers, revenue),
    ]:
        share = f"{count / customers:.1%}" if customers else ""
        lines.append((english, chinese, f"{count:,}", share, f"{amount:,.2f}"))
    widths = [max(map(get_width, column)) for column in zip(*lines, strict=True)]
    texts = [
        "  ".join(
            pad(cell, width, right=index > 1)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join([texts[0], rule, *texts[1:-1], rule, texts[-1]])


def get_width(text):
    """Return the columns of a text on a terminal; a Chinese character takes two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def pad(text, width, right):
    """Pad the text with spaces to the width."""
    blanks = " " * (width - get_width(text))
    return blanks + text if right else text + blanks


def print_report(env, company, lifecycle):
    """Print the customers by stage, and the run that moved them."""
    run = env["crm.lifecycle.run"].search(
        [("company_id", "=", company.id), ("state", "=", "done")], limit=1
    )
    print(f"{lifecycle.name}, as of {run.as_of}")
    print()
    currency = company.currency_id.name
    print(format_stage_table(get_stage_rows(env, lifecycle), currency))


# ------------------------------------------------------------
# The script
# ------------------------------------------------------------


def main(env):
    """Load the customers, or only print them, as the environment variables say."""
    sys.stdout.reconfigure(encoding="utf-8")
    if "crm.lifecycle.source.sale" not in env:
        sys.exit(
            "The addon crm_lifecycle_sale is not installed here. Install it first."
        )
    company = env.ref("base.main_company")
    env = env["res.company"].with_company(company).env
    if os.environ.get("CDNOW_PRINT_ONLY") == "1":
        lifecycle = find_lifecycle(env, company)
        if not lifecycle:
            sys.exit("No customers of CDNOW here. Run this without CDNOW_PRINT_ONLY.")
        print_report(env, company, lifecycle)
        return
    path = os.environ.get("CDNOW_FILE")
    if not path:
        sys.exit("CDNOW_FILE is empty. Set it to the path of CDNOW_master.txt.")
    run_all(env, company, path, shifted=os.environ.get("CDNOW_SHIFT") == "1")


def refresh_reports(env):
    """Update the stored data of reports, like their scheduled jobs."""
    for model in ("crm.lifecycle.growth.event", "crm.lifecycle.purchase.month"):
        if model in env:
            env[model]._cron_refresh()


def run_all(env, company, path, shifted):
    """Load missing customers, run the lifecycle, and print its duration and result."""
    started = time.monotonic()
    purchases = read_purchases(path)
    as_of = purchases[-1].day
    if shifted:
        today = company._lifecycle_today()
        purchases = read_purchases(path, get_weeks_until(today, as_of))
        as_of = today
    else:
        stop_clock(env)
    if not is_loaded(env, purchases, company):
        load(env, purchases, company)
    lifecycle = activate_lifecycle(env, company)
    env.cr.commit()
    loaded = time.monotonic()
    env["crm.lifecycle"]._run(
        company, as_of=as_of, checkpoint=lambda done, remaining: env.cr.commit()
    )
    refresh_reports(env)
    env.cr.commit()
    print_report(env, company, lifecycle)
    print()
    print(
        f"Loaded in {loaded - started:.1f} s, run in {time.monotonic() - loaded:.1f} s"
    )


if __name__ == "__main__":
    main(env)  # the Odoo shell defines `env`
