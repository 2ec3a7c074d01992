"""What counts as a purchase: orders, returns, and what is left of them, by day."""

from datetime import datetime, time, timedelta

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import InvoiceCase

NAMES = ("order_count", "order_total", "last_order_date")


def ago(days):
    return TODAY - timedelta(days=days)


class PurchaseCase(InvoiceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product.invoice_policy = "order"
        cls.ada = cls._partner()

    def _read(self, *names, partner=None):
        profile = self._profile(partner or self.ada)
        return tuple(profile[name] for name in names)

    def _check_days(self, expected, names=NAMES, partner=None):
        """Check facts as of some days, oldest first: ``{days ago: values}``."""
        for days_ago, values in expected.items():
            self._run(ago(days_ago))
            with self.subTest(days_ago=days_ago):
                self.assertEqual(self._read(*names, partner=partner), values)

    def _check(self, *values, names=NAMES, partner=None):
        self._check_days({0: values}, names, partner)

    def _rows(self, partner=None):
        """Return the rows of a customer in the ledger: ``[(days ago, amount)]``."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT date, amount FROM crm_lifecycle_purchase "
                "WHERE partner_id = %s ORDER BY date, id",
                (partner or self.ada).id,
            )
        )
        return [((TODAY - day).days, float(amount)) for day, amount in rows]

    def _pricelist(self, *rates):
        """Return a price list in a new currency: rates are ``(days ago, rate)``."""
        currency = self.env["res.currency"].create(
            {
                "name": "TST",
                "symbol": "T",
                "rate_ids": [
                    Command.create(
                        {
                            "name": ago(days_ago),
                            "rate": rate,
                            "company_id": self.company.id,
                        }
                    )
                    for days_ago, rate in rates
                ],
            }
        )
        return self.env["product.pricelist"].create(
            {"name": "T", "currency_id": currency.id, "company_id": self.company.id}
        )

    def _currency_order(self, pricelist, amount, days_ago):
        """Create an order in another currency, at the rate of its day."""
        order = self._order(
            self.ada, amount, days_ago=days_ago, pricelist_id=pricelist.id
        )
        order.order_line.price_unit = amount
        order._compute_currency_rate()
        return order

    def _add_line(self, order, amount, quantity=1, **vals):
        order.order_line = [
            Command.create(
                {
                    "product_id": self.product.id,
                    "product_uom_qty": quantity,
                    "price_unit": amount,
                    "tax_ids": [Command.clear()],
                    **vals,
                }
            )
        ]
        return order.order_line[-1]


@tagged("post_install", "-at_install")
class TestReturns(PurchaseCase):
    def test_a_fully_credited_order_was_never_a_purchase(self):
        """The number, the last date and the stage go back to those without it."""
        self._rule(self.customer, [("order_count", ">", 0)], self.prospect)
        self._rule(self.engaged, [("order_count", ">", 1)], self.customer)
        self._rule(self.customer, [("order_count", "<", 2)], self.engaged)
        self._order(self.ada, 30, days_ago=100)
        invoice = self._invoice(self._order(self.ada, 100, days_ago=20), 18)
        self._credit(invoice, 10)
        names = (
            *NAMES,
            "purchase_day_count",
            "average_order_value",
            "order_interval_days",
            "order_total_12m",
            "order_total_6m",
        )
        without = (1, 30, ago(100), 1, 30, 0, 30, 30)
        for days_ago, values, stage in (
            (21, without, self.customer),
            (20, (2, 130, ago(20), 2, 65, 80, 130, 130), self.engaged),
            (11, (2, 130, ago(20), 2, 65, 80, 130, 130), self.engaged),
            (10, without, self.customer),
            (9, without, self.customer),
        ):
            self._check_days({days_ago: values}, names)
            self.assertEqual(self._profile(self.ada).stage_id, stage, days_ago)

    def test_a_customer_with_nothing_left_has_no_purchase(self):
        invoice = self._invoice(self._order(self.ada, 100, days_ago=20), 18)
        self._credit(invoice, 10)
        names = ("first_order_date", *NAMES, "purchase_day_count")
        self._check_days(
            {11: (ago(20), 1, 100, ago(20), 1), 10: (False, 0, 0, False, 0)}, names
        )
        self.assertEqual(self._profile(self.ada).first_seen_date, ago(20))

    def test_a_return_counts_at_the_rate_of_the_order(self):
        """An order of 100 at 0.5, credited at 0.4, made a total of -50."""
        pricelist = self._pricelist((60, 0.5), (15, 0.4))
        order = self._currency_order(pricelist, 100, 20)
        self.assertEqual(order.currency_rate, 0.5)
        invoice = self._invoice(order, 18)
        note = self._credit(invoice, 10)
        self.assertEqual(note.amount_untaxed_signed, -250)
        self._check_days({11: (1, 200, ago(20)), 10: (0, 0, False)})
        self.assertEqual(self._rows(), [(20, 200), (10, -200)])

    def test_a_credit_note_in_another_currency(self):
        pricelist = self._pricelist((60, 0.5))
        order = self._order(self.ada, 200, days_ago=20)
        self.assertEqual(order.currency_id, self.company.currency_id)
        note = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.ada.id,
                "company_id": self.company.id,
                "currency_id": pricelist.currency_id.id,
                "invoice_date": ago(5),
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": self.product.id,
                            "quantity": 1,
                            "price_unit": 25,  # 50 in the currency of the order
                            "tax_ids": [Command.clear()],
                            "sale_line_ids": [Command.set(order.order_line.ids)],
                        }
                    )
                ],
            }
        )
        note.action_post()
        self._check_days({6: (1, 200, ago(20)), 5: (1, 150, ago(20))})

    def test_goods_that_come_back_with_the_next_invoice(self):
        """Odoo's `final` invoice has negative lines for what came back."""
        self.product.invoice_policy = "delivery"
        first = self._order(self.ada, 100, days_ago=30)
        first.order_line.qty_delivered = 1
        self._invoice(first, 28)
        second = self._order(self.ada, 150, days_ago=8)
        second.order_line.qty_delivered = 1
        first.order_line.qty_delivered = 0
        invoice = self._invoice(first | second, 5, final=True)
        self.assertEqual(invoice.move_type, "out_invoice")
        self.assertEqual(sorted(invoice.invoice_line_ids.mapped("quantity")), [-1, 1])
        self._check_days(
            {6: (2, 250, ago(8)), 5: (1, 150, ago(8)), 4: (1, 150, ago(8))}
        )
        self.assertEqual(self._rows(), [(30, 100), (8, 150), (5, -100)])

    def test_goods_sold_with_a_credit_note(self):
        """Odoo makes a credit note of the invoice if more came back than was sold."""
        self.product.invoice_policy = "delivery"
        first = self._order(self.ada, 100, days_ago=30)
        first.order_line.qty_delivered = 1
        self._invoice(first, 28)
        second = self._order(self.ada, 40, days_ago=8)
        second.order_line.qty_delivered = 1
        first.order_line.qty_delivered = 0
        note = self._invoice(first | second, 5, final=True)
        self.assertEqual(note.move_type, "out_refund")
        self.assertEqual(sorted(note.invoice_line_ids.mapped("quantity")), [-1, 1])
        # What was sold with it is returned as well.
        second.order_line.qty_delivered = 0
        self._invoice(second, 2, final=True)
        self._check_days({6: (2, 140, ago(8)), 5: (1, 40, ago(8)), 2: (0, 0, False)})

    def test_what_is_delivered_short_counts_once_nothing_is_left(self):
        """100 ordered, 60 delivered without a back order and invoiced: 60."""
        self.product.invoice_policy = "delivery"
        order = self._order(self.ada, 1, days_ago=20)
        order.order_line.write({"product_uom_qty": 100, "price_unit": 1})
        order.order_line.qty_delivered = 60
        self._invoice(order, 15)
        self._check_days({1: (1, 100, ago(20))})  # the rest may still follow
        # A database without Inventory can't know that no more follows. Inventory then
        # sets this status (`_compute_invoice_status` of `sale_stock`).
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order_line SET invoice_status = 'invoiced' WHERE id = %s",
            [order.order_line.id],
        )
        self.env.invalidate_all()
        self._check(1, 60, ago(20))

    def test_what_was_delivered_short_comes_back(self):
        self.product.invoice_policy = "delivery"
        order = self._order(self.ada, 1, days_ago=20)
        order.order_line.write({"product_uom_qty": 100, "price_unit": 1})
        order.order_line.qty_delivered = 60
        invoice = self._invoice(order, 15)
        order.order_line.qty_delivered = 0
        self._credit(invoice, 5)
        self.env.flush_all()
        # As set by Inventory: see the test above.
        self.env.cr.execute(
            "UPDATE sale_order_line SET invoice_status = 'invoiced' WHERE id = %s",
            [order.order_line.id],
        )
        self.env.invalidate_all()
        self._check_days({6: (1, 60, ago(20)), 5: (0, 0, False)})

    def test_parts_at_odd_rates_leave_no_cent(self):
        pricelist = self._pricelist((60, 1.37), (15, 0.73))
        order = self._currency_order(pricelist, 33.33, 20)
        order.order_line.write({"product_uom_qty": 3, "price_unit": 33.33})
        invoice = self._invoice(order, 18)
        self.assertEqual(invoice.amount_untaxed, 99.99)
        for days_ago in (9, 8, 7):
            self._credit(invoice, days_ago, quantity=1)
        self._run(ago(8))
        self.assertEqual(self._read("order_count"), (1,))
        self.assertGreater(self._read("order_total")[0], 0)
        self._check_days({7: (0, 0, False)})
        rows = self._rows()
        self.assertEqual(len(rows), 4)
        self.assertEqual(round(sum(amount for _day, amount in rows), 6), 0)

    def test_lines_that_are_rounded_one_by_one_leave_no_cent(self):
        """An order may be rounded as a whole: its lines come to another amount."""
        self.company.tax_calculation_rounding_method = "round_globally"
        order = self._order(self.ada, 10.01, days_ago=20)
        order.order_line.discount = 50
        self._add_line(order, 10.01, discount=50)
        self.assertEqual(
            (order.amount_untaxed, sum(order.order_line.mapped("price_subtotal"))),
            (10.01, 10.02),
        )
        invoice = self._invoice(order, 18)
        self._credit(invoice, 10)
        self._check_days({11: (1, 10.01, ago(20)), 10: (0, 0, False)})
        self.assertEqual(self._rows(), [(20, 10.01), (10, -10.01)])

    def test_three_thirds_are_the_whole(self):
        order = self._order(self.ada, 100, days_ago=20)
        self._invoice(order, 18)
        for days_ago in (9, 8, 7):
            self._refund(order, 33.33, days_ago)
        self._check_days({8: (1, 33.34, ago(20)), 7: (0, 0, False)})

    def test_a_corrected_invoice_is_no_return(self):
        """Odoo's *Reverse and Create Invoice* credits it, and invoices it again."""
        invoice = self._invoice(self._order(self.ada, 100, days_ago=20), 18)
        again = self._credit(invoice, 10, modify=True)
        self._post(again, 9)
        self._check_days({11: (1, 100, ago(20)), 9: (1, 100, ago(20))})
        self.assertEqual(self._rows(), [(20, 100)])

    def test_a_lowered_and_credited_line_counts_once(self):
        order = self._order(self.ada, 10, days_ago=20)
        order.order_line.write({"product_uom_qty": 10, "price_unit": 10})
        invoice = self._invoice(order, 18)
        order.order_line.write({"product_uom_qty": 6, "price_unit": 10})
        self._credit(invoice, 10, quantity=4)
        self._check_days({11: (1, 60, ago(20)), 10: (1, 60, ago(20))})
        self._credit(invoice, 3, quantity=6)
        self._check_days({4: (1, 60, ago(20)), 3: (0, 0, False)})

    def test_a_negative_order_is_a_return_without_a_purchase(self):
        self._order(self.ada, 100, days_ago=20)
        self._order(self.ada, -100, days_ago=10)
        self._check_days({11: (1, 100, ago(20)), 10: (1, 0, ago(20))})

    def test_discounts_are_credited_with_their_order(self):
        order = self._order(self.ada, 100, days_ago=20)
        self._add_line(order, -20)
        invoice = self._invoice(order, 18)
        self.assertEqual(invoice.amount_untaxed, 80)
        self._credit(invoice, 10)
        self._check_days({11: (1, 80, ago(20)), 10: (0, 0, False)})
        self.assertEqual(self._rows(), [(20, 80), (10, -80)])

    def test_down_payments_are_neither_bought_nor_returned(self):
        order = self._order(self.ada, 100, days_ago=20)
        wizard = (
            self.env["sale.advance.payment.inv"]
            .with_context(active_model="sale.order", active_ids=order.ids)
            .create({"advance_payment_method": "percentage", "amount": 40})
        )
        down_payment = wizard._create_invoices(order)
        self._post(down_payment, 18)
        self._check_days({16: (1, 100, ago(20))})
        self._credit(down_payment, 15)
        self._check_days({14: (1, 100, ago(20))})
        self._invoice(order, 10, final=True)
        self._check(1, 100, ago(20))
        self.assertEqual(self._rows(), [(20, 100)])

    def test_a_down_payment_deducted_from_the_invoice_is_no_return(self):
        order = self._order(self.ada, 100, days_ago=20)
        wizard = (
            self.env["sale.advance.payment.inv"]
            .with_context(active_model="sale.order", active_ids=order.ids)
            .create({"advance_payment_method": "percentage", "amount": 40})
        )
        self._post(wizard._create_invoices(order), 18)
        invoice = self._invoice(order, 10, final=True)
        self.assertEqual(invoice.amount_untaxed, 60)
        self._check(1, 100, ago(20))
        self._credit(invoice, 0)
        self._check(0, 0, False)

    def test_a_draft_or_cancelled_credit_note_returns_nothing(self):
        invoice = self._invoice(self._order(self.ada, 100, days_ago=20), 18)
        note = self._credit(invoice, 10)
        self._check(0, 0, False)
        note.button_draft()
        self._check(1, 100, ago(20))
        note.button_cancel()
        self._check(1, 100, ago(20))

    def test_a_credit_note_of_two_orders(self):
        first = self._order(self.ada, 100, days_ago=20)
        second = self._order(self.ada, 50, days_ago=15)
        invoice = self._invoice(first | second, 12)
        self.assertEqual(len(invoice), 1)
        self._credit(invoice, 5)
        self._check_days({6: (2, 150, ago(15)), 5: (0, 0, False)})
        self.assertEqual(self._rows(), [(20, 100), (15, 50), (5, -100), (5, -50)])

    def test_taxes_do_not_count(self):
        self.company.country_id = self.env.ref("base.us")
        group = self.env["account.tax.group"].create(
            {"name": "Taxes", "company_id": self.company.id}
        )
        tax = self.env["account.tax"].create(
            {
                "name": "Ten",
                "amount": 10,
                "company_id": self.company.id,
                "country_id": self.company.country_id.id,
                "tax_group_id": group.id,
            }
        )
        order = self._order(self.ada, 100, days_ago=20)
        order.order_line.tax_ids = tax
        invoice = self._invoice(order, 18)
        self.assertEqual(invoice.amount_total, 110)
        self._check_days({15: (1, 100, ago(20))})
        self._credit(invoice, 10)
        self._check(0, 0, False)
        self.assertEqual(self._rows(), [(20, 100), (10, -100)])


