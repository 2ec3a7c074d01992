"""Compare the ledger and all facts of generated years with a till with an oracle.

As in `test_purchases`, with tills in several currencies: sales, refunds, exchanges,
anonymous orders, orders that arrive late, orders of Sales that are settled or paid down
there, invoices of till orders and their credit notes.
"""

import random
from collections import defaultdict
from unittest.mock import patch
from uuid import uuid4

from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .. import oracle_purchases as oracle
from ..test_purchases import BACKDATED, CHANGES, PurchasesCase
from ..thorough import THOROUGH, rounds

# Weights of what happens at the tills.
TILL_CHANGES = {
    "sell": 16,
    "refund": 6,
    "exchange": 3,
    "refund_again": 1,
    "give_customer": 2,
    "move_till_order": 1,
    "bring_back": 1,
    "settle": 7,
    "pay_down": 3,
    "invoice_till": 3,
    "close": 1,
}
# The currencies of the tills.
TILLS = {"East": ("XAA", "XCC"), "West": ("XBB", "XAA")}


class TillPurchasesCase(PurchasesCase):
    """A cashier in each company sells at two tills, in different currencies."""

    changes = CHANGES | TILL_CHANGES
    backdated = (*BACKDATED, "pos_order", "pos_order_line")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cashier = new_test_user(
            cls.env,
            "cas",
            "base.group_user,point_of_sale.group_pos_user,"
            "sales_team.group_sale_salesman_all_leads",
            company_id=cls.companies[0].id,
            company_ids=[Command.set(cls.companies.ids)],
        )
        cls.down_payment = cls.env["product.product"].create(
            {"name": "Down payment", "type": "service", "taxes_id": [Command.clear()]}
        )
        cls.products.available_in_pos = True
        currencies = {currency.name: currency for currency in cls.currencies}
        cls.tills = cls.env["pos.config"]
        for company in cls.companies:
            cls._open_till_books(company)
            for name in TILLS[company.name]:
                cls.tills |= cls._create_till(company, currencies[name])

    @classmethod
    def _open_till_books(cls, company):
        """Create the accounts that sessions of a till post to."""
        env = cls.env(context={**cls.env.context, "allowed_company_ids": company.ids})
        bank, debtors = env["account.account"].create(
            [
                {
                    "name": name,
                    "code": code,
                    "account_type": kind,
                    "reconcile": True,
                    "company_ids": [Command.set(company.ids)],
                }
                for name, code, kind in (
                    ("Outstanding", "101000", "asset_current"),
                    ("Debtors of the till", "111000", "asset_receivable"),
                )
            ]
        )
        country = env.ref("base.us")
        company.write(
            {
                "country_id": country.id,
                "account_fiscal_country_id": country.id,
                "chart_template": "generic_coa",
                "bank_account_code_prefix": "1014",
                "account_default_pos_receivable_account_id": debtors.id,
            }
        )
        cls.outstanding = getattr(cls, "outstanding", {}) | {company: bank}

    @classmethod
    def _create_till(cls, company, currency):
        env = cls.env(context={**cls.env.context, "allowed_company_ids": company.ids})
        income = company.income_currency_exchange_account_id
        journals = env["account.journal"].create(
            [
                {
                    "name": f"{kind} in {currency.name}",
                    "code": f"{kind[0]}{currency.name}".upper(),
                    "type": kind,
                    "company_id": company.id,
                    "currency_id": currency != company.currency_id and currency.id,
                    "default_account_id": kind == "sale" and income.id,
                }
                for kind in ("sale", "bank")
            ]
        )
        card = env["pos.payment.method"].create(
            {
                "name": currency.name,
                "company_id": company.id,
                "journal_id": journals[1].id,
                "outstanding_account_id": cls.outstanding[company].id,
            }
        )
        pricelist = cls.pricelists[company, currency]
        return env["pos.config"].create(
            {
                "name": f"Till in {currency.name}",
                "company_id": company.id,
                "journal_id": journals[0].id,
                "invoice_journal_id": journals[0].id,
                "payment_method_ids": [Command.set(card.ids)],
                "use_pricelist": True,
                "available_pricelist_ids": [Command.set(pricelist.ids)],
                "pricelist_id": pricelist.id,
                "down_payment_product_id": cls.down_payment.id,
            }
        )

    def _begin(self, seed, customers):
        super()._begin(seed, customers)
        self.till_orders = self.env["pos.order"]
        self.closed = {}  # the last closed session of each till

    # ------------------------------------------------------------
    # At the till
    # ------------------------------------------------------------

    def _as_cashier(self, records):
        """Return the records as the cashier of their company sees them."""
        company = records.company_id[:1]
        env = self.env(
            user=self.cashier,
            context={
                **self.env.context,
                "allowed_company_ids": company.ids,
                "generate_pdf": False,
            },
        )
        return records.with_env(env)

    def _ring_up(self, till, partner, lines, first=0, last=29, **vals):
        """Send an order to the server, as the browser of the till does.

        Some arrive after their session was closed.
        """
        till = self._as_cashier(till)
        if not till.current_session_id:
            till.open_ui()
        session = till.current_session_id
        if till.id in self.closed and self.pick.random() < 0.1:
            session = self.closed[till.id]
        total = till.currency_id.round(sum(line["price_subtotal"] for line in lines))
        data = {
            "amount_paid": total,
            "amount_return": 0,
            "amount_tax": 0,
            "amount_total": total,
            "date_order": str(self._moment(first, last)),
            "fiscal_position_id": False,
            "lines": [Command.create(line) for line in lines],
            "partner_id": partner.id,
            "payment_ids": [
                Command.create(
                    {"amount": total, "payment_method_id": till.payment_method_ids.id}
                )
            ],
            "pricelist_id": till.pricelist_id.id,
            "session_id": session.id,
            "state": "paid",
            "to_invoice": False,
            "user_id": self.cashier.id,
            "uuid": str(uuid4()),
            **vals,
        }
        till.env["pos.order"].sync_from_ui([data])
        order = self.env["pos.order"].search([("uuid", "=", data["uuid"])])
        self.assertIn(order.state, ("paid", "done"))
        self.till_orders |= order
        self._keep_invoice(order)
        return order

    def _keep_invoice(self, order):
        """Let later events credit the invoice of a till order."""
        if order.account_move.move_type == "out_invoice":
            self.moves |= order.account_move

    def _till_line(self, till, quantity, price, discount=0, **vals):
        amount = till.currency_id.round(quantity * price * (1 - discount / 100))
        return {
            "product_id": self.pick.choice(self.products).id,
            "qty": quantity,
            "price_unit": price,
            "discount": discount,
            "price_subtotal": amount,
            "price_subtotal_incl": amount,
            "tax_ids": [Command.clear()],
            "uuid": str(uuid4()),
            **vals,
        }

    def _pick_lines(self, till):
        """Return lines that a customer buys; some of them are a discount."""
        pick = self.pick
        lines = [
            self._till_line(
                till,
                pick.choice((1, 2, 3, 0.7)),
                pick.randint(1, 9999) / 100,
                pick.choice((0, 0, 0, 10, 33.3)),
            )
            for _line in range(pick.choice((1, 1, 2, 3)))
        ]
        if pick.random() < 0.15:
            lines.append(self._till_line(till, 1, -2))
        return lines

    def _pick_customer(self):
        """Return a customer, or none: a quarter of the orders are anonymous."""
        anonymous = self.pick.random() < 0.25
        return self.partners.browse() if anonymous else self.pick.choice(self.partners)

    def _pick_till_order(self, condition=lambda order: True):
        orders = self.till_orders.filtered(condition)
        return orders and self.pick.choice(orders)

    def _pick_refund(self):
        """Return a till order with what is left of it, and the lines of a refund.

        Staff may take back a part of a line, and at another price.
        """
        order = self._pick_till_order(lambda order: order.has_refundable_lines)
        if not order:
            return None, []
        till = order.config_id
        whole = self.pick.random() < 0.5
        lines = []
        for line in order.lines:
            left = round(line.qty - line.refunded_qty, 6)
            if left <= 0 or not (whole or self.pick.random() < 0.6):
                continue
            quantity = left if whole else min(left, self.pick.choice((1, 2, left)))
            price = line.price_unit * self.pick.choice((1,) * 8 + (0.5, 1.5))
            lines.append(
                self._till_line(
                    till,
                    -quantity,
                    price,
                    line.discount,
                    product_id=line.product_id.id,
                    refunded_orderline_id=line.id,
                )
            )
        return order, lines

    # ------------------------------------------------------------
    # Events
    # ------------------------------------------------------------

    def _do_sell(self):
        till = self.pick.choice(self.tills)
        partner = self._pick_customer()
        first = self.pick.choice((0, 0, 0, -60))  # arrives late
        to_invoice = bool(partner) and self.pick.random() < 0.3
        lines = self._pick_lines(till)
        return bool(self._ring_up(till, partner, lines, first, to_invoice=to_invoice))

    def _do_refund(self):
        """Refund lines of an order, by Odoo's rules with a credit note if invoiced."""
        order, lines = self._pick_refund()
        if not lines:
            return None
        to_invoice = order.is_invoiced
        partner = order.partner_id
        if not to_invoice and self.pick.random() < 0.3:
            partner = self._pick_customer()
        return bool(
            self._ring_up(
                order.config_id,
                partner,
                lines,
                last=40,
                is_refund=True,
                to_invoice=to_invoice,
            )
        )

    def _do_refund_again(self):
        """Refund in the back office, which copies the lines."""
        order = self._pick_till_order(
            lambda order: order.has_refundable_lines and order.amount_total > 0
        )
        if not order:
            return None
        if not order.config_id.current_session_id:
            self._as_cashier(order.config_id).open_ui()
        refund = self._as_cashier(order)._refund()
        refund.date_order = self._moment(last=40)
        refund.add_payment(
            {
                "pos_order_id": refund.id,
                "payment_method_id": order.config_id.payment_method_ids.id,
                "amount": refund.amount_total,
            }
        )
        refund.action_pos_order_paid()
        self.till_orders |= refund.with_env(self.env)
        return True

    def _do_exchange(self):
        order, lines = self._pick_refund()
        if not lines:
            return None
        lines += self._pick_lines(order.config_id)
        partner = order.partner_id or self._pick_customer()
        return bool(self._ring_up(order.config_id, partner, lines))

    def _do_bring_back(self):
        """Take goods back without their order."""
        till = self.pick.choice(self.tills)
        line = self._till_line(till, -1, self.pick.randint(1, 2000) / 100)
        return bool(self._ring_up(till, self._pick_customer(), [line]))

    def _do_give_customer(self):
        order = self._pick_till_order(lambda order: not order.partner_id)
        if order:
            self._as_cashier(order).partner_id = self.pick.choice(self.partners)
        return bool(order)

    def _do_move_till_order(self):
        order = self._pick_till_order(
            lambda order: order.partner_id and not order.is_invoiced
        )
        if order:
            self._as_cashier(order).partner_id = self.pick.choice(self.partners)
        return bool(order)

    def _do_settle(self):
        """Settle an order of Sales, or a part of it, with other goods or without."""
        order = self._pick_unpaid(
            lambda order: (
                order.state in ("draft", "sale") and order.invoice_status != "invoiced"
            )
        )
        if not order:
            return None
        till = self._get_till(order)
        settling = [
            self._settling_line(line, quantity)
            for line, quantity in self._get_unsettled(order)
        ]
        if not settling:
            return None
        besides = self._pick_lines(till) if self.pick.random() < 0.4 else []
        to_invoice = self.pick.random() < 0.5
        was_draft = order.state == "draft"
        self._ring_up(till, order.partner_id, settling + besides, to_invoice=to_invoice)
        if was_draft:  # confirmed by the clock
            order.date_order = self._moment()
        if self.pick.random() < 0.15:
            # Some of it comes back by settling it again.
            line = order.order_line.browse(settling[0]["sale_order_line_id"])
            self._ring_up(till, order.partner_id, [self._settling_line(line, -1)])
        return True

    def _pick_unpaid(self, condition):
        """Return an order of Sales that is not paid and has a till, or none."""
        orders = self.orders.exists().filtered(
            lambda order: order.amount_unpaid > 0 and self._get_till(order)
        )
        orders = orders.filtered(condition)
        return orders and self.pick.choice(orders)

    def _get_till(self, order):
        return self.tills.filtered_domain(
            [
                ("company_id", "=", order.company_id.id),
                ("currency_id", "=", order.currency_id.id),
            ]
        )

    def _get_unsettled(self, order):
        """Return the lines to settle and their quantities; down payments are used."""
        found = []
        for line in order.order_line.filtered(lambda line: not line.display_type):
            quantity = line.product_uom_qty - line.qty_invoiced
            if line.is_downpayment:
                quantity = -line.qty_invoiced
            elif quantity > 1 and self.pick.random() < 0.2:
                quantity -= 1
            if quantity:
                found.append((line, quantity))
        return found

    def _settling_line(self, line, quantity):
        return self._till_line(
            self._get_till(line.order_id),
            quantity,
            line.price_unit,
            line.discount,
            product_id=line.product_id.id or self.down_payment.id,
            sale_order_origin_id=line.order_id.id,
            sale_order_line_id=line.id,
        )

    def _do_pay_down(self):
        order = self._pick_unpaid(
            lambda order: (
                order.state == "sale"
                and order.amount_unpaid > 10
                and not order.order_line.filtered("is_downpayment")
            )
        )
        if not order:
            return None
        till = self._get_till(order)
        line = self._till_line(
            till, 1, 7, product_id=self.down_payment.id, sale_order_origin_id=order.id
        )
        to_invoice = self.pick.random() < 0.5
        return bool(
            self._ring_up(till, order.partner_id, [line], to_invoice=to_invoice)
        )

    def _do_invoice_till(self):
        """Invoice one order later, or some orders of a customer together."""

        def has_no_invoice(order):
            return (
                order.partner_id
                and not order.is_invoiced
                and order.amount_total > 0
                and not order.lines.refunded_orderline_id
            )

        order = self._pick_till_order(has_no_invoice)
        if not order:
            return None
        orders = order | self.till_orders.filtered(
            lambda other: (
                has_no_invoice(other)
                and other.partner_id == order.partner_id
                and other.config_id == order.config_id
            )
        )
        orders = orders[:3].with_company(order.company_id)
        orders.with_context(generate_pdf=False)._generate_pos_order_invoice()
        self._keep_invoice(order)
        return True

    def _do_close(self):
        tills = self.tills.filtered(lambda till: till.current_session_id.order_ids)
        if not tills:
            return None
        till = self.pick.choice(tills)
        session = till.current_session_id
        self._close_session(session)
        self.assertEqual(session.state, "closed")
        self.closed[till.id] = session
        return True

    def _close_session(self, session):
        """Close a session, if needed by force: sums of rounded lines may differ."""
        session = self._as_cashier(session)
        with (
            self.env.cr.savepoint() as savepoint,
            patch.object(self.env.cr, "rollback", savepoint.rollback),
        ):
            difference = session.action_pos_session_closing_control()
        if difference is not True:
            wizard = self.env[difference["res_model"]].browse(difference["res_id"])
            session.action_pos_session_closing_control(
                session.company_id.income_currency_exchange_account_id,
                wizard.amount_to_balance,
            )

    # ------------------------------------------------------------
    # The oracle
    # ------------------------------------------------------------

    def _read_till_orders(self):
        return [
            oracle.TillOrder(
                id=order.id,
                company=order.company_id.id,
                contact=order.partner_id.id or None,
                day=self._local_day(order),
                time=order.date_order,
                rate=self._to_decimal(order.currency_rate),
                unit=self._to_decimal(order.currency_id.rounding),
                invoice=order.account_move.id or None,
                lines=[
                    oracle.TillLine(
                        id=line.id,
                        product=line.product_id.id,
                        quantity=self._to_decimal(line.qty),
                        amount=self._to_decimal(line.price_subtotal, order.currency_id),
                        refunded_line=line.refunded_orderline_id.id or None,
                        order_line=line.sale_order_line_id.id or None,
                    )
                    for line in order.lines
                ],
            )
            for order in self.till_orders.exists()
        ]

    def _get_reported(self):
        """Add till orders of customers without refunds."""
        orders = self.till_orders.filtered(
            lambda order: order.partner_id and not order.lines.refunded_orderline_id
        )
        return super()._get_reported() | {
            ("pos.order", order.id): order for order in orders
        }

    def _get_slack(self, order):
        if order._name == "sale.order":
            return super()._get_slack(order)
        # Only what is converted is rounded: lines are added up, as in the analysis.
        own = order.company_id.currency_id
        return 0 if order.currency_id == own else own.rounding / 2


