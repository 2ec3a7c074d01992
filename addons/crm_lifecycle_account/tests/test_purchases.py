"""Invoices without an order, and their credit notes, in the ledger of purchases."""

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import AccountLifecycleCase

FACTS = ("order_count", "order_total", "last_order_date")
NO_PURCHASE = (0, 0, False)


class PurchaseCase(AccountLifecycleCase):
    @classmethod
    def _forget(cls):
        """Backdate all rows: a run finds only what is reported, or written later."""
        cls.env.cr.execute(
            "UPDATE crm_lifecycle_purchase_watermark SET moment = '2021-01-01' "
            "WHERE moment IS NOT NULL"
        )
        return super()._forget()

    @classmethod
    def _credit(cls, invoice, days_ago=0, amounts=None, post=True):
        """Reverse an invoice, or some amounts of its lines."""
        day = cls._day(days_ago)
        refund = invoice._reverse_moves([{"invoice_date": day, "date": day}])
        for line, amount in zip(refund.invoice_line_ids, amounts or (), strict=False):
            line.price_unit = amount
        if post:
            refund.action_post()
        return refund

    @classmethod
    def _make_currency(cls, rates, rounding=0.01):
        """Create a currency with rates, as ``{days ago: rate}``."""
        return cls.env["res.currency"].create(
            {
                "name": "TST",
                "symbol": "T",
                "rounding": rounding,
                "rate_ids": [
                    Command.create(
                        {
                            "name": cls._day(days_ago),
                            "rate": rate,
                            "company_id": cls.company.id,
                        }
                    )
                    for days_ago, rate in rates.items()
                ],
            }
        )

    def _lines(self, *amounts):
        return [
            Command.create(
                {
                    "product_id": self.product.id,
                    "account_id": self.books[self.company]["income"].id,
                    "quantity": 1,
                    "price_unit": amount,
                    "tax_ids": [Command.clear()],
                }
            )
            for amount in amounts
        ]

    def _purchases(self, company=None):
        """Return the rows of a company: document, purchase reduced, day and amount."""
        self.env.flush_all()
        rows = self.env["crm.lifecycle.purchase"].search(
            [("company_id", "=", (company or self.company).id)], order="date, id"
        )
        return [
            (row.res_id, row.origin_id.res_id, (TODAY - row.date).days, row.amount)
            for row in rows
        ]


