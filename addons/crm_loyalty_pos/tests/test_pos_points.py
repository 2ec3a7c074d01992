"""PoS orders post their points once, with the order as the source."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.crm_loyalty.tests.common import LedgerCase


@tagged("post_install", "-at_install")
class TestPosPoints(LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["account.chart.template"].try_loading(
            "generic_coa", company=cls.company, install_demo=False
        )
        cls.config = cls.env["pos.config"].create(
            {"name": "Till", "company_id": cls.company.id}
        )
        cls.config.open_ui()
        cls.cashier = new_test_user(
            cls.env,
            "cas",
            groups="point_of_sale.group_pos_user",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.coffee = cls.env["product.product"].create(
            {"name": "Coffee", "list_price": 10, "taxes_id": False}
        )

    def setUp(self):
        super().setUp()
        self.card = self._card(10)

    def _order(self, total=50, lines=()):
        order = self.env["pos.order"].create(
            {
                "config_id": self.config.id,
                "session_id": self.config.current_session_id.id,
                "company_id": self.company.id,
                "partner_id": self.card.partner_id.id,
                "amount_paid": total,
                "amount_return": 0,
                "amount_tax": 0,
                "amount_total": total,
                "lines": [Command.create(line) for line in lines],
            }
        )
        order.with_user(self.cashier).action_pos_order_paid()
        return order

    def _line(self, quantity, price=10, **vals):
        return {
            "product_id": self.coffee.id,
            "qty": quantity,
            "price_unit": price,
            "price_subtotal": quantity * price,
            "price_subtotal_incl": quantity * price,
            **vals,
        }

    def _reward_line(self, cost, price):
        return self._line(
            1,
            -price,
            is_reward_line=True,
            reward_id=self.program.reward_ids.id,
            coupon_id=self.card.id,
            reward_identifier_code="R1",
            points_cost=cost,
        )

    def _refund(self, line, quantity):
        """Refund goods of a line at the PoS."""
        back = self._line(-quantity, line.price_unit, refunded_orderline_id=line.id)
        order = self._order(-quantity * line.price_unit, [back])
        self.env.invalidate_all()
        return order

    def _confirm(self, points, order=None, **vals):
        order = order or self._order()
        data = {
            "points": points,
            "program_id": self.program.id,
            "coupon_id": self.card.id,
            "barcode": "",
            "partner_id": self.card.partner_id.id,
            **vals,
        }
        order.with_user(self.cashier).confirm_coupon_programs({self.card.id: data})
        self.env.invalidate_all()
        return order

    def test_a_sale_posts_with_its_order(self):
        order = self._confirm(5)
        self.assertEqual(self.card.points, 15)
        entry = self.card.crm_loyalty_entry_ids[0]
        self.assertEqual((entry.kind, entry.points), ("earn", 5))
        self.assertEqual((entry.source_model, entry.source_id), ("pos.order", order.id))
        self.assertEqual(entry.user_id, self.cashier)
        self._assert_sound()

    def test_a_sale_that_is_sent_twice_counts_once(self):
        """Regression: synchronizing an offline order doubled points."""
        order = self._confirm(5)
        self._confirm(5, order)
        self.assertEqual(self.card.points, 15)
        order.env["loyalty.history"].search([]).unlink()
        self._confirm(5, order)
        self.assertEqual(self.card.points, 15)
        self.assertEqual(len(self.card.crm_loyalty_entry_ids), 2)
        self._assert_sound()

    def test_two_tills_do_not_spend_the_same_points(self):
        self._confirm(-10)
        self.assertEqual(self.card.points, 0)
        order = self._order()
        with (
            self.assertRaisesRegex(UserError, "spent meanwhile"),
            self.env.cr.savepoint(),
        ):
            self._confirm(-10, order)
        self._assert_sound()

    def test_pending_points_are_refused_before_the_sale(self):
        self.card._post_points(20, "earn", available_date=False)
        Order = self.env["pos.order"].with_user(self.cashier)
        result = Order.validate_coupon_programs({str(self.card.id): -10}, [])
        self.assertEqual(result, {"successful": True, "payload": {}})
        result = Order.validate_coupon_programs({str(self.card.id): -11}, [])
        self.assertFalse(result["successful"])
        self.assertEqual(result["payload"]["updated_points"], {self.card.id: 10})

    def test_a_refund_at_the_till_may_leave_a_debt(self):
        self._confirm(5)
        self._confirm(-15)
        self._confirm(-5, self._order(total=-50))
        self.assertEqual((self.card.points, self.card.crm_loyalty_points_debt), (-5, 5))
        self.assertEqual(self.card.crm_loyalty_entry_ids[0].kind, "reverse")
        self._assert_sound()

    def test_an_order_that_earns_and_spends_posts_both(self):
        order = self._order(35, [self._line(4), self._reward_line(10, 5)])
        self._confirm(-6, order, line_codes=["R1"])
        self.assertEqual(
            self._kinds(self.card), [("opening", 10), ("earn", 4), ("burn", -10)]
        )
        self.assertEqual(self.card.points, 4)
        self._assert_sound()

    def test_goods_that_come_back_take_their_points_back_once(self):
        """Regression: a refund at the PoS kept the points."""
        order = self._order(40, [self._line(4)])
        self._confirm(4, order)
        self.assertEqual(self.card.points, 14)
        refund = self._refund(order.lines, 1)
        self.assertEqual(self.card.points, 13)
        entry = self.card.crm_loyalty_entry_ids[0]
        self.assertEqual((entry.kind, entry.source_id), ("reverse", refund.id))
        refund.action_pos_order_paid()
        self.assertEqual(self.card.points, 13, "told twice, done once")
        self._refund(order.lines, 3)
        self.assertEqual(self.card.points, 10)
        self._assert_sound()

    def test_a_reward_that_comes_back_gives_its_points_back_to_their_lots(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        self.card._post_points(10, "bonus")
        order = self._order(35, [self._line(4), self._reward_line(15, 5)])
        self._confirm(-11, order, line_codes=["R1"])
        self.assertEqual(self._lots(self.card), [(9, False)])
        reward = order.lines.filtered("is_reward_line")
        self._refund(reward, 1)
        self.assertEqual(self._lots(self.card), [(10, 30), (4, 30), (10, False)])
        self._assert_sound()

    def test_money_that_is_refunded_into_a_wallet_can_be_spent_at_once(self):
        self.program.write(
            {"crm_loyalty_pending_policy": "days", "crm_loyalty_pending_days": 14}
        )
        order = self._order(40, [self._line(4)])
        back = self._line(-4, refunded_orderline_id=order.lines.id)
        self._confirm(40, self._order(0, [back]))
        self.assertEqual(self.card.crm_loyalty_points_available, 50)
        self._assert_sound()

    def test_gift_cards_are_sold_and_used_by_cashiers(self):
        """Odoo writes them and the history with the access rights of the cashier."""
        program = self.env["loyalty.program"].create(
            {
                "name": "Gift cards",
                "program_type": "gift_card",
                "applies_on": "future",
                "company_id": self.company.id,
            }
        )
        gift = self.env["loyalty.card"].create(
            {"program_id": program.id, "code": "gift-1", "points": 50}
        )
        data = {"points": -20, "program_id": program.id, "coupon_id": gift.id}
        order = self._order()
        order.with_user(self.cashier).confirm_coupon_programs(
            {gift.id: {**data, "code": "gift-1"}}
        )
        self.env.invalidate_all()
        self.assertEqual(gift.points, 30)
        self.assertEqual(self._kinds(gift), [("opening", 50), ("burn", -20)])
        self._assert_sound()

    def test_cashiers_cannot_edit_balances_or_history(self):
        card = self.card.with_user(self.cashier)
        for attempt in (
            lambda: card.write({"points": 1000}),
            lambda: card.env["loyalty.history"].create(
                {"card_id": card.id, "description": "Gift", "issued": 10}
            ),
        ):
            with self.assertRaises(AccessError):
                attempt()
