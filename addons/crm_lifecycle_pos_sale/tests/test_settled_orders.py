from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY
from odoo.addons.crm_lifecycle_pos.tests.common import TillCase
from odoo.addons.crm_lifecycle_sale.tests.common import SaleLifecycleCase


@tagged("post_install", "-at_install")
class TestSettledOrders(TillCase, SaleLifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Only users of Sales settle orders at the till.
        cls.cashier.group_ids += cls.env.ref("sales_team.group_sale_salesman_all_leads")
        cls.ada = cls._partner()
        cls.order = cls._order(cls.ada, 100, days_ago=5)

    @classmethod
    def _run_and_age(cls):
        result = super()._run_and_age()
        for table in ("sale_order", "sale_order_line"):
            cls.env.cr.execute(f"UPDATE {table} SET write_date = '2020-01-01'")
        cls.env.invalidate_all()
        return result

    def _settling_line(self, line, quantity=None, **vals):
        """Return the till line that settles a line of an order."""
        quantity = line.product_uom_qty if quantity is None else quantity
        price = vals.pop("price", line.price_unit)
        return self._line(
            quantity,
            price,
            product_id=(line.product_id or self.till.down_payment_product_id).id,
            sale_order_origin_id=line.order_id.id,
            sale_order_line_id=line.id,
            **vals,
        )

    def _settle(self, order, *more, **vals):
        lines = [self._settling_line(line) for line in order.order_line]
        return self._sell(*lines, *more, partner=order.partner_id, **vals)

    def _pay_down(self, amount, **vals):
        """Pay a down payment of the order at the till."""
        product = self.env["product.product"].create(
            {"name": "Down payment", "type": "service", "taxes_id": False}
        )
        self.till.down_payment_product_id = product
        line = self._line(
            1, amount, product_id=product.id, sale_order_origin_id=self.order.id
        )
        return self._sell(line, partner=self.ada, **vals)

    def _credit(self, till_order, accountant, **changes):
        """Credit the invoice of a till order yesterday, all of it or changed lines."""
        day = TODAY - timedelta(days=1)
        invoice = till_order.account_move.with_user(accountant)
        credit = invoice._reverse_moves([{"invoice_date": day, "date": day}])
        credit.invoice_line_ids.write(changes)
        credit.action_post()
        return credit

    def test_a_settled_order_counts_once_on_its_own_day(self):
        self._run()
        self._settle(self.order, days_ago=2)
        self._run(quick=True)
        self.assertEqual(self._ledger(self.ada), [(5, 100)])
        self.assertEqual(self._ledger(self.ada, "sale"), [(5, 100)])
        self.assertEqual(self._profile(self.ada).order_count, 1)
        self._close()
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 100)])

    def test_a_quotation_is_confirmed_at_the_till(self):
        quotation = self._order(self._partner("Bob"), 70, state="draft")
        self._settle(quotation, days_ago=2)
        self.assertEqual(quotation.state, "sale")
        self._run(self.company._lifecycle_today())
        rows = self.env["crm.lifecycle.purchase"].search(
            [("partner_id", "=", quotation.partner_id.id)]
        )
        self.assertRecordValues(rows, [{"channel": "sale", "amount": 70}])

    def test_what_is_sold_besides_counts_at_the_till(self):
        order = self._settle(self.order, 10, days_ago=2)
        facts = self._facts(self.ada, "order_count", "order_total")
        self.assertEqual(facts, (2, 110))
        self.assertEqual(self._ledger(self.ada, "pos"), [(2, 10)])
        row = self.env["crm.lifecycle.purchase"].search([("channel", "=", "pos")])
        self.assertEqual(row.res_id, order.id)

    def test_a_refund_of_a_settled_line_returns_the_order_of_sales(self):
        till_order = self._settle(self.order, days_ago=3)
        self._run_and_age()
        refund = self._refund(till_order, days_ago=1)
        self._run(quick=True)
        self.assertEqual(self._ledger(self.ada, "sale"), [(5, 100), (1, -100)])
        self.assertFalse(self._ledger(self.ada, "pos"))
        back = self.env["crm.lifecycle.purchase"].search([("amount", "<", 0)])
        self.assertEqual((back.model, back.res_id), ("pos.order", refund.id))
        self.assertEqual(back.origin_id.res_id, self.order.id)
        self.assertEqual(self._profile(self.ada).order_count, 0)
        self._run()
        self.assertEqual(self._ledger(self.ada, "sale"), [(5, 100), (1, -100)])

    def test_a_refund_from_the_back_office_returns_it_once(self):
        """Its lines are copies, with the link to the order of Sales."""
        till_order = self._settle(self.order, days_ago=3)
        refund = till_order.with_user(self.cashier)._refund()
        refund.add_payment(
            {
                "pos_order_id": refund.id,
                "payment_method_id": self.card.id,
                "amount": refund.amount_total,
            }
        )
        refund.action_pos_order_paid()
        refund.date_order = till_order.date_order + timedelta(days=1)
        self.assertEqual(refund.lines.sale_order_line_id, self.order.order_line)
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 100), (2, -100)])

    def test_a_partial_refund_leaves_a_purchase(self):
        self.order.order_line.write({"product_uom_qty": 3, "price_unit": 50})
        till_order = self._settle(self.order, days_ago=3)
        self._refund(till_order, 1, days_ago=1)
        facts = self._facts(self.ada, "order_count", "order_total")
        self.assertEqual(facts, (1, 100))

    def test_one_refund_returns_both(self):
        till_order = self._settle(self.order, 10, days_ago=3)
        refund = self._refund(till_order, days_ago=1)
        self._run()
        self.assertEqual(self._ledger(self.ada, "sale"), [(5, 100), (1, -100)])
        self.assertEqual(self._ledger(self.ada, "pos"), [(3, 10), (1, -10)])
        rows = self.env["crm.lifecycle.purchase"].search(
            [("model", "=", "pos.order"), ("res_id", "=", refund.id)]
        )
        self.assertEqual(len(rows.origin_id), 2)

    def test_goods_that_come_back_by_settling_are_returned(self):
        self._settle(self.order, days_ago=3)
        line = self._settling_line(self.order.order_line, -1)
        self._sell(line, partner=self.ada, days_ago=1)
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 100), (1, -100)])

    def test_a_down_payment_does_not_count(self):
        till_order = self._pay_down(30, days_ago=4)
        down_payment = till_order.lines.sale_order_line_id
        self.assertTrue(down_payment.is_downpayment)
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 100)])
        goods = self.order.order_line.filtered(
            lambda line: not line.is_downpayment and not line.display_type
        )
        self._sell(
            self._settling_line(goods),
            self._settling_line(down_payment, -1, price=30),
            partner=self.ada,
            days_ago=2,
        )
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 100)])

    def test_a_refunded_down_payment_returns_nothing(self):
        till_order = self._pay_down(30, days_ago=4)
        self._refund(till_order, days_ago=3)
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 100)])

    def test_an_order_in_another_currency(self):
        """What the till refunds counts at the rate of the order of Sales."""
        euro = self.env.ref("base.EUR")
        euro.active = True
        for days, rate in ((10, 0.5), (4, 0.4)):
            self.env["res.currency.rate"].create(
                {
                    "currency_id": euro.id,
                    "company_id": self.company.id,
                    "name": TODAY - timedelta(days=days),
                    "rate": rate,
                }
            )
        pricelist = self.env["product.pricelist"].create(
            {"name": "EUR", "currency_id": euro.id, "company_id": self.company.id}
        )
        bob = self._partner("Bob")
        order = self._order(bob, 100, days_ago=5, pricelist_id=pricelist.id)
        self.assertEqual(order.currency_id, euro)
        line = self._settling_line(order.order_line, price=200)
        till_order = self._sell(line, partner=bob, days_ago=3)
        self._refund(till_order, days_ago=1)
        self._run()
        self.assertEqual(self._ledger(bob), [(5, 200), (1, -200)])

    def test_an_order_that_is_settled_short_counts_with_the_rest(self):
        """Nothing is left to deliver or to invoice: half of it was sold."""
        self.order.order_line.write({"product_uom_qty": 2, "price_unit": 50})
        line = self._settling_line(self.order.order_line, 1)
        self._sell(line, partner=self.ada, days_ago=2)
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 100)])
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order_line SET invoice_status = 'invoiced' "
            "WHERE order_id = %s RETURNING qty_invoiced",
            self.order.ids,
        )
        self.assertEqual(self.env.cr.fetchall(), [(1,)])
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 50)])

    def test_a_draft_of_the_till_bills_nothing(self):
        till_order = self._settle(self.order, days_ago=3, state="draft")
        self._refund(till_order, days_ago=2, state="draft")
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 100)])

    def test_a_credit_note_of_the_invoice_returns_the_order_of_sales(self):
        accountant = self._user("ann", "account.group_account_invoice")
        till_order = self._settle(self.order, 10, days_ago=3, to_invoice=True)
        self._run_and_age()
        self.assertEqual(self._ledger(self.ada), [(5, 100), (3, 10)])
        self._credit(till_order, accountant)
        self._run(quick=True)
        self.assertEqual(self._ledger(self.ada, "sale"), [(5, 100), (1, -100)])
        self.assertEqual(self._ledger(self.ada, "pos"), [(3, 10), (1, -10)])
        self.assertEqual(self._ledger(self.ada, "invoice"), [])

    def test_a_credit_note_of_the_settled_goods_alone(self):
        accountant = self._user("ann", "account.group_account_invoice")
        till_order = self._settle(self.order, 10, days_ago=3, to_invoice=True)
        day = TODAY - timedelta(days=1)
        invoice = till_order.account_move.with_user(accountant)
        credit = invoice._reverse_moves([{"invoice_date": day, "date": day}])
        credit.invoice_line_ids.filtered(
            lambda line: line.product_id == self.coffee
        ).unlink()
        self.assertEqual(credit.amount_untaxed, 100)
        credit.action_post()
        self._run()
        self.assertEqual(self._ledger(self.ada, "sale"), [(5, 100), (1, -100)])
        self.assertEqual(self._ledger(self.ada, "pos"), [(3, 10)])

    def test_a_credit_note_of_settled_goods_that_were_also_sold(self):
        """It returns the order of Sales first, then the till order."""
        accountant = self._user("ann", "account.group_account_invoice")
        product = self.order.order_line.product_id
        besides = self._line(1, 30, product_id=product.id)
        till_order = self._settle(self.order, besides, days_ago=3, to_invoice=True)
        credit = self._credit(till_order, accountant)
        self._run()
        self.assertEqual(self._ledger(self.ada, "sale"), [(5, 100), (1, -100)])
        self.assertEqual(self._ledger(self.ada, "pos"), [(3, 30), (1, -30)])
        credit.button_draft()
        self._run(quick=True)
        self.assertEqual(self._ledger(self.ada), [(5, 100), (3, 30)])

    def test_a_credit_note_returns_what_the_till_has_not_refunded(self):
        accountant = self._user("ann", "account.group_account_invoice")
        product = self.order.order_line.product_id
        besides = self._line(1, 30, product_id=product.id)
        till_order = self._settle(self.order, besides, days_ago=3, to_invoice=True)
        credit = self._credit(till_order, accountant, quantity=0.5)
        self.assertEqual(credit.amount_untaxed, 65)
        self._run_and_age()
        self.assertEqual(self._ledger(self.ada), [(5, 100), (3, 30), (1, -65)])
        settling = till_order.lines.filtered("sale_order_line_id")
        self._sell(
            self._refund_line(settling),
            partner=self.ada,
            days_ago=2,
            is_refund=True,
            to_invoice=True,
        )
        self._run(quick=True)
        self.assertEqual(self._ledger(self.ada, "sale"), [(5, 100), (2, -100)])
        self.assertEqual(self._ledger(self.ada, "pos"), [(3, 30), (1, -30)])
