"""Generate the customers of a shop directly in a database, for benchmarks.

Run it in the Odoo shell on a disposable database:

    BENCH_CUSTOMERS=100000 BENCH_ORDERS=500000 script/odoo shell -d bench \
        --no-http < bench/generate.py

or call ``generate(env, customers, orders)`` from a test. It uses SQL. All random values
are hashes of the row number and the seed, so the same arguments give the same rows on
any day and with any query plan. All datetimes are in the three years up to the end of
``AS_OF``.

bench/README.md describes the rows.
"""

import os
import time
from dataclasses import dataclass, field
from datetime import date, timedelta

AS_OF = date(2026, 6, 30)
DAYS = 1095
START = AS_OF - timedelta(days=DAYS - 1)
# Time zone of both companies.
TIME_ZONE = "Europe/Brussels"

# Shares of all customers: buyers, companies, buyers in both companies, customers of
# the second company, archived ones.
BUYERS = 0.92
COMPANIES = 0.4
BOTH = 0.05
SECOND = 0.2
ARCHIVED = 0.005
# Distribution of orders over buyers: a share of them buys once; the others follow a
# Lomax distribution with this exponent, capped at about one order a day.
ONCE = 0.4
SKEW = 2.5
HEAVIEST = 100
# Upper bound of the number of orders per customer, to compute a unique key.
MOST_ORDERS = 8192
# States of orders with their cumulative shares.
STATES = (("sale", 0.86), ("cancel", 0.91), ("draft", 0.95), ("sent", 1))
RETURNED = 0.017
# Countries of customers, from the most customers to the fewest.
COUNTRIES = ("de", "us", "fr", "cn", "be", "nl", "it", "es", "pl", "uk", "se", "ch")


def draw(key, salt, seed):
    """SQL of a random number in (0, 1) for ``key``, different for each salt."""
    return (
        f"(((hashint8extended(({key})::bigint, {seed * 1000 + salt}) & 4294967295)"
        f" + 0.5) / 4294967296)"
    )


def at(day):
    """SQL of the datetime of a fractional day of the three years, in opening hours."""
    return (
        f"(TIMESTAMP '{START}' + floor({day}) * INTERVAL '1 day' + INTERVAL '7 hours'"
        f" + ({day} - floor({day})) * INTERVAL '12 hours')"
    )


# Latest datetime, which is still on AS_OF in all time zones of Europe and America.
LATEST = f"TIMESTAMP '{AS_OF} 19:30'"


@dataclass
class World:
    """Ids of the records that the rows refer to, created by the ORM or existing."""

    companies: list
    currencies: list
    sellers: list
    seller_partners: list
    countries: list
    journals: list
    income_accounts: list
    receivable_accounts: list
    product: int
    uom: int
    team: int
    stages: dict
    subtypes: dict
    models: dict
    activity_types: list
    bases: dict = field(default_factory=dict)


def create_world(env):
    """Create the second company, its accounts, sellers, a product and rates."""
    first = env.company
    currencies = env.ref("base.USD") | env.ref("base.EUR")
    currencies.active = True
    other = currencies - first.currency_id
    second = env["res.company"].create(
        {"name": "Bench Overseas", "currency_id": other[0].id}
    )
    env.user.company_ids |= second
    companies = first | second
    env["account.chart.template"].try_loading("generic_coa", second)
    # Loading the chart of accounts has set the currency of its country.
    second.currency_id = other[0]
    companies.partner_id.tz = TIME_ZONE
    if "lifecycle_tz" in companies._fields:
        companies.lifecycle_tz = TIME_ZONE
    _create_rates(env, companies)
    sellers = _create_sellers(env, companies)
    product = env["product.product"].create({"name": "Bench goods", "list_price": 100})
    return World(
        companies=companies.ids,
        currencies=companies.mapped(lambda company: company.currency_id.id),
        sellers=sellers.ids,
        seller_partners=sellers.partner_id.ids,
        countries=[env.ref(f"base.{code}").id for code in COUNTRIES],
        journals=[_get_journal(company).id for company in companies],
        income_accounts=[_get_account(c, "income").id for c in companies],
        receivable_accounts=[_get_account(c, "asset_receivable").id for c in companies],
        product=product.id,
        uom=product.uom_id.id,
        team=env["crm.team"].search([], limit=1).id,
        stages={
            "won": env["crm.stage"].search([("is_won", "=", True)], limit=1).id,
            "open": env["crm.stage"].search([("is_won", "=", False)], limit=1).id,
        },
        subtypes={
            "comment": env.ref("mail.mt_comment").id,
            "note": env.ref("mail.mt_note").id,
            "confirmed": env.ref("sale.mt_order_confirmed").id,
        },
        models={
            name: env["ir.model"]._get_id(name)
            for name in ("res.partner", "sale.order", "crm.lead")
        },
        activity_types=[
            env.ref("mail.mail_activity_data_call").id,
            env.ref("mail.mail_activity_data_todo").id,
        ],
    )