@tagged("post_install", "-at_install")
class TestPurchases(PurchaseCase):
    def test_free_orders_are_no_purchases(self):
        self._order(self.ada, 0, days_ago=10)
        free = self._order(self.ada, 100, days_ago=5)
        free.order_line.discount = 100
        self._check(0, 0, False)
        self.assertFalse(self._rows())
        free.order_line.discount = 10
        self._check(1, 90, ago(5))

    def test_orders_of_one_day_are_one_day(self):
        for hour in range(6, 12):
            self._order(self.ada, 10, days_ago=5, moment=time(hour))
        names = ("order_count", "purchase_day_count", "order_interval_days")
        self._check(6, 1, 0, names=names)
        self._order(self.ada, 10, days_ago=9)
        self._check(7, 2, 4, names=names)

    def test_the_nth_day_of_a_purchase_dates_a_move(self):
        """Six orders on one day made a customer loyal."""
        self._rule(self.customer, [("order_count", ">", 0)], self.prospect)
        self._rule(self.engaged, [("purchase_day_count", ">=", 2)], self.customer)
        for hour in range(6, 12):
            self._order(self.ada, 10, days_ago=9, moment=time(hour))
        self._run(ago(6))
        self.assertEqual(self._profile(self.ada).stage_id, self.customer)
        self._order(self.ada, 10, days_ago=4)
        self._run()
        profile = self._profile(self.ada)
        self.assertEqual(profile.stage_id, self.engaged)

    def test_the_trend_needs_two_full_years(self):
        """100 a month for 15 months showed +300 %."""
        for months in range(15):
            self._order(self.ada, 100, days_ago=5 + 30 * months)
        self._run()
        self.env.cr.execute(
            "SELECT order_trend, order_trend_6m, order_total_6m::int, "
            "order_total_12m::int FROM crm_lifecycle_profile WHERE id = %s",
            [self._profile(self.ada).id],
        )
        trend, half_year, total_6m, total_12m = self.env.cr.fetchone()
        self.assertIsNone(trend)
        self.assertEqual((total_6m, total_12m), (600, 1200))
        self.assertEqual(half_year, 0)

    def test_the_days_from_which_trends_are_known(self):
        """By itself, as days pass, and by a rebuild."""
        two_years_ago = (TODAY - TODAY.replace(year=2024)).days
        year_ago = (TODAY - TODAY.replace(year=2025)).days
        cases = (
            # two years: the first purchase leaves the year before on the same day
            (two_years_ago, 400, 100, "order_trend", -0.75),
            # one year: the first purchase leaves the last six months on the same day
            (year_ago, 200, 100, "order_trend_6m", -0.5),
        )
        for days_ago, second, recent, name, value in cases:
            partner = self._partner(name)
            self._order(partner, 10, days_ago=days_ago)
            amount = 400 if name == "order_trend" else 200
            self._order(partner, amount, days_ago=second)
            self._order(partner, recent, days_ago=3)
            with self.subTest(name=name), self.env.cr.savepoint() as savepoint:
                self._run(ago(1))
                self.assertIsNone(self._get_raw(partner, name))
                self._age()
                self._run(ago(0))
                self.assertAlmostEqual(self._get_raw(partner, name), value)
                self._run(ago(0), full=True)
                self.assertAlmostEqual(self._get_raw(partner, name), value)
                savepoint.rollback()
            self.env.invalidate_all()

    def _age(self):
        """Have the next run find no document by its write date."""
        self.env.flush_all()
        for table in ("sale_order", "sale_order_line", "res_partner", "account_move"):
            self.env.cr.execute(
                SQL("UPDATE %s SET write_date = '2020-01-01'", SQL.identifier(table))
            )
        self.env.invalidate_all()

    def _get_raw(self, partner, name):
        """Return a fact as stored: empty is not 0."""
        self.env.flush_all()
        [[value]] = self.env.execute_query(
            SQL(
                "SELECT %s FROM crm_lifecycle_profile WHERE id = %s",
                SQL.identifier(name),
                self._profile(partner).id,
            )
        )
        return value

    def test_the_window_of_six_months(self):
        half_year = (TODAY - TODAY.replace(year=2025, month=9)).days
        for days_ago, expected in ((-1, 100), (0, 0), (1, 0)):
            partner = self._partner()
            self._order(partner, days_ago=half_year + days_ago)
            names = ("order_total_6m", "order_total_12m")
            self._check(expected, 100, names=names, partner=partner)

    def test_amounts_leave_the_half_year_by_themselves(self):
        half_year = (TODAY - TODAY.replace(year=2025, month=9)).days
        self._order(self.ada, 70, days_ago=half_year)
        self._order(self.ada, 10, days_ago=3)
        self._run(ago(1))
        self.assertEqual(self._read("order_total_6m"), (80,))
        self._age()
        run = self._run()
        self.assertEqual(run.profile_count, 0)
        self.assertEqual(self._read("order_total_6m", "order_total_12m"), (10, 80))
        self.assertEqual(self._run(full=True).refreshed_count, 0)

    # ------------------------------------------------------------
    # Orders that change
    # ------------------------------------------------------------

    def test_an_order_counts_with_its_present_amount_in_the_past_too(self):
        order = self._order(self.ada, 10, days_ago=20)
        for quantity in (10, 7):
            order.order_line.write({"product_uom_qty": quantity, "price_unit": 10})
            self._check_days({5: (1, 10 * quantity, ago(20))})
        order.order_line.product_uom_qty = 0
        self._check(0, 0, False)

    def test_a_cancelled_order_is_none_and_may_be_deleted(self):
        order = self._order(self.ada, 100, days_ago=10)
        self._order(self.ada, 40, days_ago=30)
        self._check(2, 140, ago(10))
        order._action_cancel()
        self._check(1, 40, ago(30))
        order.action_draft()
        self._check(1, 40, ago(30))
        order.action_confirm()
        order.date_order = datetime.combine(ago(4), time(12))
        self._check(2, 140, ago(4))
        order._action_cancel()
        order.unlink()
        self._check(1, 40, ago(30))

    def test_an_order_deleted_without_a_run_in_between(self):
        """Its row is removed though no document is left to find it by."""
        order = self._order(self.ada, 100, days_ago=10)
        self._check(1, 100, ago(10))
        self._age()
        order._action_cancel()
        order.unlink()
        self._run(quick=True)
        self.assertEqual(self._read(*NAMES), (0, 0, False))
        self.assertFalse(self._rows())

    def test_a_cancelled_order_takes_its_returns_with_it(self):
        order = self._order(self.ada, 100, days_ago=20)
        self._refund(order, 30, days_ago=5)
        self._check(1, 70, ago(20))
        order.locked = False
        order._action_cancel()
        self._check(0, 0, False)
        self.assertFalse(self._rows())

    def test_an_order_moves_to_another_customer(self):
        bob = self._partner("Bob")
        order = self._order(self.ada, 100, days_ago=10)
        note = self._refund(order, 30, days_ago=5)
        self._check(1, 70, ago(10))
        self._age()
        order.partner_id = bob
        self._check(0, 0, False)
        self._check(1, 70, ago(10), partner=bob)
        self.assertEqual(note.partner_id, self.ada)
        self.assertEqual(self._rows(bob), [(10, 100), (5, -30)])

    def test_an_order_moves_to_another_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids |= other
        partner = self._partner("Everywhere", company_id=False)
        order = self._order(partner, 100, days_ago=10)
        self._check(1, 100, ago(10), partner=partner)
        self._age()
        order.write({"company_id": other.id})
        self._check(0, 0, False, partner=partner)
        [[company_id]] = self.env.execute_query(
            SQL(
                "SELECT company_id FROM crm_lifecycle_purchase WHERE partner_id = %s",
                partner.id,
            )
        )
        self.assertEqual(company_id, other.id)

    def test_a_contact_joins_and_leaves_a_company(self):
        acme = self._partner("Acme", is_company=True)
        order = self._order(self.ada, 100, days_ago=10)
        self._refund(order, 30, days_ago=5)
        self._check(1, 70, ago(10))
        self._age()
        self.ada.parent_id = acme
        self._run()
        self.assertEqual(self._read(*NAMES, partner=acme), (1, 70, ago(10)))
        self.assertFalse(self._rows())
        self._age()
        self.ada.parent_id = False
        self._run()
        self.assertEqual(self._read(*NAMES), (1, 70, ago(10)))
        self.assertEqual(self._read(*NAMES, partner=acme), (0, 0, False))

    def test_a_contact_becomes_a_company(self):
        """A contact of a company who is a company itself is their own customer."""
        acme = self._partner("Acme", is_company=True)
        self.ada.parent_id = acme
        self._order(self.ada, 100, days_ago=10)
        self._check(1, 100, ago(10), partner=acme)
        self._age()
        self.ada.is_company = True
        self._run()
        self.assertEqual(self._read(*NAMES), (1, 100, ago(10)))
        self.assertEqual(self._read(*NAMES, partner=acme), (0, 0, False))

    def test_merged_contacts_are_one_customer(self):
        bob = self._partner("Bob")
        self._order(self.ada, 100, days_ago=10)
        self._refund(self._order(bob, 50, days_ago=20), 20, days_ago=5)
        self._check(1, 100, ago(10))
        self._check(1, 30, ago(20), partner=bob)
        self._age()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.ada | bob).ids, self.ada)
        self._check(2, 130, ago(10))
        self.assertFalse(self._rows(bob))

    def test_the_days_follow_the_time_zone_of_the_company(self):
        self._order(self.ada, 100, days_ago=10, moment=time(20))
        self._check(1, 100, ago(10))
        self._age()
        self.company.lifecycle_tz = "Asia/Shanghai"
        self._run(TODAY + timedelta(days=1))
        self.assertEqual(self._read("last_order_date"), (ago(9),))
        self.company.lifecycle_tz = "America/New_York"
        self._run(TODAY + timedelta(days=2))
        self.assertEqual(self._read("last_order_date"), (ago(10),))

    def test_an_order_in_the_future_counts_on_its_day(self):
        self._order(self.ada, 100, days_ago=10)
        self._order(self.ada, 40, days_ago=-2)
        self._check(1, 100, ago(10))
        self._age()
        self._check_days({-1: (1, 100, ago(10)), -2: (2, 140, ago(-2))})

    def test_a_credit_note_in_the_future_counts_on_its_day(self):
        invoice = self._invoice(self._order(self.ada, 100, days_ago=20), 18)
        self._credit(invoice, -2)
        self._check(1, 100, ago(20))
        self._age()
        self._check_days({-1: (1, 100, ago(20)), -2: (0, 0, False)})

    def test_a_return_whose_order_counted_in_another_window(self):
        year_ago = (TODAY - TODAY.replace(year=2025)).days
        invoice = self._invoice(self._order(self.ada, 100, days_ago=year_ago + 9), 5)
        self._credit(invoice, 2, quantity=0.25)
        names = ("order_total", "order_total_12m", "order_total_prev_12m")
        self._check_days({3: (100, 0, 100), 2: (75, -25, 100)}, names)

    # ------------------------------------------------------------
    # The ledger
    # ------------------------------------------------------------

    def _versions(self):
        """Return the place of each row of the ledger: any write changes it."""
        self.env.flush_all()
        return self.env.execute_query(
            SQL("SELECT id, ctid::text, xmin::text FROM crm_lifecycle_purchase")
        )

    def test_a_second_run_writes_no_row(self):
        pricelist = self._pricelist((60, 1.37))
        order = self._currency_order(pricelist, 33.33, 20)
        self._order(self.ada, -15, days_ago=9)
        self._refund(order, 10, days_ago=5)
        self._run()
        before = self._versions()
        self.assertEqual(len(self._rows()), 3)
        self._run()
        self._run(full=True)
        self.env["crm.lifecycle.purchase.watermark"].sudo()._reset()
        self._run()
        self.assertEqual(self._versions(), before)

    def test_confirming_updates_the_ledger_within_a_minute(self):
        self._run()
        order = self._order(self.ada, 100, state="draft")
        self._run(quick=True)
        self.assertFalse(self._rows())
        order.action_confirm()
        order.date_order = datetime.combine(TODAY, time(12))
        self._run(quick=True)
        self.assertEqual(self._rows(), [(0, 100)])
        self.assertEqual(self._read(*NAMES), (1, 100, TODAY))

    def test_changed_rows_are_found_by_the_write_date_of_lines(self):
        order = self._order(self.ada, 100, days_ago=10)
        invoice = self._invoice(order, 8)
        self._run()
        self._age()
        self._credit(invoice, 2)
        self.env.cr.execute("UPDATE sale_order SET write_date = '2020-01-01'")
        self.env.invalidate_all()
        self._check(0, 0, False)

    def test_a_credit_note_with_another_date_is_found(self):
        """The lines of the order stay as they were."""
        order = self._order(self.ada, 100, days_ago=10)
        note = self._credit(self._invoice(order, 8), 2)
        self._run()
        self.assertEqual(self._rows(), [(10, 100), (2, -100)])
        self._age()
        note.button_draft()
        note.invoice_date = ago(4)
        note.action_post()
        self.env.flush_all()
        self.env.cr.execute("UPDATE sale_order_line SET write_date = '2020-01-01'")
        self.env.cr.execute("UPDATE sale_order SET write_date = '2020-01-01'")
        self.env.invalidate_all()
        self._run()
        self.assertEqual(self._rows(), [(10, 100), (4, -100)])

    def test_rows_of_vanished_documents_are_removed_by_a_rebuild(self):
        order = self._order(self.ada, 100, days_ago=10)
        self._run()
        self.env.cr.execute("DELETE FROM sale_order WHERE id = %s", [order.id])
        self.env.invalidate_all()
        self._run()
        self.assertEqual(self._rows(), [(10, 100)])
        self.env["crm.lifecycle.purchase.watermark"].sudo()._reset()
        self._check(0, 0, False)
        self.assertFalse(self._rows())


