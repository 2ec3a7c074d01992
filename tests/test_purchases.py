"""Compare the ledger and all facts of generated years with an oracle.

Orders, invoices, credit notes, goods taken back, corrections, contacts that join and
leave companies and merge, in two companies with three currencies. Incremental runs
follow the months; what they end with is compared with the oracle, and with a ledger and
profiles built from scratch.
"""

import random
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from odoo.fields import Command
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from . import oracle_purchases as oracle
from .books import open_books
from .thorough import THOROUGH, rounds

# Whether the channel of invoices without an order is there.
INVOICES = True
START = date(2025, 1, 1)
ZONES = {"East": "Asia/Shanghai", "West": "America/New_York"}
CURRENCIES = {"XAA": 0.01, "XBB": 1, "XCC": 0.001}
# The last day is that of the incremental runs; trends over two years are known by then.
DAYS = [
    date(2025, 3, 31),
    date(2025, 7, 1),
    date(2025, 12, 31),
    date(2026, 6, 30),
    date(2027, 2, 28),
]
FACTS = oracle.Facts._fields
EXACT = (
    "first_order_date",
    "last_order_date",
    "order_count",
    "purchase_day_count",
)
# Weights of what happens to the documents of a month, besides new orders.
CHANGES = {
    "invoice": 12,
    "credit": 3,
    "credit_part": 4,
    "correct": 2,
    "undo_credit": 1,
    "take_back": 4,
    "lower": 3,
    "close_short": 3,
    "cancel": 2,
    "delete": 1,
    "redate": 2,
    "hand_over": 1,
    "join": 1,
    "leave": 1,
    "merge": 1,
    "give_back": 1,
    "invoice_free": 2 if INVOICES else 0,
}
BACKDATED = (
    "account_move",
    "account_move_line",
    "res_partner",
    "sale_order",
    "sale_order_line",
)