def _create_rates(env, companies):
    """Add a monthly rate of each company's foreign currency."""
    first, second = companies
    env["res.currency.rate"].create(
        [
            {
                "company_id": company.id,
                "currency_id": foreign.id,
                "name": date(START.year + month // 12, month % 12 + 1, 1),
                "rate": rate_of_month(month, inverted=company == second),
            }
            for company, foreign in (
                (first, second.currency_id),
                (second, first.currency_id),
            )
            for month in range(START.month - 1, START.month - 1 + 37)
        ]
    )


def rate_of_month(month, inverted=False):
    """Return the foreign currency's rate in the n-th month of the first year."""
    rate = 0.9 + month % 7 * 0.01
    return round(1 / rate if inverted else rate, 6)


def _create_sellers(env, companies):
    return (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            [
                {
                    "name": f"Bench Seller {number}",
                    "login": f"bench_seller_{number}",
                    "company_id": company.id,
                    "company_ids": companies.ids,
                    "group_ids": [env.ref("sales_team.group_sale_salesman").id],
                }
                for number, company in enumerate(4 * [companies[0]] + [companies[1]])
            ]
        )
    )


def _get_journal(company):
    return company.env["account.journal"].search(
        [("company_id", "=", company.id), ("type", "=", "sale")], limit=1
    )


def _get_account(company, account_type):
    return (
        company.env["account.account"]
        .with_company(company)
        .search(
            [("company_ids", "in", company.ids), ("account_type", "=", account_type)],
            limit=1,
        )
    )