@tagged("post_install", "-at_install")
class TestPurchases(PurchaseCase):
    def test_an_invoice_counts_on_its_date_without_taxes(self):
        partner = self._partner()
        invoice = self._invoice(partner, 100, days_ago=10, taxed=True)
        self.assertEqual(self._facts(partner, *FACTS), (1, 100, self._day(10)))
        self.assertEqual(self._purchases(), [(invoice.id, 0, 10, 100)])
        row = self.env["crm.lifecycle.purchase"].search([])
        self.assertEqual(
            (row.channel, row.model, row.display_name),
            ("invoice", "account.move", invoice.display_name),
        )

    def test_a_receipt_counts(self):
        partner = self._partner()
        self._invoice(partner, 30, days_ago=2, move_type="out_receipt")
        self.assertEqual(self._facts(partner, *FACTS), (1, 30, self._day(2)))

    def test_a_bill_a_draft_and_a_cancelled_invoice_count_for_nothing(self):
        partner = self._partner()
        self._invoice(partner, 100, post=False)
        self._invoice(partner, 100, post=False).button_cancel()
        self._invoice(partner, 0)
        self._run()
        self.assertFalse(self._purchases())

    def test_negative_lines_net_within_the_invoice(self):
        partner = self._partner()
        self._invoice(partner, invoice_line_ids=self._lines(100, -30, 5))
        self.assertEqual(self._facts(partner, *FACTS), (1, 75, TODAY))
        self.assertEqual(len(self._purchases()), 1)

    def test_a_contact_buys_for_its_company(self):
        company = self._partner("Company", is_company=True)
        child = self._partner("Child", parent_id=company.id)
        self._invoice(child, 100)
        self._invoice(company, 10)
        self.assertEqual(self._facts(company, *FACTS), (2, 110, TODAY))
        child.write({"parent_id": False})
        # The invoice stays with the customer who owes it.
        self.assertEqual(self._facts(company, *FACTS), (2, 110, TODAY))

    def test_a_full_credit_undoes_the_purchase_from_its_day_on(self):
        partner = self._partner()
        invoice = self._invoice(partner, 100, days_ago=10)
        self._credit(invoice, days_ago=5)
        for days_ago, facts in [
            (6, (1, 100, self._day(10))),
            (5, NO_PURCHASE),
            (4, NO_PURCHASE),
        ]:
            day = self._day(days_ago)
            self.assertEqual(self._facts(partner, *FACTS, as_of=day), facts)

    def test_a_credit_note_is_a_return_of_its_invoice(self):
        partner = self._partner()
        self._invoice(partner, 50, days_ago=20)
        invoice = self._invoice(partner, 100, days_ago=10)
        refund = self._credit(invoice, days_ago=5, amounts=[40])
        self.assertEqual(self._facts(partner, *FACTS), (2, 110, self._day(10)))
        self.assertIn((refund.id, invoice.id, 5, -40), self._purchases())

    def test_a_credit_counts_within_the_amount_of_its_invoice(self):
        partner = self._partner()
        self._invoice(partner, 500, days_ago=20)
        invoice = self._invoice(partner, 100, days_ago=10)
        self._credit(invoice, days_ago=5, amounts=[70])
        last = self._credit(invoice, days_ago=4, amounts=[70])
        self.assertEqual(self._facts(partner, *FACTS), (1, 500, self._day(20)))
        self.assertIn((last.id, invoice.id, 4, -30), self._purchases())

    def test_a_credit_note_without_an_invoice_is_a_return_without_a_purchase(self):
        partner = self._partner()
        self._invoice(partner, 100, days_ago=10)
        refund = self._credit_note(partner, 30, days_ago=5)
        self.assertEqual(self._facts(partner, *FACTS), (1, 70, self._day(10)))
        self.assertIn((refund.id, 0, 5, -30), self._purchases())

    def test_a_credit_is_a_return_only_while_its_invoice_counts(self):
        partner = self._partner()
        invoice = self._invoice(partner, 100, days_ago=10)
        refund = self._credit(invoice, days_ago=5, amounts=[40])
        self._run()
        for change, rows in [
            (invoice.button_draft, [(refund.id, 0, 5, -40)]),
            (
                invoice.action_post,
                [(invoice.id, 0, 10, 100), (refund.id, invoice.id, 5, -40)],
            ),
            (refund.button_draft, [(invoice.id, 0, 10, 100)]),
        ]:
            with self.subTest(change=change.__name__, of=change.__self__.move_type):
                self._forget()
                change()
                self._run()
                self.assertEqual(self._purchases(), rows)

    def test_a_deleted_credit_note_returns_nothing(self):
        partner = self._partner()
        invoice = self._invoice(partner, 100, days_ago=10)
        refund = self._credit(invoice, days_ago=5)
        self._run()
        refund.button_draft()
        self._forget()
        refund.with_context(force_delete=True).unlink()
        self.assertEqual(self._facts(partner, *FACTS), (1, 100, self._day(10)))

    def test_a_deleted_invoice_is_no_purchase(self):
        partner = self._partner()
        invoice = self._invoice(partner, 100, days_ago=10)
        refund = self._credit(invoice, days_ago=5)
        self._run()
        # The row in the ledger stays until the next run.
        invoice.button_draft()
        self._forget()
        invoice.with_context(force_delete=True).unlink()
        self._run()
        self.assertEqual(self._purchases(), [(refund.id, 0, 5, -100)])

    def test_a_credit_note_may_change_its_invoice(self):
        partner = self._partner()
        first = self._invoice(partner, 100, days_ago=10)
        second = self._invoice(partner, 100, days_ago=8)
        refund = self._credit(first, days_ago=5)
        self._run()
        self._forget()
        refund.reversed_entry_id = second
        self._run()
        self.assertEqual(
            self._purchases(),
            [
                (first.id, 0, 10, 100),
                (second.id, 0, 8, 100),
                (refund.id, second.id, 5, -100),
            ],
        )
        returned = self.env["crm.lifecycle.purchase"].search([("amount", ">", 0)])
        self.assertEqual(
            {row.res_id: row.returned_date for row in returned},
            {first.id: False, second.id: self._day(5)},
        )

    def test_another_date_and_customer(self):
        ada, bob = self._partner(), self._partner("Bob")
        invoice = self._invoice(ada, 100, days_ago=10)
        self._run()
        self._forget()
        invoice.button_draft()
        invoice.write({"invoice_date": self._day(3), "partner_id": bob.id})
        invoice.action_post()
        self.assertEqual(self._facts(bob, *FACTS), (1, 100, self._day(3)))
        self.assertEqual(self._profile(ada).order_count, 0)

    def test_a_merged_customer_keeps_the_purchases(self):
        ada, bob = self._partner(), self._partner("Bob")
        self._invoice(ada, 100, days_ago=10)
        self._invoice(bob, 10, days_ago=3)
        self._run()
        self._forget()
        self.env["base.partner.merge.automatic.wizard"]._merge(
            [ada.id, bob.id], dst_partner=bob
        )
        self.assertEqual(self._facts(bob, *FACTS), (2, 110, self._day(3)))

    def test_a_second_run_changes_nothing(self):
        partner = self._partner()
        invoice = self._invoice(partner, 100, days_ago=10)
        self._credit(invoice, days_ago=5, amounts=[40])
        self._credit_note(partner, 30, days_ago=2)
        self._run()
        rows = self._purchases()
        self.env.cr.execute("SELECT id, xmin FROM crm_lifecycle_purchase ORDER BY id")
        written = self.env.cr.fetchall()
        self._run()
        self.env["crm.lifecycle.purchase.watermark"]._reset()
        self._run()
        self.env.cr.execute("SELECT id, xmin FROM crm_lifecycle_purchase ORDER BY id")
        self.assertEqual(self.env.cr.fetchall(), written)
        self.assertEqual(self._purchases(), rows)