@tagged("post_install", "-at_install")
class TestPurchaseAccess(PurchaseCase):
    """A row of the ledger is shown to users who may read its document."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mine = cls._order(cls.ada, 10, days_ago=3, user_id=cls.salesperson.id)
        cls.other = cls._order(cls.ada, 200, days_ago=2, user_id=cls.colleague.id)
        cls._run()
        cls.rows = cls.env["crm.lifecycle.purchase"].search(
            [("partner_id", "=", cls.ada.id)], order="date"
        )

    def _as(self, user):
        return self.env["crm.lifecycle.purchase"].with_user(user)

    def test_rows_follow_their_orders(self):
        mine = [("partner_id", "=", self.ada.id)]
        for user, rows in (
            (self.salesperson, self.rows[0]),
            (self.colleague, self.rows[1]),
            (self.leader, self.rows),
            (self.manager, self.rows),
        ):
            Purchase = self._as(user)
            with self.subTest(user=user.login):
                self.assertEqual(Purchase.search(mine, order="date"), rows)
                self.assertEqual(Purchase.search_count(mine), len(rows))
                [[total, count]] = Purchase._read_group(
                    mine, [], ["amount:sum", "__count"]
                )
                self.assertEqual(
                    (total, count), (sum(rows.mapped("amount")), len(rows))
                )
                found = Purchase.search_read(mine, ["amount", "display_name"])
                self.assertEqual(
                    {row["display_name"] for row in found},
                    {(self.mine | self.other).browse(row.res_id).name for row in rows},
                )

    def test_a_row_of_an_unreadable_order_is_refused(self):
        row = self.rows[1].with_user(self.salesperson)
        for work in (
            lambda: row.read(["amount"]),
            lambda: row.amount,
            lambda: row.display_name,
            lambda: row.check_access("read"),
        ):
            row.invalidate_recordset()
            with self.assertRaises(AccessError):
                work()
        self.assertEqual(self.rows[0].with_user(self.salesperson).amount, 10)

    def test_the_amount_of_an_unreadable_order_is_not_found_by_guessing(self):
        Purchase = self._as(self.salesperson)
        for domain in (
            [("amount", ">", 100)],
            [("res_id", "=", self.other.id)],
            ["|", ("amount", ">", 100), ("id", "=", self.rows[1].id)],
        ):
            self.assertFalse(
                Purchase.search([("partner_id", "=", self.ada.id), *domain])
            )

    def test_people_without_sales_see_no_row(self):
        employee = self._user("emma", "base.group_user")
        with self.assertRaises(AccessError):
            self._as(employee).search([])

    def test_nobody_writes_rows(self):
        values = self.rows[0].copy_data()[0] | {"res_id": self.mine.id}
        for user in (self.salesperson, self.manager):
            row = self.rows[0].with_user(user)
            for work in (
                lambda row=row: row.write({"amount": 1}),
                row.unlink,
                lambda row=row: row.create(values),
            ):
                with self.assertRaises(AccessError):
                    work()

    def test_another_company_is_not_seen(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids |= other
        partner = self._partner("Everywhere", company_id=False)
        order = self._order(partner, 70, company_id=other.id)
        order.user_id = self.salesperson
        self._run()
        mine = [("partner_id", "=", partner.id)]
        for user in (self.salesperson, self.manager):
            self.assertFalse(self._as(user).search(mine))
        self.manager.company_ids |= other
        Purchase = self._as(self.manager).with_context(allowed_company_ids=other.ids)
        self.assertEqual(Purchase.search(mine).amount, 70)
        self.assertFalse(self._as(self.manager).search(mine))

    def test_returns_need_access_to_their_credit_note(self):
        note = self._refund(self.mine, 4)
        self._run()
        row = self.env["crm.lifecycle.purchase"].search([("amount", "<", 0)])
        self.assertRecordValues(
            row,
            [
                {
                    "model": "account.move",
                    "res_id": note.id,
                    "origin_id": self.rows[0].id,
                }
            ],
        )
        note.invoice_user_id = self.colleague
        self.assertFalse(self._as(self.salesperson).search([("id", "=", row.id)]))
        note.invoice_user_id = self.salesperson
        self.assertEqual(self._as(self.salesperson).search([("id", "=", row.id)]), row)
        self.assertEqual(row.display_name, note.display_name)