class PurchasesCase(TransactionCase):
    """Companies in two time zones, and a year of what happens to their documents.

    ``changes`` has the weights of the events, ``backdated`` the tables that runs
    read.
    """

    changes = CHANGES
    backdated = BACKDATED

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["crm.lifecycle"].search([]).write({"state": "archived"})
        # The days of some runs are in the future by the clock of the database.
        cls.classPatch(
            cls.registry["res.company"], "_get_database_today", lambda company: date.max
        )
        cls.currencies = cls.env["res.currency"].create(
            [
                {"name": name, "symbol": name, "rounding": rounding}
                for name, rounding in CURRENCIES.items()
            ]
        )
        cls.companies = cls.env["res.company"].create(
            [
                {"name": name, "lifecycle_tz": tz, "currency_id": currency.id}
                for (name, tz), currency in zip(
                    ZONES.items(), cls.currencies[:2], strict=True
                )
            ]
        )
        cls.env.user.company_ids |= cls.companies
        cls.env = cls.env(
            context={
                **cls.env.context,
                "allowed_company_ids": cls.companies.ids,
                "tracking_disable": True,
            }
        )
        cls.products = cls.env["product.product"].create(
            [
                {
                    "name": f"Thing by {policy}",
                    "type": "service",
                    "invoice_policy": policy,
                    "taxes_id": [Command.clear()],
                }
                for policy in ("order", "delivery")
            ]
        )
        Template = cls.env["crm.lifecycle.template"]
        for company in cls.companies:
            open_books(cls.env, company)
            cls._set_prices(company)
            lifecycle = Template._instantiate("growth", company)
            lifecycle.write({"state": "active", "activation_date": "2025-01-01"})

    @classmethod
    def _set_prices(cls, company):
        """Create rates that change, and a pricelist for each currency."""
        env = cls.env(context={**cls.env.context, "allowed_company_ids": company.ids})
        for place, currency in enumerate(cls.currencies - company.currency_id):
            for quarter in range(8):
                env["res.currency.rate"].create(
                    {
                        "currency_id": currency.id,
                        "company_id": company.id,
                        "name": START + timedelta(days=91 * quarter - 5),
                        "rate": (0.37, 7.1)[place] + quarter * (0.11, -0.63)[place],
                    }
                )
        cls.pricelists = getattr(cls, "pricelists", {})
        for currency in cls.currencies:
            cls.pricelists[company, currency] = env["product.pricelist"].create(
                {
                    "name": currency.name,
                    "currency_id": currency.id,
                    "company_id": company.id,
                }
            )

    # ------------------------------------------------------------
    # A year
    # ------------------------------------------------------------

    def _begin(self, seed, customers):
        self.pick = random.Random(seed)
        self.lowered = set()
        self.happened = defaultdict(int)
        Partner = self.env["res.partner"]
        self.partners = Partner.create(
            [
                {"name": f"Customer {number}", "is_company": number % 3 == 0}
                for number in range(customers)
            ]
        )
        firms = self.partners.filtered("is_company")
        for number, partner in enumerate(self.partners - firms):
            if number % 3 == 0:
                partner.parent_id = self.pick.choice(firms)
        self.orders = self.env["sale.order"]
        self.moves = self.env["account.move"]

    def _live(self, months, orders, changes):
        """Let months pass, with a run after each."""
        names, weights = zip(*self.changes.items(), strict=True)
        for month in range(months):
            self.today = START + timedelta(days=30 * month)
            for _number in range(orders):
                self._do_order()
            for name in self.pick.choices(names, weights, k=changes):
                if getattr(self, f"_do_{name}")():
                    self.happened[name] += 1
            self._run_all(self.today + timedelta(days=29), quick=month % 4 == 2)
        self._run_all(DAYS[-1])

    def _run_all(self, day, **kwargs):
        """Run both companies, and make all documents look old."""
        self.env.flush_all()
        refreshed = 0
        for company in self.companies:
            run = self.env["crm.lifecycle"]._run(company, day, **kwargs)
            refreshed += run.refreshed_count
        self.env.flush_all()
        for table in self.backdated:
            self.env.cr.execute(
                SQL("UPDATE %s SET write_date = '2020-01-01'", SQL.identifier(table))
            )
        self.env.invalidate_all()
        return refreshed

    def _moment(self, first=0, last=29):
        day = self.today + timedelta(days=self.pick.randint(first, last))
        return datetime.combine(day, time(self.pick.randrange(24), 30))

    def _pick_order(self, condition=lambda order: True):
        """Return one of the confirmed orders that meet a condition, or none."""
        orders = self.orders.exists().filtered(
            lambda order: order.state == "sale" and condition(order)
        )
        return orders and self.pick.choice(orders)

    def _pick_invoice(self):
        """Return an invoice that is not credited yet, or none."""
        moves = self.moves.exists().filtered(
            lambda move: (
                move.state == "posted"
                and move.move_type == "out_invoice"
                and not move.reversal_move_ids
            )
        )
        return moves and self.pick.choice(moves)

    # ------------------------------------------------------------
    # Events
    # ------------------------------------------------------------

    def _do_order(self, sign=1, partner=None, company=None, currency=None):
        pick = self.pick
        company = company or pick.choice(self.companies)
        partner = partner or pick.choice(self.partners)
        if not currency:
            own = company.currency_id
            currency = pick.choice([own, own, *(self.currencies - own)])
        lines = [
            {
                "product_id": pick.choice(self.products).id,
                "product_uom_qty": pick.randint(1, 9),
                # Prices are rounded, so only discounts make a line uneven.
                "price_unit": sign
                * round(pick.randint(1, 9999) / 100, currency.decimal_places),
                "discount": pick.choice((0, 0, 0, 10, 33.3)),
            }
            for _line in range(pick.choice((1, 1, 2, 3)))
        ]
        if pick.random() < 0.15:
            lines[0] |= {"product_uom_qty": 1, "price_unit": 0}
        elif pick.random() < 0.15:
            reward = {"product_uom_qty": 1, "price_unit": -sign * 2}
            lines.append({**lines[0], **reward})
        order = (
            self.env["sale.order"]
            .with_company(company)
            .create(
                {
                    "partner_id": partner.id,
                    "company_id": company.id,
                    "pricelist_id": self.pricelists[company, currency].id,
                    "order_line": [
                        Command.create({**line, "tax_ids": [Command.clear()]})
                        for line in lines
                    ],
                }
            )
        )
        self.orders |= order
        self.env.flush_all()
        self.env.cr.execute(  # customers are seen from then on
            "UPDATE sale_order SET create_date = '2024-01-01' WHERE id = %s", [order.id]
        )
        if pick.random() < 0.9:
            order.action_confirm()
            order.date_order = self._moment(last=31)
            for line in order.order_line:
                line.qty_delivered = line.product_uom_qty
        return order

    def _post(self, moves):
        for move in moves:
            move.invoice_date = self._moment(last=33).date()
            move.action_post()
        self.moves |= moves
        return moves

    def _do_invoice(self):
        order = self._pick_order(lambda order: order.invoice_status == "to invoice")
        return order and self._post(order._create_invoices(final=True))

    def _reverse(self, invoice, modify=False):
        wizard = (
            self.env["account.move.reversal"]
            .with_company(invoice.company_id)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create(
                {
                    "journal_id": invoice.journal_id.id,
                    "date": self._moment(last=20).date(),
                }
            )
        )
        action = wizard.reverse_moves(modify)
        self.moves |= invoice.reversal_move_ids
        return self.env["account.move"].browse(action["res_id"])

    def _do_credit(self):
        invoice = self._pick_invoice()
        return invoice and self._post(self._reverse(invoice))

    def _do_credit_part(self):
        """Credit some of some lines: their number, or their price."""
        invoice = self._pick_invoice()
        if not invoice:
            return None
        note = self._reverse(invoice)
        for line in note.invoice_line_ids:
            if self.pick.random() < 0.5:
                line.quantity = self.pick.choice((0.3, 0.5, 1))
            elif self.pick.random() < 0.5:
                line.price_unit = line.price_unit / 3
        if note.amount_total <= 0:
            note.unlink()
            return None
        return self._post(note)

    def _do_correct(self):
        """Credit an invoice, and invoice it again."""
        invoice = self._pick_invoice()
        return invoice and self._post(self._reverse(invoice, modify=True))

    def _do_undo_credit(self):
        notes = self.moves.exists().filtered(
            lambda move: move.state == "posted" and move.move_type == "out_refund"
        )
        if notes:
            self.pick.choice(notes).button_draft()
        return bool(notes)

    def _do_take_back(self):
        """Take goods back with the next invoice, or with a credit note of Odoo."""
        order = self._pick_order(
            lambda order: order.order_line.filtered(
                lambda line: line.qty_delivered > 0 and line.qty_invoiced > 0
            )
        )
        if not order:
            return None
        lines = order.order_line.filtered(
            lambda line: line.product_id.invoice_policy == "delivery"
        )
        if not lines:
            return None
        lines[0].qty_delivered = self.pick.randint(0, int(lines[0].qty_delivered))
        following = self._do_order(
            partner=order.partner_id,
            company=order.company_id,
            currency=order.currency_id,
        )
        orders = (order | following).filtered(
            lambda order: order.invoice_status == "to invoice"
        )
        return orders and self._post(orders._create_invoices(final=True))

    def _do_lower(self):
        order = self._pick_order()
        if not order:
            return None
        line = order.order_line[0]
        quantity = self.pick.randint(0, int(line.product_uom_qty))
        line.write({"product_uom_qty": quantity, "price_unit": line.price_unit})
        self.lowered.add(order.id)
        return True

    def _do_close_short(self):
        """Deliver less than ordered, and invoice it: Inventory sets the status."""
        order = self._pick_order(
            lambda order: any(
                line.product_id.invoice_policy == "delivery"
                and line.product_uom_qty > 1
                and line.price_unit > 0
                and not line.qty_invoiced
                for line in order.order_line
            )
        )
        if not order:
            return None
        line = order.order_line.filtered(
            lambda line: (
                line.product_id.invoice_policy == "delivery"
                and line.product_uom_qty > 1
                and line.price_unit > 0
                and not line.qty_invoiced
            )
        )[0]
        line.qty_delivered = line.product_uom_qty - 1
        self._post(order._create_invoices(final=True))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order_line SET invoice_status = 'invoiced', write_date = now()"
            " WHERE id = %s",
            [line.id],
        )
        self.env.invalidate_all()
        self.lowered.add(order.id)
        return True

    def _do_cancel(self):
        order = self._pick_order()
        if order:
            order._action_cancel()
        return bool(order)

    def _do_delete(self):
        orders = self.orders.exists().filtered(lambda order: order.state == "cancel")
        orders = orders.filtered(lambda order: not order.invoice_ids)
        if orders:
            self.pick.choice(orders).unlink()
        return bool(orders)

    def _do_redate(self):
        order = self._pick_order()
        if order:
            order.date_order = self._moment(first=-60)
        return bool(order)

    def _do_hand_over(self):
        order = self._pick_order(lambda order: not order.invoice_ids)
        if order:
            order.partner_id = self.pick.choice(self.partners)
        return bool(order)

    def _do_join(self):
        people = self.partners.filtered(lambda partner: not partner.is_company)
        firms = self.partners.filtered("is_company")
        self.pick.choice(people).parent_id = self.pick.choice(firms)
        return True

    def _do_leave(self):
        people = self.partners.filtered("parent_id")
        if people:
            self.pick.choice(people).parent_id = False
        return bool(people)

    def _do_merge(self):
        one, other = self.pick.sample(list(self.partners), 2)
        if one.commercial_partner_id == other.commercial_partner_id:
            return None
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((one | other).ids, one)
        self.env.invalidate_all()
        self.partners = self.partners.exists()
        return True

    def _do_give_back(self):
        return bool(self._do_order(sign=-1))

    def _do_invoice_free(self):
        company = self.pick.choice(self.companies)
        move = (
            self.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": self.pick.choice(
                        ("out_invoice",) * 3 + ("out_refund",)
                    ),
                    "partner_id": self.pick.choice(self.partners).id,
                    "company_id": company.id,
                    "currency_id": self.pick.choice(self.currencies).id,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "product_id": self.products[0].id,
                                "quantity": self.pick.randint(1, 5),
                                "price_unit": self.pick.randint(1, 9999) / 100,
                                "tax_ids": [Command.clear()],
                            }
                        )
                    ],
                }
            )
        )
        return self._post(move)

    # ------------------------------------------------------------
    # The oracle
    # ------------------------------------------------------------

    def _to_decimal(self, value, currency=None):
        return Decimal(
            f"{value:.{currency.decimal_places}f}" if currency else repr(value)
        )

    def _read_orders(self):
        orders = self.orders.exists().filtered(lambda order: order.state == "sale")
        return [
            oracle.Order(
                id=order.id,
                amount=self._to_decimal(order.amount_untaxed, order.currency_id),
                unit=self._to_decimal(order.currency_id.rounding),
                company=order.company_id.id,
                contact=order.partner_id.id,
                day=self._local_day(order),
                rate=self._to_decimal(order.currency_rate),
                lines=[
                    oracle.OrderLine(
                        line.id,
                        self._to_decimal(line.price_subtotal, order.currency_id),
                        line.invoice_status == "invoiced"
                        and line.qty_invoiced < line.product_uom_qty,
                    )
                    for line in order.order_line
                    if not (line.display_type or line.is_downpayment)
                ],
            )
            for order in orders
        ]

    def _local_day(self, order):
        zone = ZoneInfo(ZONES[order.company_id.name])
        moment = order.date_order.replace(tzinfo=ZoneInfo("UTC"))
        return moment.astimezone(zone).date()

    def _read_invoice_lines(self):
        moves = self.env["account.move"].search(
            [
                ("company_id", "in", self.companies.ids),
                ("state", "=", "posted"),
                ("move_type", "in", ("out_invoice", "out_refund")),
            ]
        )
        return [
            self._read_invoice_line(move, line)
            for move in moves
            for line in move.invoice_line_ids
            if line.sale_line_ids or INVOICES
        ]

    def _read_invoice_line(self, move, line):
        is_credit = move.move_type == "out_refund"
        sign = 1 if is_credit else -1
        # Lines of orders count as shown, others as booked: Odoo spreads cents.
        amount = line.price_subtotal
        if not line.sale_line_ids:
            amount = sign * line.amount_currency
        return oracle.InvoiceLine(
            document=move.id,
            company=move.company_id.id,
            contact=move.commercial_partner_id.id,
            day=move.invoice_date,
            is_credit=is_credit,
            quantity=self._to_decimal(line.quantity),
            amount=self._to_decimal(amount, move.currency_id),
            order_line=min(line.sale_line_ids.ids, default=None),
            booked=self._to_decimal(sign * line.balance, move.company_id.currency_id),
            reversed_document=move.reversed_entry_id.id or None,
            product=line.product_id.id,
        )

    def _ask_oracle(self):
        partners = self.env["res.partner"].with_context(active_test=False).search([])
        return oracle.get_rows(
            self._read_orders(),
            self._read_invoice_lines(),
            {partner.id: partner.commercial_partner_id.id for partner in partners},
            {item.id: item.currency_id.decimal_places for item in self.companies},
            self._read_till_orders(),
        )

    def _read_till_orders(self):
        """Return the paid orders of the till, in a database that has one."""
        return []

    def _read_ledger(self):
        """Return the rows of the ledger, like those of the oracle."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.company_id, l.partner_id, l.date, l.amount, l.model, l.res_id,
                       o.model, o.res_id
                  FROM crm_lifecycle_purchase AS l
             LEFT JOIN crm_lifecycle_purchase AS o ON o.id = l.origin_id
                 WHERE l.company_id = ANY(%s)
                """,
                self.companies.ids,
            )
        )
        return sorted(
            (
                company,
                customer,
                day,
                round(float(amount), 6),
                model,
                res_id,
                origin_model or "",
                origin or 0,
            )
            for company, customer, day, amount, model, res_id, origin_model, origin in (
                rows
            )
        )

    def _check_ledger(self, expected):
        self.assertEqual(
            self._read_ledger(),
            sorted(
                (
                    row.company,
                    row.customer,
                    row.day,
                    round(float(row.amount), 6),
                    *row.document,
                    *(row.origin or ("", 0)),
                )
                for row in expected
            ),
        )

    def _read_facts(self):
        """Return ``{(company, customer): facts}`` as stored: empty is not 0."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT company_id, partner_id, %s FROM crm_lifecycle_profile "
                "WHERE company_id = ANY(%s) AND active AND partner_id IS NOT NULL",
                SQL(", ").join(map(SQL.identifier, FACTS)),
                self.companies.ids,
            )
        )
        return {
            (company, customer): oracle.Facts(*values)
            for company, customer, *values in rows
        }

    def _check_facts(self, rows, day):
        """Compare all facts as of a day with those of the oracle."""
        mine = defaultdict(list)
        for row in rows:
            mine[row.company, row.customer].append(row)
        found = self._read_facts()
        bought = {
            key for key, items in mine.items() if min(r.day for r in items) <= day
        }
        self.assertLessEqual(bought, found.keys())
        digits = {item.id: item.currency_id.decimal_places for item in self.companies}
        wrong = []
        for key, actual in found.items():
            expected = oracle.get_facts(mine[key], day)
            half = 0.5 * 10 ** -digits[key[0]]
            for name, value, truth in zip(FACTS, actual, expected, strict=True):
                tolerance = 1e-6 + (half if name == "average_order_value" else 0)
                if name in EXACT or value is None or truth is None:
                    same = value == truth
                else:
                    same = abs(float(value) - float(truth)) <= tolerance
                if not same:
                    wrong.append(f"{key} {name}: {value}, oracle: {truth}")
        self.assertFalse(wrong[:20], f"{len(wrong)} values differ as of {day}")

    def _check_sale_report(self):
        """Compare purchases before returns with Odoo's analysis of sales.

        Company by company and month by month, in the time zone of the company, over
        documents of customers that were never lowered or closed short, without refunds.
        """
        for company in self.companies:
            env = self.env(
                context={**self.env.context, "allowed_company_ids": company.ids}
            )
            Report = env["sale.report"]
            amounts = {
                tuple(reference.split(",")): amount
                for reference, amount in Report._read_group(
                    [
                        ("company_id", "=", company.id),
                        ("state", "in", Report._get_done_states()),
                    ],
                    ["order_reference"],
                    ["price_subtotal:sum"],
                )
            }
            documents = self._get_reported()
            expected, slack = defaultdict(float), defaultdict(float)
            for (model, res_id), amount in amounts.items():
                order = documents.get((model, int(res_id)))
                if order and amount > 0:
                    month = self._local_day(order).replace(day=1)
                    expected[month] += amount
                    slack[month] += self._get_slack(order)
            found = defaultdict(float)
            for row in env["crm.lifecycle.purchase"].search(
                [
                    ("company_id", "=", company.id),
                    ("channel", "in", ("sale", "pos")),
                    ("origin_id", "=", False),
                    ("amount", ">", 0),
                ]
            ):
                if (row.model, row.res_id) in documents:
                    found[row.date.replace(day=1)] += row.amount
            self.assertGreater(len(expected), 11)
            self.assertEqual(found.keys(), expected.keys())
            for month, amount in expected.items():
                self.assertAlmostEqual(found[month], amount, delta=slack[month] + 1e-6)

    def _get_reported(self):
        """Return the documents to compare, by model and ID."""
        return {
            ("sale.order", order.id): order
            for order in self.orders.exists()
            if order.id not in self.lowered
        }

    def _get_slack(self, order):
        """Return how much less or more the analysis of sales may have of an order.

        Nothing, if the order is in the company's currency and without discounts.
        Otherwise the two round different sums: the analysis adds rounded lines, and
        doesn't round what it converts. The ledger has the order as a whole, which
        differs by half a unit for each line with a discount, and rounds it in the
        company's currency, by half a unit of that one.
        """
        own = order.company_id.currency_id
        uneven = len(order.order_line.filtered("discount"))
        slack = uneven * order.currency_id.rounding / order.currency_rate / 2
        if order.currency_id != own:
            slack += own.rounding / 2
        return slack

    def _forget(self):
        """Delete the ledger and all that runs have written."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            DELETE FROM crm_lifecycle_purchase;
            DELETE FROM crm_lifecycle_purchase_watermark;
            DELETE FROM crm_lifecycle_pending;
            DELETE FROM crm_lifecycle_profile;
            DELETE FROM crm_lifecycle_run;
            """
        )
        self.env.invalidate_all()

    def _check_year(self):
        """Compare what the months have led to, and what a rebuild leads to."""
        rows = self._ask_oracle()
        self._check_ledger(rows)
        self._check_facts(rows, DAYS[-1])
        incremental = self._read_facts()
        self.assertEqual(self._run_all(DAYS[-1], full=True), 0)
        self._check_ledger(rows)
        self._forget()
        # Some of them full, the others as days pass.
        for number, day in enumerate(DAYS):
            self._run_all(day, full=number % 2 == 1)
            with self.subTest(day=day):
                self._check_ledger(rows)
                self._check_facts(rows, day)
        rebuilt = self._read_facts()
        shared = incremental.keys() & rebuilt.keys()
        self.assertEqual(
            {key: incremental[key] for key in shared},
            {key: rebuilt[key] for key in shared},
        )
        return rows


@tagged("post_install", "-at_install")
class TestPurchasesOfAYear(PurchasesCase):
    def test_a_year_of_purchases(self):
        self._begin(seed=21, customers=60)
        self._live(months=12, orders=19, changes=26)
        self.assertGreater(len(self.orders), 250)
        # The year has everything in it.
        self.assertFalse(
            {name for name, weight in self.changes.items() if weight}
            - self.happened.keys()
        )
        rows = self._check_year()
        self.assertGreater(len([row for row in rows if row.origin]), 30)
        self._check_sale_report()


@tagged("post_install", "-at_install")
class TestPurchasesOfShortYears(PurchasesCase):
    def test_incremental_runs_end_where_the_oracle_and_a_rebuild_end(self):
        for number in range(rounds(3, 200)):
            seed = random.randrange(10**9) if THOROUGH else number
            with self.subTest(seed=seed), self.env.cr.savepoint() as savepoint:
                self._begin(seed, customers=5)
                self._live(months=3, orders=5, changes=14)
                self._check_year()
                savepoint.rollback()
            self.env.invalidate_all()
