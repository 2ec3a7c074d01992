"""Programs that give no points on what is paid with points, and cash back."""

from odoo.fields import Command
from odoo.tests import tagged

from .common import OrderCase


@tagged("post_install", "-at_install")
class TestPaymentBase(OrderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.top_up = cls.env["product.product"].create(
            {
                "name": "Top-up",
                "list_price": 50,
                "type": "service",
                "taxes_id": False,
                "invoice_policy": "order",
            }
        )

    def _wallet_program(self, **vals):
        return self.env["loyalty.program"].create(
            {
                "name": "Wallet",
                "program_type": "ewallet",
                "applies_on": "future",
                "trigger": "auto",
                "company_id": self.company.id,
                "rule_ids": [
                    Command.clear(),
                    Command.create(
                        {
                            "reward_point_mode": "money",
                            "reward_point_amount": 1,
                            "product_ids": [Command.set(self.top_up.ids)],
                        }
                    ),
                ],
                "reward_ids": [
                    Command.clear(),
                    Command.create(
                        {
                            "reward_type": "discount",
                            "discount_mode": "per_point",
                            "discount": 1,
                            "discount_applicability": "order",
                            "required_points": 1,
                        }
                    ),
                ],
                **vals,
            }
        )

    def _top_up(self, coffees=0):
        order = self._order(coffees=coffees, confirm=False)
        order.order_line = [Command.create({"product_id": self.top_up.id})]
        order._update_programs_and_rewards()
        order.action_confirm()
        return order

    def _wallet(self, program):
        return self.env["loyalty.card"].search([("program_id", "=", program.id)])

    # Payment with points

    def _earn_on_money(self, base):
        self.program.crm_loyalty_earn_base = base
        self.program.rule_ids.write(
            {"reward_point_mode": "money", "product_ids": [Command.clear()]}
        )
        self.card.points = 10

    def test_by_default_an_order_earns_as_odoo_says(self):
        self._earn_on_money("ordered")
        order = self._order(coffees=2, rewards=1)
        self.assertEqual(self._posted(order), [("earn", 20), ("burn", -10)])

    def test_points_are_not_earned_on_what_is_paid_with_points(self):
        self._earn_on_money("paid")
        order = self._order(coffees=2, rewards=1)
        self.assertEqual(order.amount_total, 15)
        self.assertEqual(self._posted(order), [("earn", 15), ("burn", -10)])
        self._assert_sound()

    def test_the_part_is_that_of_the_order_as_it_is_confirmed(self):
        self._earn_on_money("paid")
        order = self._order(coffees=2, rewards=1, confirm=False)
        order.order_line.filtered(lambda l: l.product_id == self.coffee).write(
            {"product_uom_qty": 4}
        )
        order.action_confirm()
        self.assertEqual(self._posted(order), [("earn", 35), ("burn", -10)])

    def test_points_by_quantity_shrink_by_the_same_part(self):
        self.program.crm_loyalty_earn_base = "paid"
        self.card.points = 10
        order = self._order(coffees=2, rewards=1)
        self.assertEqual(self._posted(order), [("earn", 1.5), ("burn", -10)])

    def test_a_return_takes_back_its_part_of_the_fewer_points(self):
        self._earn_on_money("paid")
        order = self._order(coffees=2, rewards=1)
        invoice = self._invoice(order)
        reward = order.order_line.filtered("reward_id").product_id.name
        self._credit(invoice, {"Coffee": 1, reward: 0})
        self.assertEqual(self.card.points, 7.5)
        self._credit(invoice, {"Coffee": 1, reward: 1})
        self.assertEqual(self.card.points, 10)
        self._assert_sound()

    def test_what_a_wallet_pays_earns_no_points_either(self):
        self._earn_on_money("paid")
        program = self._wallet_program()
        self._top_up()
        wallet = self._wallet(program)
        self.assertEqual(wallet.points, 50)
        balance = self.card.points
        order = self._order(coffees=4, confirm=False)
        order._apply_program_reward(program.reward_ids, wallet)
        order._update_programs_and_rewards()
        self.assertEqual(order.amount_total, 0)
        order.action_confirm()
        self.assertEqual(wallet.points, 10)
        self.assertEqual(self.card.points, balance)
        self._assert_sound()

    # Cash back

    def test_cash_back_goes_into_the_wallet(self):
        program = self._wallet_program(crm_loyalty_cashback_percent=5)
        order = self._order(coffees=4)
        wallet = self._wallet(program)
        self.assertEqual((wallet.partner_id, wallet.points), (self.ada, 2))
        self.assertIn(("earn", 2), self._posted(order))
        self._order(coffees=2)
        self.assertEqual(wallet.points, 3)
        self._assert_sound()

    def test_cash_back_is_pending_and_taken_back_like_points(self):
        program = self._wallet_program(
            crm_loyalty_cashback_percent=5,
            crm_loyalty_pending_policy="days",
            crm_loyalty_pending_days=14,
        )
        invoice = self._invoice(self._order(coffees=4))
        wallet = self._wallet(program)
        self.assertEqual(
            (wallet.crm_loyalty_points_available, wallet.crm_loyalty_points_pending),
            (0, 2),
        )
        self._credit(invoice, {"Coffee": 1})
        self.assertEqual(wallet.points, 1.5)
        self._credit(invoice, {"Coffee": 3})
        self.assertEqual(wallet.points, 0)
        self._assert_sound()

    def test_a_wallet_does_not_feed_itself(self):
        program = self._wallet_program(crm_loyalty_cashback_percent=10)
        self._top_up()
        wallet = self._wallet(program)
        self.assertEqual(wallet.points, 50)
        order = self._order(coffees=6, confirm=False)
        order._apply_program_reward(program.reward_ids, wallet)
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertEqual(order.amount_total, 10)
        self.assertEqual(wallet.points, 1)
        self._assert_sound()

    def test_goods_that_come_back_leave_the_top_up(self):
        program = self._wallet_program(crm_loyalty_cashback_percent=10)
        invoice = self._invoice(self._top_up(coffees=4))
        wallet = self._wallet(program)
        self.assertEqual(wallet.points, 54)
        self._credit(invoice, {"Coffee": 4})
        self.assertEqual(wallet.points, 50)
        self._assert_sound()
