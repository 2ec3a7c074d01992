"""Generate customers and orders straight into a database, for measuring.

Run it in an Odoo shell on a database that may be thrown away:

    BENCH_CUSTOMERS=200000 BENCH_ORDERS=1000000 script/odoo shell -d bench \
        < bench/generate.py

Half of the contacts are persons, the rest companies with one contact person
who orders for them. Orders spread over three years and are skewed as in real
shops: a few customers buy often, most buy once or twice. The same seed gives
the same rows.
"""

import os
import time

CUSTOMERS = int(os.environ.get("BENCH_CUSTOMERS", "200000"))
ORDERS = int(os.environ.get("BENCH_ORDERS", "1000000"))
SEED = float(os.environ.get("BENCH_SEED", "0.42"))


def generate(env):
    """Write the customers and orders; analyse the tables."""
    started = time.monotonic()
    cr = env.cr
    company = env.company
    cr.execute("SELECT setseed(%s)", [SEED])
    cr.execute(
        """
        INSERT INTO res_partner (name, complete_name, active, is_company, type,
                                 company_id, create_date, write_date, partner_share,
                                 autopost_bills)
        SELECT 'Bench ' || n, 'Bench ' || n, TRUE, n %% 2 = 0, 'contact', NULL,
               now() - interval '3 years', now() - interval '3 years', TRUE, 'ask'
          FROM generate_series(1, %s) AS n
        """,
        [CUSTOMERS],
    )
    cr.execute(
        """
        UPDATE res_partner SET commercial_partner_id = id
         WHERE name LIKE 'Bench %' AND commercial_partner_id IS NULL
        """
    )
    cr.execute(
        """
        INSERT INTO res_partner (name, complete_name, active, is_company, type,
                                 parent_id, commercial_partner_id, create_date,
                                 write_date, partner_share, autopost_bills)
        SELECT 'Buyer of ' || name, name || ', Buyer', TRUE, FALSE, 'contact', id, id,
               create_date, write_date, TRUE, 'ask'
          FROM res_partner WHERE name LIKE 'Bench %' AND is_company
        """
    )
    cr.execute(
        """
        CREATE TEMPORARY TABLE buyer AS
        SELECT row_number() OVER (ORDER BY p.id) AS n, COALESCE(c.id, p.id) AS id
          FROM res_partner AS p
     LEFT JOIN res_partner AS c ON c.parent_id = p.id
         WHERE p.name LIKE 'Bench %'
        """
    )
    cr.execute("CREATE UNIQUE INDEX ON buyer (n)")
    cr.execute("ANALYZE buyer")
    cr.execute(
        """
        INSERT INTO sale_order (name, state, partner_id, partner_invoice_id,
                                partner_shipping_id, company_id, currency_id,
                                currency_rate, date_order, create_date, write_date,
                                amount_untaxed, amount_tax, amount_total)
        SELECT 'B' || v.n, v.state, b.id, b.id, b.id, %(company)s, %(currency)s, 1,
               v.moment, v.moment, v.moment, v.amount, 0, v.amount
          FROM (
                SELECT n,
                       1 + floor(%(customers)s * power(random(), 2.5))::int AS buyer,
                       CASE WHEN random() < 0.9 THEN 'sale'
                            WHEN random() < 0.5 THEN 'cancel' ELSE 'draft' END AS state,
                       now() - random() * interval '1095 days' AS moment,
                       round((10 + 490 * power(random(), 3))::numeric, 2) AS amount
                  FROM generate_series(1, %(orders)s) AS n
               ) AS v
          JOIN buyer AS b ON b.n = v.buyer
        """,
        {
            "company": company.id,
            "currency": company.currency_id.id,
            "customers": CUSTOMERS,
            "orders": ORDERS,
        },
    )
    cr.commit()
    for table in ("res_partner", "sale_order"):
        cr.execute(f"ANALYZE {table}")
    cr.commit()
    print(f"{CUSTOMERS} customers, {ORDERS} orders: {time.monotonic() - started:.0f} s")


if "env" in globals():
    generate(globals()["env"])
