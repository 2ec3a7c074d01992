"""Points follow what each line earned, through every change of a confirmed order."""

from datetime import timedelta
from itertools import product

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_loyalty.tests.common import TODAY

from .common import OrderCase


class EarnedCase(OrderCase):
    """A coffee costs 10 and earns 10 points. Gold is from 50 points."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.program.rule_ids
        cls.rule.write({"reward_point_mode": "money", "product_ids": False})
        cls.program.crm_loyalty_tier_ids = [
            Command.create({"name": name, "threshold": threshold})
            for name, threshold in (("Basic", 0), ("Gold", 50))
        ]

    def _assert_card(self, points, tier=None, qualifying=None):
        self.env.invalidate_all()
        self.assertEqual(self.card.points, points)
        qualifying = points if qualifying is None else qualifying
        self.assertEqual(self.card.crm_loyalty_qualifying_points, qualifying)
        if tier:
            self.assertEqual(self.card.crm_loyalty_tier_id.name, tier)
        self._assert_sound()

    def _line(self, order, product):
        return order.order_line.filtered(lambda line: line.product_id == product)

    def _bill(self, order, quantities):
        """Post an invoice with quantities by product, of which some are below zero."""
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": order.partner_id.id,
                "company_id": order.company_id.id,
                "invoice_date": TODAY,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": item.id,
                            "quantity": quantity,
                            "price_unit": 10,
                            "tax_ids": False,
                            "sale_line_ids": [Command.set(self._line(order, item).ids)],
                        }
                    )
                    for item, quantity in quantities.items()
                ],
            }
        )
        invoice.action_post()
        return invoice


@tagged("post_install", "-at_install")
class TestEarned(EarnedCase):
    # What expired is not owed

    def test_points_that_expired_are_not_taken_back(self):
        """Whether the job ran before the return or after it makes no difference."""
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        for policy, first in product(("debt", "floor", "block"), (True, False)):
            others = 7 if policy == "debt" else 0
            with (
                self.subTest(policy=policy, first=first),
                self.env.cr.savepoint() as savepoint,
            ):
                self._on(0)
                self.program.crm_loyalty_negative_policy = policy
                order = self._order(coffees=12)
                invoice = self._invoice(order)
                self._on(31)
                if others:
                    self.card._post_points(others, "bonus")
                if first:
                    self._expire()
                self._credit(invoice, {"Coffee": 5})
                note = self._credit(invoice, {"Coffee": 7})
                note.button_draft()
                self._expire()
                self._assert_card(others, "Gold", 70)
                note.action_post()
                self._expire()
                self._assert_card(others, "Basic", 0)
                order.sudo()._action_cancel()
                self.assertEqual(self.card.points, others)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_points_spent_before_they_expired_are_owed(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        for first in (True, False):
            with self.subTest(first=first), self.env.cr.savepoint() as savepoint:
                self._on(0)
                invoice = self._invoice(self._order(coffees=12))
                self.card._post_points(-20, "burn")
                self._on(31)
                if first:
                    self._expire()
                self._credit(invoice, {"Coffee": 6})
                self._credit(invoice, {"Coffee": 6})
                self._expire()
                self._assert_card(-20, "Basic", 0)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_points_that_were_reinstated_are_taken_back(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        invoice = self._invoice(self._order(coffees=12))
        self._on(31)
        self._expire()
        expiries = self.card._get_reinstatable().with_user(self.manager)
        expiries._reinstate(TODAY + timedelta(days=60), "Was ill")
        self._credit(invoice, {"Coffee": 6})
        self._assert_card(60, "Gold", 60)
        self._on(61)
        self._expire()
        self._credit(invoice, {"Coffee": 6})
        self._assert_card(0, "Basic", 0)

    def _expire(self):
        self.env["loyalty.card"]._expire_points(as_of=self.program._get_loyalty_today())
        self.env.invalidate_all()

    # What earned nothing takes nothing back

    def test_each_line_takes_back_what_it_earned(self):
        self.rule.product_ids = self.coffee
        order = self._order(coffees=10, teas=2)
        invoice = self._invoice(order)
        self._assert_card(100, "Gold")
        self._credit(invoice, {"Tea": 2})
        self._assert_card(100, "Gold")
        self._credit(invoice, {"Coffee": 10})
        self._assert_card(0, "Basic")

    def test_an_entry_shows_what_each_line_earned(self):
        order = self._order(coffees=10, teas=2)
        entry = self.card.crm_loyalty_entry_ids
        self.assertEqual(
            entry.earning["lines"],
            {
                str(self._line(order, self.coffee).id): 100,
                str(self._line(order, self.tea).id): 20,
            },
        )

    def test_a_rule_that_changed_since_decides_no_return(self):
        order = self._order(coffees=5, teas=5)
        invoice = self._invoice(order)
        self._assert_card(100)
        self.rule.write(
            {
                "product_ids": self.tea.ids,
                "reward_point_amount": 7,
                "reward_point_mode": "unit",
            }
        )
        self._credit(invoice, {"Coffee": 5})
        self._assert_card(50)
        self.rule.unlink()
        self._credit(invoice, {"Tea": 5})
        self._assert_card(0)

    # Changes of a confirmed order

    def test_an_order_that_is_lowered_keeps_what_is_left(self):
        order = self._order(coffees=10)
        self._assert_card(100, "Gold")
        line = self._line(order, self.coffee)
        line.product_uom_qty = 1
        self._assert_card(10, "Basic")
        self._invoice(order)
        self._assert_card(10, "Basic")
        line.product_uom_qty = 6
        self._assert_card(60, "Gold")
        self.assertEqual(
            self._posted(order), [("earn", 100), ("reverse", -90), ("reverse", 50)]
        )

    def test_a_line_that_is_added_earns(self):
        order = self._order(coffees=1)
        self._assert_card(10, "Basic")
        order.order_line = [
            Command.create({"product_id": self.tea.id, "product_uom_qty": 9})
        ]
        self._assert_card(100, "Gold")
        self.assertEqual(self._posted(order), [("earn", 10), ("earn", 90)])
        self._line(order, self.tea).price_unit = 20
        self._assert_card(190)
        order.order_line.product_uom_qty = 0
        self._assert_card(0, "Basic")
        order.sudo()._action_cancel()
        self._assert_card(0)

    def test_the_first_points_may_come_with_a_change(self):
        self.rule.product_ids = self.coffee
        order = self._order(teas=1)
        order.order_line = [
            Command.create({"product_id": self.coffee.id, "product_uom_qty": 6})
        ]
        self._assert_card(60, "Gold")
        order.order_line = [
            Command.create({"product_id": self.coffee.id, "product_uom_qty": 1})
        ]
        self._assert_card(70)
        order._update_programs_and_rewards()
        self._assert_card(70)

    def test_a_new_customer_earns_with_a_change(self):
        self.rule.product_ids = self.coffee
        self.card.unlink()
        order = self._order(teas=1)
        self.assertFalse(order.coupon_point_ids)
        order.order_line = [
            Command.create({"product_id": self.coffee.id, "product_uom_qty": 2})
        ]
        card = order.coupon_point_ids.coupon_id
        self.assertEqual((card.partner_id, card.points), (order.partner_id, 20))

    def test_odoo_gives_the_points_of_a_change_once(self):
        """Updating rewards of a confirmed order gives what Odoo finds missing."""
        order = self._order(coffees=3)
        invoice = self._invoice(order)
        for coffees, back in ((7, 0), (0, 0), (5, 0), (5, 3)):
            self._line(order, self.coffee).product_uom_qty = coffees
            if back:
                self._credit(invoice, {"Coffee": back})
            self._assert_card((coffees - back) * 10)
            order._update_programs_and_rewards()
            self._assert_card((coffees - back) * 10)

    def test_a_change_of_several_lines_is_one(self):
        """A policy that refuses debts does not see lines half-way."""
        self.program.crm_loyalty_negative_policy = "block"
        order = self._order(coffees=5, teas=5)
        self.card._post_points(-90, "burn")
        coffee, tea = order.order_line
        order.order_line = [
            Command.update(coffee.id, {"product_uom_qty": 0}),
            Command.update(tea.id, {"product_uom_qty": 10}),
        ]
        self._assert_card(10, qualifying=100)

    def test_what_is_added_is_multiplied_like_the_order(self):
        gold = self.program.crm_loyalty_tier_ids.sorted("threshold")[1]
        gold.multiplier = 2
        order = self._order(coffees=1)
        self._line(order, self.coffee).product_uom_qty = 10
        self._assert_card(100, "Gold")
        order = self._order(coffees=1)
        self._line(order, self.coffee).product_uom_qty = 10
        self._assert_card(300, "Gold", 200)
        self._line(order, self.coffee).product_uom_qty = 5
        self._assert_card(200, "Gold", 150)

    def test_spend_follows_changes_and_returns(self):
        self.program.crm_loyalty_tier_basis = "spend"
        self.rule.product_ids = self.coffee
        order = self._order(coffees=10, teas=2)
        spends = [self.card.crm_loyalty_qualifying_spend]
        invoice = self._invoice(order)
        for quantities in ({"Tea": 2}, {"Coffee": 4}, {"Coffee": 6}):
            self._credit(invoice, quantities)
            spends.append(self.card.crm_loyalty_qualifying_spend)
        self.assertEqual(spends, [120, 100, 60, 0])
        self._assert_card(0, "Basic")
        order = self._order(coffees=10, teas=2)
        self._line(order, self.tea).product_uom_qty = 3
        self.assertEqual(self.card.crm_loyalty_qualifying_spend, 130)
        order.sudo()._action_cancel()
        self.assertEqual(self.card.crm_loyalty_qualifying_spend, 0)

    def test_an_order_of_a_former_version_changes_too(self):
        order = self._order(coffees=6)
        self.env.cr.execute("UPDATE crm_loyalty_entry SET earning = NULL")
        self.env.invalidate_all()
        self._line(order, self.coffee).product_uom_qty = 2
        self._assert_card(20, "Basic")
        self._line(order, self.coffee).product_uom_qty = 8
        self._assert_card(80, "Gold")

    def test_a_down_payment_changes_nothing(self):
        order = self._order(coffees=6)
        self.env["sale.advance.payment.inv"].with_context(
            active_model="sale.order", active_ids=order.ids
        ).create(
            {"advance_payment_method": "fixed", "fixed_amount": 20}
        ).create_invoices()
        order.sudo().invoice_ids.action_post()
        self._assert_card(60)
        self._invoice(order)
        self._assert_card(60)

    # Rewards

    def test_a_reward_that_is_gone_is_not_paid_again(self):
        self.card._post_points(20, "bonus")
        order = self._order(coffees=4, rewards=2)
        self.assertEqual(self.card.points, 40)
        order.order_line.filtered("reward_id")[0].points_cost = 4
        self.assertEqual(self.card.points, 46)
        self._credit(self._invoice(order), {"Coffee": 4})
        self.assertEqual(self.card.points, 6)
        self._assert_sound()

    # Negative lines

    def test_a_negative_line_of_the_next_invoice_is_a_return(self):
        order = self._order(coffees=3, teas=3)
        self._bill(order, {self.coffee: 3})
        invoice = self._bill(order, {self.coffee: -1, self.tea: 3})
        self._assert_card(50)
        invoice.button_draft()
        self._assert_card(60)
        invoice.action_post()
        self._assert_card(50)

    def test_goods_taken_off_after_the_invoice_come_back_once(self):
        order = self._order(coffees=3, teas=3)
        self._invoice(order)
        self._line(order, self.coffee).product_uom_qty = 2
        self._assert_card(50)
        self._line(order, self.tea).product_uom_qty = 5
        self._assert_card(70)
        order.sudo()._create_invoices(final=True).action_post()
        self._assert_card(70)

    # Currencies

    def test_a_point_for_a_dollar_is_one_in_yen_too(self):
        self._set_yen(150)
        order = self._order_in_yen(15000)
        self._assert_card(100, "Gold")
        self.assertEqual(self.card.crm_loyalty_qualifying_spend, 100)
        self._set_yen(300, TODAY + timedelta(days=1))
        self._on(1)
        order.order_line.price_unit = 7500
        self._assert_card(50, "Gold")
        self._credit(self._invoice(order))
        self._assert_card(0, "Basic")

    def test_cash_back_and_top_ups_in_yen(self):
        self._set_yen(150)
        self.program.active = False
        wallet = self.env["loyalty.program"].create(
            {
                "name": "Wallet",
                "program_type": "ewallet",
                "company_id": self.company.id,
                "crm_loyalty_cashback_percent": 5,
                **self.env["loyalty.program"]._program_type_default_values()["ewallet"],
            }
        )
        self._order_in_yen(15000)
        self.assertEqual(wallet.coupon_ids.points, 5)
        self._order_in_yen(3000, wallet.trigger_product_ids)
        self.assertEqual(wallet.coupon_ids.points, 25)

    def test_a_gift_card_bought_in_yen_has_dollars(self):
        self._set_yen(150)
        program = self.env["loyalty.program"].create(
            {
                "name": "Gift cards",
                "program_type": "gift_card",
                "company_id": self.company.id,
                **self.env["loyalty.program"]._program_type_default_values()[
                    "gift_card"
                ],
            }
        )
        self._order_in_yen(7500, program.trigger_product_ids, 2)
        self.assertEqual(program.coupon_ids.mapped("points"), [50, 50])

    def _set_yen(self, rate, day=TODAY):
        yen = self.env.ref("base.JPY")
        yen.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": yen.id,
                "name": day,
                "rate": rate,
                "company_id": self.company.id,
            }
        )
        return yen

    def _order_in_yen(self, price, item=None, quantity=1):
        yen = self.env.ref("base.JPY")
        pricelist = self.env["product.pricelist"].search(
            [("currency_id", "=", yen.id)], limit=1
        ) or self.env["product.pricelist"].create(
            {"name": "Yen", "currency_id": yen.id, "company_id": self.company.id}
        )
        order = self.env["sale.order"].create(
            {
                "partner_id": self.ada.id,
                "company_id": self.company.id,
                "pricelist_id": pricelist.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": (item or self.coffee).id,
                            "product_uom_qty": quantity,
                            "price_unit": price,
                            "tax_ids": False,
                        }
                    )
                ],
            }
        )
        order._update_programs_and_rewards()
        order.action_confirm()
        return order