class Generator:
    """Write the rows, one kind after the other, with ids assigned here.

    So each kind knows the ids of the former ones without a query. Rows are written in
    the order of their datetimes, as in a database that has grown.
    """

    def __init__(self, cr, world, customers, orders, seed):
        if orders < customers:
            raise ValueError("There must be at least as many orders as customers.")
        self.cr = cr
        self.world = world
        self.customers = customers
        self.orders = orders
        self.seed = seed
        self.names = {
            "customers": customers,
            "orders": orders,
            "latest": LATEST,
            "last_second": f"TIMESTAMP '{AS_OF} 19:59:59'",
            "as_of": f"DATE '{AS_OF}'",
            "uid": 1,
            **world.bases,
        }
        for name in ("companies", "currencies", "sellers", "seller_partners"):
            self.names[name] = self._array(getattr(world, name))

    @staticmethod
    def _array(ids):
        return f"(ARRAY[{','.join(map(str, ids))}])"

    def _execute(self, query, **names):
        """Run a query after replacing its ``{names}`` with generated SQL."""
        self.cr.execute(query.format(**self.names, **names))
        return self.cr.rowcount

    def _draw(self, key, salt):
        return draw(key, salt, self.seed)

    def _number(self, column, table):
        """SQL of the number of a generated row: its id minus the base."""
        return f"{column} - {self.names[f'base_{table}']}"

    def _pick(self, ids, key, salt):
        """SQL of a random id, uniformly distributed."""
        return f"({self._array(ids)}[1 + floor({self._draw(key, salt)}*{len(ids)})])"

    def _reserve(self, table):
        """Store the last id of a table as ``{base_<table>}``."""
        self.cr.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}")
        self.names[f"base_{table}"] = self.cr.fetchone()[0]

    def _release(self, table):
        """Set the sequence of a table to the last generated id."""
        self.cr.execute(
            f"SELECT setval('{table}_id_seq', (SELECT MAX(id) FROM {table}))"
        )

    # ------------------------------------------------------------
    # Customers
    # ------------------------------------------------------------

    def draw_customers(self):
        """Create ``bench_customer`` with the number and time of orders per customer."""
        self._reserve("res_partner")
        self._draw_order_counts()
        self._draw_customers()
        self.cr.execute("ANALYZE bench_customer")

    def _draw_order_counts(self):
        """Draw the number of orders per customer, with the requested total."""
        self._execute(
            """
            CREATE TEMPORARY TABLE bench_count ON COMMIT DROP AS
            SELECT n, buys,
                   CASE WHEN NOT buys OR {once} < {once_share} THEN 0
                        ELSE LEAST(power({luck}, -1 / {skew}) - 1, {heaviest})
                        END AS weight,
                   0 AS orders
              FROM (SELECT n, {buys} < {buyers} AS buys
                      FROM generate_series(1, {customers}) AS n) AS v
            """,
            buys=self._draw("n", 1),
            luck=self._draw("n", 2),
            once=self._draw("n", 17),
            once_share=ONCE,
            buyers=BUYERS,
            skew=SKEW,
            heaviest=HEAVIEST,
        )
        self._execute(
            """
            UPDATE bench_count
               SET orders = CASE WHEN buys THEN 1 + floor(weight * (
                       SELECT ({orders} - COUNT(*)) / SUM(weight)
                         FROM bench_count WHERE buys) + {luck}) ELSE 0 END
            """,
            luck=self._draw("n", 3),
        )
        # Correct the rounding difference on some of them.
        self._execute(
            """
            WITH rest AS (
                SELECT {orders} - SUM(orders) AS size FROM bench_count
            )
            UPDATE bench_count AS c
               SET orders = orders + sign((SELECT size FROM rest))
             WHERE n IN (SELECT n FROM bench_count WHERE orders > 1 ORDER BY n
                          LIMIT (SELECT abs(size) FROM rest))
            """
        )

    def _draw_customers(self):
        """Draw customers in the order of their first day, with the ids of contacts.

        Each repeat buyer has an own pace of at least a day and a half per order. Most
        are lapsed by the end, some for years; others are still active, or have just
        begun.
        """
        self._execute(
            """
            CREATE TEMPORARY TABLE bench_customer ON COMMIT DROP AS
            SELECT {base_res_partner} + place AS id,
                   {base_res_partner} + {customers} + SUM(children)
                       OVER (ORDER BY place) - children + 1 AS first_child,
                   place, n, orders, children, begins,
                   LEAST(span, {days} - begins) AS span, home, both_companies
              FROM (
                    SELECT n, orders, begins,
                           GREATEST(orders - 1, 0) * (1.5 + 90 * power({pace}, 2))
                               AS span,
                           CASE WHEN {company} < {companies_share}
                                THEN 1 + ({more} < 0.3)::int ELSE 0 END AS children,
                           1 + ({second} < {second_share})::int AS home,
                           {both} < {both_share} AS both_companies,
                           row_number() OVER (ORDER BY begins, n) AS place
                      FROM (
                            SELECT n, orders,
                                   power({begin}, 0.9) * ({days} - LEAST(
                                       {days}, 1.5 * orders)) AS begins
                              FROM bench_count
                           ) AS begun
                   ) AS ranked
            """,
            days=DAYS,
            pace=self._draw("n", 4),
            begin=self._draw("n", 5),
            second=self._draw("n", 6),
            second_share=SECOND,
            both=self._draw("n", 7),
            both_share=BOTH,
            company=self._draw("n", 8),
            companies_share=COMPANIES,
            more=self._draw("n", 9),
        )
        # Index the place (the id minus the base), by which later kinds pick customers.
        self.cr.execute("CREATE UNIQUE INDEX ON bench_customer (place)")

    def write_partners(self):
        """Write the customers, then the contacts of those that are companies."""
        self._write_customers()
        self._write_children()
        self._release("res_partner")

    def _write_customers(self):
        self._execute(
            """
            INSERT INTO res_partner (
                id, name, complete_name, active, is_company, type, company_id, user_id,
                commercial_partner_id, commercial_company_name, country_id, lang, email,
                email_normalized, phone, street, zip, city, customer_rank,
                supplier_rank, color, employee, message_bounce, partner_share,
                autopost_bills, create_uid, create_date, write_uid, write_date)
            SELECT id, name, name, {archived} >= {archived_share}, children > 0,
                   'contact',
                   CASE WHEN {owned} < 0.1 AND NOT both_companies
                        THEN {companies}[home] END,
                   CASE WHEN {sold} < 0.3 THEN {seller} END,
                   id, CASE WHEN children > 0 THEN name END, {country}, 'en_US',
                   'c' || n || '@example.com', 'c' || n || '@example.com',
                   '+32 2 ' || (1000000 + n), (n % 200) || ' Market Street',
                   (1000 + n % 9000)::text, 'City ' || n % 900,
                   (orders > 0)::int, 0, 0, FALSE, 0, TRUE, 'ask',
                   {uid}, moment, {uid}, moment + {edited} * INTERVAL '1 hour'
              FROM (
                    SELECT *, {moment} AS moment,
                           (ARRAY['Ada','Ben','Cleo','Dan','Eva','Finn','Gro','Hugo',
                                  'Ida','Jan','Kai','Lea','Max','Nia','Ole','Pia'])
                           [1 + floor({first_name} * 16)] || ' ' ||
                           initcap(substr(md5(n::text), 1, 7))
                           || CASE WHEN children > 0 THEN ' Ltd' ELSE '' END AS name
                      FROM bench_customer
                   ) AS c
             ORDER BY id
            """,
            moment=at("begins"),
            archived=self._draw("n", 10),
            archived_share=ARCHIVED,
            owned=self._draw("n", 11),
            sold=self._draw("n", 12),
            seller=self._pick(self.world.sellers, "n", 13),
            country=self._get_country("n", 14),
            edited=self._draw("n", 15),
            first_name=self._draw("n", 16),
        )

    def _get_country(self, key, salt):
        """SQL of a random country; the first ones have the most customers."""
        countries = self.world.countries
        return (
            f"({self._array(countries)}"
            f"[1 + floor(power({self._draw(key, salt)}, 2.5) * {len(countries)})])"
        )

    def _write_children(self):
        self._execute(
            """
            INSERT INTO res_partner (
                id, name, complete_name, active, is_company, type, parent_id,
                company_id, user_id, commercial_partner_id, commercial_company_name,
                country_id, lang, email, email_normalized, customer_rank,
                supplier_rank, color, employee, message_bounce, partner_share,
                autopost_bills, create_uid, create_date, write_uid, write_date)
            SELECT c.first_child + i, v.name, p.name || ', ' || v.name, p.active, FALSE,
                   'contact', p.id, p.company_id, p.user_id, p.id, p.name,
                   p.country_id, 'en_US', i || '.' || p.email, i || '.' || p.email,
                   0, 0, 0, FALSE, 0, TRUE, 'ask',
                   {uid}, p.create_date, {uid}, p.write_date
              FROM bench_customer AS c
              JOIN res_partner AS p ON p.id = c.id
        CROSS JOIN LATERAL generate_series(0, c.children - 1) AS i
        CROSS JOIN LATERAL (SELECT 'Buyer ' || initcap(substr(
                                md5((c.n * 2 + i)::text), 9, 6)) AS name) AS v
             ORDER BY c.first_child + i
            """
        )

    # ------------------------------------------------------------
    # Orders
    # ------------------------------------------------------------

    def write_orders(self):
        """Write the orders in the order in which they were created."""
        self._reserve("sale_order")
        self._execute(
            """
            INSERT INTO sale_order (
                id, name, state, company_id, partner_id, partner_invoice_id,
                partner_shipping_id, user_id, team_id, currency_id, currency_rate,
                date_order, validity_date, amount_untaxed, amount_tax, amount_total,
                invoice_status, locked, require_signature, require_payment,
                prepayment_percent, access_token,
                create_uid, create_date, write_uid, write_date)
            SELECT {base_sale_order} + row_number() OVER (ORDER BY created, key),
                   'B' || row_number() OVER (ORDER BY created, key), state,
                   {companies}[company], buyer, customer, buyer, {seller}, {team},
                   {currencies}[currency], {rate}, ordered,
                   CASE WHEN {endless} >= 0.1
                        THEN created::date + 15 + 15 * ({longer} < 0.5)::int END,
                   amount, round(amount * 0.21, 2), amount + round(amount * 0.21, 2),
                   CASE WHEN state = 'sale' THEN 'invoiced' ELSE 'no' END,
                   FALSE, TRUE, FALSE, 1, md5(key::text),
                   {uid}, created, {uid},
                   LEAST(ordered + {edited} * INTERVAL '2 days', {last_second})
              FROM ({orders_of_customers}) AS o
             ORDER BY created, key
            """,
            orders_of_customers=self._get_orders_sql(),
            team=self.world.team,
            seller=self._pick(self.world.sellers, "key", 20),
            rate=self._get_rate_sql(),
            endless=self._draw("key", 21),
            longer=self._draw("key", 22),
            edited=self._draw("key", 23),
        )
        self._release("sale_order")
        self.cr.execute("ANALYZE sale_order")

    def _get_orders_sql(self):
        """SQL of the orders of each customer: buyer, datetimes, state, amount.

        Most orders of a company come from one of its contacts. A few orders are
        negative (returns). ``currency`` is the currency of the other company for one
        order in ten.
        """
        states = " ".join(
            f"WHEN {{state}} < {share} THEN '{name}'" for name, share in STATES
        )
        return f"""
            SELECT key, customer, buyer, company, state, amount, created,
                   CASE WHEN {{foreign}} < 0.1 THEN 3 - company ELSE company
                        END AS currency,
                   CASE WHEN state = 'sale'
                        THEN LEAST(created + power({{wait}}, 4) * INTERVAL '20 days',
                                   GREATEST({{latest}}, created))
                        ELSE created END AS ordered
              FROM (
                    SELECT key, c.id AS customer,
                           CASE WHEN c.children > 0 AND {{direct}} >= 0.15
                                THEN c.first_child + floor({{who}} * c.children)
                                ELSE c.id END AS buyer,
                           CASE WHEN c.both_companies AND {{elsewhere}} < 0.4
                                THEN 3 - c.home ELSE c.home END AS company,
                           CASE {states} END AS state,
                           round(((8 + 900 * power({{size}}, 3)) * CASE
                               WHEN {{negative}} < 0.004 THEN -0.3 ELSE 1 END
                               )::numeric, 2) AS amount,
                           {{created}} AS created
                      FROM bench_customer AS c
                CROSS JOIN LATERAL generate_series(0, c.orders - 1) AS k
                CROSS JOIN LATERAL (
                           SELECT c.n * {MOST_ORDERS}::bigint + k AS key) AS numbered
                CROSS JOIN LATERAL (
                           SELECT c.begins + c.span * (k + {{jitter}})
                                  / GREATEST(c.orders, 1) AS day) AS dated
                   ) AS v
            """.format(
            foreign=self._draw("key", 24),
            wait=self._draw("key", 25),
            direct=self._draw("key", 26),
            who=self._draw("key", 27),
            elsewhere=self._draw("key", 28),
            state=self._draw("key", 29),
            size=self._draw("key", 30),
            negative=self._draw("key", 31),
            jitter=self._draw("key", 32),
            created=at("dated.day"),
            latest=LATEST,
        )

    def _get_rate_sql(self):
        """SQL of the rate that Odoo stores: order currency per company currency."""
        month = (
            f"((extract(year FROM ordered)::int - {START.year}) * 12"
            " + extract(month FROM ordered)::int - 1)"
        )
        rate = f"(0.9 + {month} % 7 * 0.01)"
        return (
            f"CASE WHEN currency = company THEN 1 WHEN company = 1 THEN {rate}"
            f" ELSE round(1 / {rate}, 6) END"
        )

    # ------------------------------------------------------------
    # Returns
    # ------------------------------------------------------------

    def write_credit_notes(self):
        """Write a posted credit note for some orders, on a line of the order."""
        for table in ("sale_order_line", "account_move", "account_move_line"):
            self._reserve(table)
        self._draw_returns()
        self._write_order_lines()
        self._write_moves()
        self._write_move_lines()
        self._execute(
            """
            INSERT INTO sale_order_line_invoice_rel (order_line_id, invoice_line_id)
            SELECT {base_sale_order_line} + n, {base_account_move_line} + 2 * n - 1
              FROM bench_return
            """
        )
        for table in ("sale_order_line", "account_move", "account_move_line"):
            self._release(table)

    def _draw_returns(self):
        order = self._number("o.id", "sale_order")
        self._execute(
            """
            CREATE TEMPORARY TABLE bench_return ON COMMIT DROP AS
            SELECT row_number() OVER (ORDER BY day, id) AS n, *,
                   round(amount / currency_rate, 2) AS balance
              FROM (
                    SELECT o.id, o.partner_id, o.partner_invoice_id, o.company_id,
                           array_position({companies}, o.company_id) AS company,
                           o.currency_id, o.currency_rate, o.amount_untaxed, o.user_id,
                           o.create_date, o.date_order, o.write_date,
                           (o.date_order + (2 + 40 * {delay}) * INTERVAL '1 day')::date
                               AS day,
                           round(CASE WHEN {whole} < 0.3 THEN o.amount_untaxed
                                      ELSE o.amount_untaxed * (0.1 + 0.6 * {part})
                                      END, 2) AS amount
                      FROM sale_order AS o
                     WHERE o.id > {base_sale_order} AND o.state = 'sale'
                       AND o.amount_untaxed > 0 AND {returned} < {share}
                   ) AS r
             WHERE day <= {as_of}
            """,
            delay=self._draw(order, 40),
            whole=self._draw(order, 41),
            part=self._draw(order, 42),
            returned=self._draw(order, 43),
            share=RETURNED,
        )
        self.cr.execute("ANALYZE bench_return")

    def _write_order_lines(self):
        self._execute(
            """
            INSERT INTO sale_order_line (
                id, order_id, sequence, company_id, currency_id, order_partner_id,
                salesman_id, product_id, product_uom_id, state, invoice_status, name,
                product_uom_qty, price_unit, discount, price_subtotal, price_total,
                price_tax, qty_delivered, qty_invoiced, qty_to_invoice,
                is_downpayment, is_expense, customer_lead,
                create_uid, create_date, write_uid, write_date)
            SELECT {base_sale_order_line} + n, id, 10, company_id, currency_id,
                   partner_id, user_id, {product}, {uom}, 'sale', 'invoiced',
                   'Bench goods', 1, amount_untaxed, 0, amount_untaxed,
                   amount_untaxed, 0, 1, 1, 0, FALSE, FALSE, 0,
                   {uid}, create_date, {uid}, write_date
              FROM bench_return ORDER BY n
            """,
            product=self.world.product,
            uom=self.world.uom,
        )

    def _write_moves(self):
        self._execute(
            """
            INSERT INTO account_move (
                id, name, sequence_prefix, sequence_number, move_type, state,
                journal_id, company_id, partner_id, commercial_partner_id,
                partner_shipping_id, currency_id, invoice_currency_rate, date,
                invoice_date, invoice_date_due, amount_untaxed, amount_tax,
                amount_total, amount_residual, amount_untaxed_signed,
                amount_total_signed, amount_residual_signed, auto_post,
                payment_state, posted_before, checked, invoice_user_id,
                create_uid, create_date, write_uid, write_date)
            SELECT {base_account_move} + n, 'RBENCH/' || lpad(n::text, 7, '0'),
                   'RBENCH/', n, 'out_refund', 'posted', {journals}[company],
                   company_id, partner_invoice_id, partner_invoice_id, partner_id,
                   currency_id, currency_rate, day, day, day, amount, 0,
                   amount, 0, -balance, -balance, 0, 'no', 'paid', TRUE, TRUE, user_id,
                   {uid}, day + INTERVAL '10 hours', {uid}, day + INTERVAL '10 hours'
              FROM bench_return ORDER BY n
            """,
            journals=self._array(self.world.journals),
        )

    def _write_move_lines(self):
        """Write two lines per credit note: the product, and the receivable."""
        self._execute(
            """
            INSERT INTO account_move_line (
                id, move_id, journal_id, company_id, company_currency_id, sequence,
                account_id, currency_id, partner_id, product_id, move_name,
                parent_state, name, display_type, date, invoice_date, debit, credit,
                balance, amount_currency, amount_residual, quantity, price_unit,
                price_subtotal, price_total, reconciled, is_downpayment,
                create_uid, create_date, write_uid, write_date)
            SELECT {base_account_move_line} + 2 * n - (side = 1)::int,
                   {base_account_move} + n, {journals}[company], company_id,
                   {currencies}[company], 10,
                   CASE WHEN side = 1 THEN {income}[company]
                        ELSE {receivable}[company] END,
                   currency_id, partner_invoice_id,
                   CASE WHEN side = 1 THEN {product} END,
                   'RBENCH/' || lpad(n::text, 7, '0'), 'posted', 'Bench goods',
                   CASE WHEN side = 1 THEN 'product' ELSE 'payment_term' END,
                   day, day, CASE WHEN side = 1 THEN balance ELSE 0 END,
                   CASE WHEN side = 1 THEN 0 ELSE balance END,
                   side * balance, side * amount, 0, 1, amount,
                   CASE WHEN side = 1 THEN amount ELSE 0 END,
                   CASE WHEN side = 1 THEN amount ELSE 0 END, side = -1, FALSE,
                   {uid}, day + INTERVAL '10 hours', {uid}, day + INTERVAL '10 hours'
              FROM bench_return CROSS JOIN (VALUES (1), (-1)) AS s (side)
             ORDER BY n, side DESC
            """,
            journals=self._array(self.world.journals),
            income=self._array(self.world.income_accounts),
            receivable=self._array(self.world.receivable_accounts),
            product=self.world.product,
        )

    # ------------------------------------------------------------
    # Leads
    # ------------------------------------------------------------

    def write_leads(self):
        """Write leads of customers without orders, of some others and of strangers.

        Strangers have no contact yet. Leads of customers without orders are not won.
        """
        self._reserve("crm_lead")
        self._execute(
            """
            INSERT INTO crm_lead (
                id, name, type, partner_id, contact_name, email_from, company_id,
                user_id, team_id, stage_id, active, won_status, probability,
                automated_probability, priority, country_id, expected_revenue,
                prorated_revenue, color, message_bounce, date_open, date_closed,
                date_last_stage_update, day_open, day_close,
                create_uid, create_date, write_uid, write_date)
            SELECT {base_crm_lead} + row_number() OVER (ORDER BY created, key),
                   'Enquiry ' || key, CASE WHEN {kind} < 0.2 THEN 'lead'
                                           ELSE 'opportunity' END,
                   partner, CASE WHEN partner IS NULL THEN 'Stranger ' || key END,
                   'c' || key || '@example.org', {companies}[company], {seller}, {team},
                   CASE WHEN status = 'won' THEN {won} ELSE {open} END,
                   status <> 'lost', status, chance, chance, '0', {country},
                   round((500 * {size})::numeric, 2),
                   round((500 * {size} * chance / 100)::numeric, 2), 0, 0, created,
                   CASE WHEN status <> 'pending' THEN closed END,
                   CASE WHEN status <> 'pending' THEN closed ELSE created END, 0,
                   CASE WHEN status <> 'pending'
                        THEN extract(epoch FROM closed - created) / 86400 END,
                   {uid}, created, {uid},
                   CASE WHEN status <> 'pending' THEN closed ELSE created END
              FROM (
                    SELECT key, partner, company, created, closed, status,
                           CASE status WHEN 'won' THEN 100 WHEN 'lost' THEN 0
                                ELSE 20 END AS chance
                      FROM (
                            SELECT key, partner, company, created, closed,
                                   CASE WHEN closed < {latest} THEN outcome
                                        ELSE 'pending' END AS status
                              FROM ({leads}) AS l
                        CROSS JOIN LATERAL (SELECT created + (1 + 60 * {delay})
                                            * INTERVAL '1 day' AS closed) AS c
                           ) AS dated
                   ) AS v
             ORDER BY v.created, v.key
            """,
            leads=self._get_leads_sql(),
            kind=self._draw("key", 50),
            seller=self._pick(self.world.sellers, "key", 51),
            team=self.world.team,
            won=self.world.stages["won"],
            open=self.world.stages["open"],
            country=self._get_country("key", 52),
            size=self._draw("key", 53),
            delay=self._draw("key", 54),
        )
        self._release("crm_lead")

    def _get_leads_sql(self):
        return """
            SELECT n AS key, id AS partner, home AS company, {begins} AS created,
                   CASE WHEN {lost} < 0.5 THEN 'lost' ELSE 'pending' END AS outcome
              FROM bench_customer WHERE orders = 0
             UNION ALL
            SELECT key, CASE WHEN c.children > 0 THEN c.first_child ELSE c.id END,
                   c.home, {random_day},
                   CASE WHEN {status} < 0.4 THEN 'won' WHEN {status} < 0.7 THEN 'lost'
                        ELSE 'pending' END
              FROM generate_series({customers} + 1, {customers} + {customers} / 10)
                       AS key
              JOIN bench_customer AS c ON c.place = 1 + floor({who} * {customers})
             WHERE c.orders > 0
             UNION ALL
            SELECT key, NULL, 1 + ({second} < {second_share})::int, {random_day},
                   CASE WHEN {status} < 0.5 THEN 'lost' ELSE 'pending' END
              FROM generate_series(2 * {customers} + 1,
                                   2 * {customers} + {customers} * 3 / 100) AS key
            """.format(
            customers=self.customers,
            begins=at("begins"),
            lost=self._draw("n", 55),
            status=self._draw("key", 56),
            who=self._draw("key", 57),
            second=self._draw("key", 58),
            second_share=SECOND,
            random_day=at(f"({DAYS} * {self._draw('key', 59)})"),
        )

    # ------------------------------------------------------------
    # Messages and activities
    # ------------------------------------------------------------

    def write_messages(self):
        """Write messages on orders, leads and contacts, oldest first."""
        self._reserve("mail_message")
        self._execute(
            """
            INSERT INTO mail_message (
                id, model, res_id, message_type, subtype_id, author_id, email_from,
                subject, body, date, is_internal, message_id, record_company_id,
                create_uid, create_date, write_uid, write_date)
            SELECT {base_mail_message} + place, model, res_id, kind,
                   CASE subtype WHEN 'note' THEN {note} WHEN 'confirmed'
                        THEN {confirmed} ELSE {comment} END,
                   CASE WHEN kind IN ('email', 'sms') THEN author
                        ELSE {seller_partners}[1 + place % {sellers_count}] END,
                   CASE WHEN kind = 'email' THEN 'someone@example.com' END,
                   CASE WHEN kind = 'email' THEN 'About ' || model END,
                   '<p>' || repeat('Some words. ', 2 + (place % 9)::int) || '</p>',
                   moment, subtype = 'note',
                   '<' || place || '.' || res_id || '.bench@example.com>', company_id,
                   {uid}, moment, {uid}, moment
              FROM (
                    SELECT *, row_number() OVER (ORDER BY moment, model, res_id, kind)
                               AS place
                      FROM ({messages}) AS m
                     WHERE moment < {latest}
                   ) AS v
             ORDER BY place
            """,
            messages=" UNION ALL ".join(
                kind()
                for kind in (
                    self._get_order_messages_sql,
                    self._get_lead_messages_sql,
                    self._get_partner_messages_sql,
                )
            ),
            sellers_count=len(self.world.sellers),
            **self.world.subtypes,
        )
        self._release("mail_message")
        self.cr.execute("ANALYZE mail_message")

    def _get_order_messages_sql(self):
        """SQL of messages on every second order: system, email, reply and note."""
        order = self._number("o.id", "sale_order")
        return """
            SELECT 'sale.order' AS model, o.id AS res_id, t.kind, t.subtype,
                   o.partner_id AS author, o.company_id,
                   o.create_date + t.days * INTERVAL '1 day' AS moment
              FROM sale_order AS o
        CROSS JOIN LATERAL (VALUES
                   ('notification', 'confirmed', 0.0002,
                    o.state = 'sale' AND {told} < 0.3),
                   ('comment', 'comment', 0.05 * {said}, {said} < 0.12),
                   ('email', 'comment', 6 * {answered}, {answered} < 0.08),
                   ('comment', 'note', 9 * {noted}, {noted} < 0.05)
                   ) AS t (kind, subtype, days, happens)
             WHERE o.id > {base} AND t.happens
            """.format(
            base=self.names["base_sale_order"],
            told=self._draw(order, 60),
            said=self._draw(order, 61),
            answered=self._draw(order, 62),
            noted=self._draw(order, 63),
        )

    def _get_lead_messages_sql(self):
        lead = self._number("l.id", "crm_lead")
        return """
            SELECT 'crm.lead', l.id, t.kind, t.subtype, l.partner_id, l.company_id,
                   l.create_date + t.days * INTERVAL '1 day'
              FROM crm_lead AS l
        CROSS JOIN LATERAL (VALUES
                   ('email', 'comment', 0.0001, {asked} < 0.8),
                   ('comment', 'comment', 3 * {said}, {said} < 0.5),
                   ('notification', 'note', 8 * {told}, {told} < 0.7)
                   ) AS t (kind, subtype, days, happens)
             WHERE l.id > {base} AND t.happens
            """.format(
            base=self.names["base_crm_lead"],
            asked=self._draw(lead, 64),
            said=self._draw(lead, 65),
            told=self._draw(lead, 66),
        )

    def _get_partner_messages_sql(self):
        """SQL of messages on contacts, on any day after they became customers."""
        return """
            SELECT 'res.partner', CASE WHEN c.children > 0 AND {child} < 0.5
                                       THEN c.first_child ELSE c.id END,
                   t.kind, t.subtype, c.id, NULL::int,
                   {moment}
              FROM bench_customer AS c
        CROSS JOIN LATERAL (VALUES
                   ('comment', 'comment', {said}, {said} < 0.08),
                   ('email', 'comment', {wrote}, {wrote} < 0.06),
                   ('comment', 'note', {noted}, {noted} < 0.06)
                   ) AS t (kind, subtype, luck, happens)
             WHERE t.happens
            """.format(
            child=self._draw("c.n", 67),
            said=self._draw("c.n", 68),
            wrote=self._draw("c.n", 69),
            noted=self._draw("c.n", 70),
            moment=at(f"(c.begins + ({DAYS} - c.begins) * {self._draw('c.n', 71)})"),
        )

    def write_activities(self):
        """Write done and planned activities on contacts, orders and leads."""
        self._reserve("mail_activity")
        self._execute(
            """
            INSERT INTO mail_activity (
                id, res_model, res_model_id, res_id, activity_type_id, user_id,
                date_deadline, date_done, active, summary, automated,
                create_uid, create_date, write_uid, write_date)
            SELECT {base_mail_activity} + row_number() OVER (ORDER BY moment, model,
                                                             res_id),
                   model, model_id, res_id, {kind}, {seller},
                   moment::date + CASE WHEN done THEN 5 ELSE 40 END,
                   CASE WHEN done THEN LEAST(moment::date + 4, {as_of}) END, NOT done,
                   'Call', FALSE, {uid}, moment, {uid},
                   CASE WHEN done THEN LEAST(moment + INTERVAL '4 days', {last_second})
                        ELSE moment END
              FROM ({activities}) AS a
             ORDER BY a.moment, a.model, a.res_id
            """,
            activities=self._get_activities_sql(),
            kind=self._pick(self.world.activity_types, "number", 80),
            seller=self._pick(self.world.sellers, "number", 81),
        )
        self._release("mail_activity")

    def _get_activities_sql(self):
        order = self._number("id", "sale_order")
        lead = self._number("id", "crm_lead")
        return """
            SELECT 'res.partner' AS model, {partner_model} AS model_id, id AS res_id,
                   n AS number, {on_partner} < 0.08 AS done, {moment} AS moment
              FROM bench_customer WHERE {on_partner} < 0.1
             UNION ALL
            SELECT 'sale.order', {order_model}, id, {order}, {on_order} < 0.025,
                   create_date
              FROM sale_order WHERE {order} > 0 AND {on_order} < 0.03
             UNION ALL
            SELECT 'crm.lead', {lead_model}, id, {lead}, {on_lead} < 0.4, create_date
              FROM crm_lead WHERE {lead} > 0 AND {on_lead} < 0.6
            """.format(
            partner_model=self.world.models["res.partner"],
            order_model=self.world.models["sale.order"],
            lead_model=self.world.models["crm.lead"],
            order=order,
            lead=lead,
            on_partner=self._draw("n", 82),
            on_order=self._draw(order, 83),
            on_lead=self._draw(lead, 84),
            moment=at(f"(begins + ({DAYS} - begins) * {self._draw('n', 85)})"),
        )