@tagged("post_install", "-at_install")
class TestCurrencies(PurchaseCase):
    def test_a_credit_counts_at_the_rate_of_its_invoice(self):
        partner = self._partner()
        currency = self._make_currency({20: 0.5, 5: 0.4})
        invoice = self._invoice(partner, 100, days_ago=10, currency_id=currency.id)
        refund = self._credit(invoice, days_ago=5)
        self.assertEqual(refund.amount_untaxed_signed, -250)
        self.assertEqual(self._facts(partner, *FACTS), NO_PURCHASE)
        self.assertEqual(
            self._purchases(),
            [(invoice.id, 0, 10, 200), (refund.id, invoice.id, 5, -200)],
        )

    def test_a_credit_in_another_currency_counts_with_its_balance(self):
        partner = self._partner()
        currency = self._make_currency({20: 0.5})
        invoice = self._invoice(partner, 100, days_ago=10, currency_id=currency.id)
        refund = self._credit(invoice, days_ago=5, post=False)
        refund.currency_id = self.company.currency_id
        refund.invoice_line_ids.price_unit = 30
        refund.action_post()
        self.assertEqual(self._facts(partner, *FACTS), (1, 170, self._day(10)))

    def test_an_invoice_credited_in_parts_leaves_no_cent(self):
        partner = self._partner()
        currency = self._make_currency({20: 3})
        for price in (1, 2):  # 0.33 and 0.67: the sum is 0.99 or 2.01
            with self.subTest(price=price):
                invoice = self._invoice(
                    partner,
                    days_ago=10,
                    currency_id=currency.id,
                    invoice_line_ids=self._lines(price, price, price),
                )
                self._credit(invoice, 5, [price, 0, 0])
                self._credit(invoice, 4, [0, price / 2, 0])
                self._credit(invoice, 3, [0, price / 2, price])
                self.assertEqual(self._facts(partner, *FACTS), NO_PURCHASE)

    def test_each_company_counts_its_own_in_its_currency(self):
        other = self.env["res.company"].create(
            {"name": "Other", "currency_id": self._make_currency({20: 0.5}).id}
        )
        self.env.user.company_ids |= other
        self.books[other] = self._open_books(other)
        partner = self._partner(company_id=False)
        self._invoice(partner, 100, days_ago=10)
        there = self._invoice(partner, 70, days_ago=3, company=other)
        self.assertEqual(self._facts(partner, *FACTS), (1, 100, self._day(10)))
        companies = self.company | other
        rows = self.env["crm.lifecycle.purchase"].with_context(
            allowed_company_ids=companies.ids
        )
        there = rows.search([("company_id", "=", other.id)])
        self.assertEqual((there.amount, there.date), (70, self._day(3)))
        self.assertEqual(there.partner_id, partner)


