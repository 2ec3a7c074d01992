from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import TillCase


@tagged("post_install", "-at_install")
class TestPosReturns(TillCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._rule(cls.customer, [("order_count", ">", 0)])
        cls._rule(cls.lost, [("order_count", "=", 0)], cls.customer)
        cls.ada = cls._partner()

    def test_a_refund_is_a_return_on_its_own_day(self):
        order = self._sell(10, 20, partner=self.ada, days_ago=5)
        self._run_and_age()
        refund = self._refund(order, days_ago=2)
        self._run(quick=True)
        self.assertEqual(self._ledger(self.ada), [(5, 30), (2, -30)])
        purchase, back = self.env["crm.lifecycle.purchase"].search(
            [("partner_id", "=", self.ada.id)], order="date"
        )
        self.assertEqual((back.model, back.res_id), ("pos.order", refund.id))
        self.assertEqual(back.origin_id, purchase)
        self.assertEqual(purchase.returned_date, back.date)
        facts = self._facts(self.ada, "order_count", "last_order_date", "order_total")
        self.assertEqual(facts, (0, False, 0))
        self.assertEqual(self._profile(self.ada).stage_id, self.lost)

    def test_a_partial_refund_leaves_a_purchase(self):
        order = self._sell(self._line(3, 10), partner=self.ada, days_ago=5)
        self._refund(order, 1, days_ago=2)
        facts = self._facts(self.ada, "order_count", "order_total")
        self.assertEqual(facts, (1, 20))
        self.assertEqual(self._ledger(self.ada), [(5, 30), (2, -10)])

    def test_a_discount_that_is_taken_back_is_no_purchase(self):
        order = self._sell(20, self._line(1, -2), partner=self.ada, days_ago=5)
        discount = order.lines.filtered(lambda line: line.price_subtotal < 0)
        self._sell(self._refund_line(discount), partner=self.ada, days_ago=2)
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 18), (2, 2)])
        profile = self._profile(self.ada)
        self.assertEqual((profile.order_count, profile.purchase_day_count), (1, 1))
        self.assertEqual(profile.last_order_date, TODAY - timedelta(days=5))
        self.assertEqual(profile.order_total, 20)

    def test_a_refund_in_parts_leaves_no_cent(self):
        line = self._line(3, 3.3333, amount=10)
        order = self._sell(line, partner=self.ada, days_ago=5)
        for days_ago in (4, 3, 2):
            line = self._refund_line(order.lines, 1, amount=-3.33)
            self._sell(line, partner=self.ada, days_ago=days_ago, is_refund=True)
        self._run()
        self.assertEqual(
            self._ledger(self.ada), [(5, 10), (4, -3.33), (3, -3.33), (2, -3.34)]
        )
        self.assertEqual(self._profile(self.ada).order_count, 0)

    def test_a_refund_at_a_lower_price_leaves_the_rest(self):
        """What staff keep isn't a matter of rounding."""
        order = self._sell(10, partner=self.ada, days_ago=5)
        line = self._refund_line(order.lines, price=8)
        self._sell(line, partner=self.ada, is_refund=True)
        facts = self._facts(self.ada, "order_count", "order_total")
        self.assertEqual(facts, (1, 2))

    def test_a_refund_at_a_higher_price_returns_no_more(self):
        order = self._sell(10, partner=self.ada, days_ago=5)
        line = self._refund_line(order.lines, price=12)
        self._sell(line, partner=self.ada, days_ago=2, is_refund=True)
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 10), (2, -10)])

    def test_an_exchange_is_a_return_and_a_purchase(self):
        order = self._sell(30, partner=self.ada, days_ago=5)
        exchange = self._sell(
            self._refund_line(order.lines), 50, partner=self.ada, days_ago=1
        )
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 30), (1, 50), (1, -30)])
        rows = self.env["crm.lifecycle.purchase"].search([("res_id", "=", exchange.id)])
        rows = rows.filtered(lambda row: row.model == "pos.order")
        self.assertEqual(sorted(rows.mapped("amount")), [-30, 50])
        facts = self._facts(self.ada, "order_count", "order_total")
        self.assertEqual(facts, (1, 50))

    def test_an_exchange_of_the_same_value_moves_the_purchase(self):
        order = self._sell(30, partner=self.ada, days_ago=5)
        self._sell(self._refund_line(order.lines), 30, partner=self.ada, days_ago=1)
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 30), (1, 30), (1, -30)])

    def test_what_was_exchanged_is_refunded(self):
        order = self._sell(30, partner=self.ada, days_ago=5)
        exchange = self._sell(
            self._refund_line(order.lines), 50, partner=self.ada, days_ago=3
        )
        new_line = exchange.lines.filtered(lambda line: line.qty > 0)
        self._sell(self._refund_line(new_line), partner=self.ada, is_refund=True)
        facts = self._facts(self.ada, "order_count", "order_total")
        self.assertEqual(facts, (0, 0))

    def test_goods_that_come_back_without_their_order_are_a_return(self):
        self._sell(30, partner=self.ada, days_ago=5)
        self._sell(self._line(-1, 20), partner=self.ada, days_ago=1)
        facts = self._facts(self.ada, "order_count", "order_total")
        self.assertEqual(facts, (1, 10))
        self.assertEqual(self._ledger(self.ada), [(5, 30), (1, -20)])

    def test_the_sign_of_a_stored_amount_does_not_matter(self):
        """As in the sales analysis, the quantity and the price decide."""
        order = self._sell(30, partner=self.ada, days_ago=5)
        self._refund(order)
        self.env.cr.execute(
            "UPDATE pos_order_line SET price_subtotal = ABS(price_subtotal) "
            "WHERE refunded_orderline_id = %s",
            order.lines.ids,
        )
        self.assertEqual(self._facts(self.ada, "order_total"), 0)

    def test_a_refund_of_an_anonymous_order_counts_nothing(self):
        order = self._sell(30, days_ago=5)
        self._refund(order, partner=self.ada)
        self._run()
        self.assertFalse(self._ledger(self.ada))

    def test_an_anonymous_refund_reduces_the_purchase_of_its_order(self):
        order = self._sell(30, partner=self.ada, days_ago=5)
        self._run_and_age()
        self.assertEqual(self._profile(self.ada).stage_id, self.customer)
        self._refund(order, partner=self.env["res.partner"])
        self._run(quick=True)
        self.assertEqual(self._ledger(self.ada), [(5, 30), (0, -30)])
        self.assertEqual(self._profile(self.ada).stage_id, self.lost)

    def test_a_refund_counts_when_it_is_paid(self):
        order = self._sell(30, partner=self.ada, days_ago=5)
        refund = self._refund(order, state="draft")
        self._run_and_age()
        self.assertEqual(self._ledger(self.ada), [(5, 30)])
        payment = {"pos_order_id": refund.id, "payment_method_id": self.card.id}
        refund.with_user(self.cashier).add_payment({**payment, "amount": -30})
        refund.with_user(self.cashier).action_pos_order_paid()
        self._run(quick=True)
        self.assertEqual(self._ledger(self.ada), [(5, 30), (0, -30)])

    def test_a_refund_from_the_back_office_counts(self):
        order = self._sell(self._line(2, 10), partner=self.ada, days_ago=5)
        refund = order.with_user(self.cashier)._refund()
        refund.add_payment(
            {
                "pos_order_id": refund.id,
                "payment_method_id": self.card.id,
                "amount": refund.amount_total,
            }
        )
        refund.action_pos_order_paid()
        self._run(self.company._lifecycle_today())
        self.assertEqual(self._profile(self.ada).order_total, 0)