@tagged("post_install", "-at_install")
class TestPurchasesOfAYearWithATill(TillPurchasesCase):
    def test_a_year_of_purchases(self):
        self._begin(seed=21, customers=25)
        self._live(months=12, orders=4, changes=26)
        self.assertGreater(len(self.till_orders), 100)
        # The year has everything in it.
        self.assertFalse(self.changes.keys() - self.happened.keys())
        rows = self._check_year()
        kinds = defaultdict(int)
        for row in rows:
            origin = row.origin and row.origin[0]
            kinds[row.document[0], origin] += 1
        for kind, least in {
            ("pos.order", None): 60,
            ("pos.order", "pos.order"): 10,
            ("pos.order", "sale.order"): 5,
            ("account.move", "pos.order"): 5,
            ("account.move", "sale.order"): 5,
        }.items():
            self.assertGreaterEqual(kinds[kind], least, kind)
        self._check_sale_report()


@tagged("post_install", "-at_install")
class TestPurchasesOfShortYearsWithATill(TillPurchasesCase):
    def test_incremental_runs_end_where_the_oracle_and_a_rebuild_end(self):
        for number in range(rounds(1, 200)):
            seed = random.randrange(10**9) if THOROUGH else number
            with self.subTest(seed=seed), self.env.cr.savepoint() as savepoint:
                self._begin(seed, customers=5)
                self._live(months=3, orders=3, changes=25)
                self._check_year()
                savepoint.rollback()
            self.env.invalidate_all()