@tagged("post_install", "-at_install")
class TestOrders(PurchaseCase):
    """Lines of orders count with their orders."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.has_sale = "sale.order" in cls.env

    def _order(self, partner, amount=100, days_ago=20):
        order = self.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "company_id": self.company.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.product.id,
                            "product_uom_qty": 1,
                            "price_unit": amount,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
        )
        order.action_confirm()
        order.date_order = self._day(days_ago)
        return order

    def _mixed_invoice(self, order, amount):
        """Post an invoice of an order with a line of its own."""
        self.product.invoice_policy = "order"
        self.product.property_account_income_id = self.books[self.company]["income"]
        invoice = order._create_invoices()
        invoice.write(
            {
                "invoice_date": self._day(10),
                "invoice_line_ids": self._lines(amount),
            }
        )
        invoice.action_post()
        return invoice

    def _skip_without_sales(self):
        if not self.has_sale:
            self.skipTest("Sales is not installed.")

    def test_only_the_free_line_of_an_invoice_counts_beside_the_order(self):
        self._skip_without_sales()
        partner = self._partner()
        order = self._order(partner)
        invoice = self._mixed_invoice(order, 15)
        self.assertEqual(self._facts(partner, *FACTS), (2, 115, self._day(10)))
        self.assertEqual(
            self._purchases(), [(order.id, 0, 20, 100), (invoice.id, 0, 10, 15)]
        )
        refund = self._credit(invoice, days_ago=5)
        self.assertEqual(self._facts(partner, *FACTS), NO_PURCHASE)
        self.assertCountEqual(
            self._purchases()[2:],
            [(refund.id, order.id, 5, -100), (refund.id, invoice.id, 5, -15)],
        )

    def test_a_discount_on_the_invoice_of_an_order_goes_with_the_credit(self):
        self._skip_without_sales()
        partner = self._partner()
        invoice = self._mixed_invoice(self._order(partner), -15)
        self.assertEqual(self._facts(partner, *FACTS), (1, 85, self._day(20)))
        self._credit(invoice, days_ago=5)
        self.assertEqual(self._facts(partner, *FACTS), NO_PURCHASE)

    def test_an_invoice_of_a_deleted_order_counts_by_itself(self):
        self._skip_without_sales()
        partner = self._partner()
        order = self._order(partner)
        self._mixed_invoice(order, 15)
        order._action_cancel()
        self.assertEqual(self._facts(partner, *FACTS), (1, 15, self._day(10)))
        self._forget()
        order.unlink()
        self.assertEqual(self._facts(partner, *FACTS), (1, 115, self._day(10)))

    def test_a_down_payment_is_no_purchase(self):
        self._skip_without_sales()
        partner = self._partner()
        order = self._order(partner)
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": [Command.set(order.ids)],
                "advance_payment_method": "fixed",
                "fixed_amount": 30,
            }
        )
        self.product.property_account_income_id = self.books[self.company]["income"]
        invoice = wizard._create_invoices(order)
        for line in invoice.invoice_line_ids:
            line.account_id = self.books[self.company]["income"]
        invoice.invoice_date = self._day(10)
        invoice.action_post()
        self.assertTrue(invoice.line_ids.filtered("is_downpayment"))
        self.assertEqual(self._facts(partner, *FACTS), (1, 100, self._day(20)))