def _spare_foreign_keys(cr):
    """Disable foreign key checks if the role is allowed to; this saves half the time.

    The rows only refer to ids that are assigned here.
    """
    cr.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if cr.fetchone()[0]:
        cr.execute("SET LOCAL session_replication_role = replica")
    cr.execute("SET LOCAL work_mem = '256MB'")


def generate(
    env, customers=1_000_000, orders=5_000_000, seed=42, commit=True, tell=None
):
    """Write ``customers`` and ``orders`` with their related documents.

    The last parameter is an optional function to print a line for each kind of rows.

    :param seed: an integer; the same one gives the same rows
    :param commit: leave the rows in the caller's transaction if false
    """
    env.flush_all()
    generator = Generator(env.cr, create_world(env), customers, orders, seed)
    env.flush_all()
    _spare_foreign_keys(env.cr)
    for step in (
        generator.draw_customers,
        generator.write_partners,
        generator.write_orders,
        generator.write_credit_notes,
        generator.write_leads,
        generator.write_messages,
        generator.write_activities,
    ):
        started = time.monotonic()
        step()
        if tell:
            tell(f"{step.__name__}: {time.monotonic() - started:.1f} s")
    for table in (
        "res_partner",
        "sale_order_line",
        "sale_order_line_invoice_rel",
        "account_move",
        "account_move_line",
        "crm_lead",
        "mail_activity",
    ):
        env.cr.execute(f"ANALYZE {table}")
    env.invalidate_all()
    if commit:
        env.cr.commit()
    else:
        env.cr.execute("SET LOCAL session_replication_role TO DEFAULT")
        env.cr.execute("SET LOCAL work_mem TO DEFAULT")
        env.cr.execute("DROP TABLE bench_count, bench_customer, bench_return")


if "env" in globals():
    generate(
        globals()["env"],
        int(os.environ.get("BENCH_CUSTOMERS", "1000000")),
        int(os.environ.get("BENCH_ORDERS", "5000000")),
        int(os.environ.get("BENCH_SEED", "42")),
        tell=print,
    )
