"""Nobody else's points pay: owners of cards, changed customers, and merges."""

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import OrderCase


@tagged("post_install", "-at_install")
class TestOwner(OrderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bob = cls.env["res.partner"].create({"name": "Bob"})
        cls.office = cls.env["res.partner"].create(
            {"name": "Office", "is_company": True}
        )
        cls.carl, cls.dora = cls.env["res.partner"].create(
            [
                {"name": "Carl", "parent_id": cls.office.id},
                {"name": "Dora", "parent_id": cls.office.id},
            ]
        )

    def _cards_of(self, partner):
        return self.env["loyalty.card"].search(
            [("program_id", "=", self.program.id), ("partner_id", "=", partner.id)]
        )

    # Changed customer

    def _quotation(self, coffees=2, points=10, **kwargs):
        self.card.points = points
        return self._order(coffees=coffees, rewards=1, confirm=False, **kwargs)

    def test_the_new_customer_of_a_quotation_earns_and_pays_with_money(self):
        """Regression: points of the first customer paid."""
        order = self._quotation()
        order.partner_id = self.bob
        self.assertFalse(order.order_line.coupon_id)
        self.assertIn("Coffee club", order.message_ids[0].body)
        self.assertEqual(order.coupon_point_ids.coupon_id.partner_id, self.bob)
        order.action_confirm()
        self.assertEqual(order.amount_total, 20)
        self.assertEqual(self._posted(order), [("earn", 2)])
        self.assertEqual((self.card.points, self._cards_of(self.bob).points), (10, 2))
        self._assert_sound()

    def test_the_new_customer_keeps_the_card_of_before(self):
        card = self._card(7, partner_id=self.bob.id)
        order = self._quotation()
        order.partner_id = self.bob
        order.action_confirm()
        self.assertEqual(self._cards_of(self.bob), card)
        self.assertEqual((self.card.points, card.points), (10, 9))

    def test_a_quotation_that_comes_back_to_its_customer_earns_there(self):
        order = self._quotation()
        order.partner_id = self.bob
        order.partner_id = self.ada
        order.action_confirm()
        self.assertEqual(self.card.points, 12)
        self.assertEqual(sum(self._cards_of(self.bob).mapped("points")), 0)

    def test_contacts_of_a_company_redeem_each_others_cards(self):
        self.card.partner_id = self.carl
        order = self._quotation(customer=self.carl)
        order.partner_id = self.dora
        self.assertEqual(order.order_line.coupon_id, self.card)
        order.action_confirm()
        self.assertEqual(self.card.points, 0)
        self.assertEqual(self._cards_of(self.dora).points, 2)
        self._assert_sound()

    def test_a_shared_card_stays_with_the_quotation(self):
        self.program.crm_loyalty_owner_only = False
        order = self._quotation()
        order.partner_id = self.bob
        self.assertEqual(order.order_line.coupon_id, self.card)

    def test_a_coupon_for_the_next_order_is_made_for_the_new_customer(self):
        program = self._coupons(
            program_type="next_order_coupons", applies_on="future", trigger="auto"
        )
        order = self._order(coffees=2, confirm=False)
        [coupon] = order.coupon_point_ids.coupon_id.filtered(
            lambda card: card.program_id == program
        )
        order.partner_id = self.bob
        order.action_confirm()
        self.assertEqual((coupon.partner_id, coupon.points), (self.bob, 1))
        self.assertEqual(program.coupon_ids, coupon)

    def test_a_confirmed_order_keeps_its_points(self):
        order = self._quotation()
        order.action_confirm()
        order.partner_id = self.bob
        self.assertEqual(self.card.points, 2)
        self.assertEqual(order.order_line.coupon_id, self.card)

    # Personal coupons

    def _coupons(self, **vals):
        return self.env["loyalty.program"].create(
            {
                "name": "Birthday coupons",
                "program_type": "coupons",
                "applies_on": "current",
                "trigger": "with_code",
                "company_id": self.company.id,
                "crm_loyalty_owner_only": True,
                "rule_ids": [
                    Command.create(
                        {"reward_point_mode": "order", "reward_point_amount": 1}
                    )
                ],
                "reward_ids": [
                    Command.create(
                        {
                            "reward_type": "discount",
                            "discount_mode": "percent",
                            "discount": 10,
                            "required_points": 1,
                        }
                    )
                ],
                **vals,
            }
        )

    def _coupon(self, partner, **vals):
        return self._card(
            1, self._coupons(**vals), partner_id=partner.id, code="BIRTHDAY"
        )

    def test_the_owner_redeems_a_personal_coupon(self):
        coupon = self._coupon(self.ada)
        order = self._order(teas=4, confirm=False)
        status = order._try_apply_code("BIRTHDAY")
        order._apply_program_reward(status[coupon], coupon)
        order.action_confirm()
        self.assertEqual((order.amount_total, coupon.points), (36, 0))

    def test_another_customer_can_not_enter_its_code(self):
        """Regression: on orders and in the shop, anybody redeemed it."""
        coupon = self._coupon(self.bob)
        order = self._order(teas=4, confirm=False)
        error = order._try_apply_code("BIRTHDAY")["error"]
        self.assertIn("Birthday coupons: BIRTHDAY", error)
        self.assertIn("personal", error)
        self.assertNotIn("Bob", error)
        wizard = self.env["sale.loyalty.coupon.wizard"].with_user(self.sally)
        with self.assertRaisesRegex(ValidationError, "personal"):
            wizard.create(
                {"order_id": order.id, "coupon_code": "BIRTHDAY"}
            ).action_apply()
        self.assertNotIn(coupon, order.applied_coupon_ids)

    def test_another_customer_gets_no_reward_from_it(self):
        coupon = self._coupon(self.bob)
        order = self._order(teas=4, confirm=False)
        reward = coupon.program_id.reward_ids
        self.assertIn("personal", order._apply_program_reward(reward, coupon)["error"])
        self.assertFalse(order._get_claimable_rewards(forced_coupons=coupon))
        order.applied_coupon_ids = coupon
        self.assertFalse(order._get_claimable_rewards())

    def test_nobody_confirms_an_order_with_it_for_another_customer(self):
        coupon = self._coupon(self.bob, crm_loyalty_owner_only=False)
        order = self._order(teas=4, confirm=False)
        status = order._try_apply_code("BIRTHDAY")
        order._apply_program_reward(status[coupon], coupon)
        coupon.program_id.crm_loyalty_owner_only = True
        with self.assertRaisesRegex(ValidationError, "BIRTHDAY.*another customer"):
            order.action_confirm()
        self.assertEqual(coupon.points, 1)

    def test_it_leaves_the_quotation_with_its_customer(self):
        coupon = self._coupon(self.ada)
        order = self._order(teas=4, confirm=False)
        status = order._try_apply_code("BIRTHDAY")
        order._apply_program_reward(status[coupon], coupon)
        order.partner_id = self.bob
        self.assertFalse(order.order_line.coupon_id)
        self.assertEqual(order.amount_total, 40)

    def test_anybody_redeems_a_coupon_of_a_program_that_does_not_ask(self):
        coupon = self._coupon(self.bob, crm_loyalty_owner_only=False)
        order = self._order(teas=4, confirm=False)
        self.assertIn(coupon, order._try_apply_code("BIRTHDAY"))

    def test_anybody_redeems_a_coupon_without_an_owner(self):
        coupon = self._coupon(self.env["res.partner"])
        order = self._order(teas=4, confirm=False)
        self.assertIn(coupon, order._try_apply_code("BIRTHDAY"))

    def test_points_cards_are_reserved_by_default_and_gift_cards_are_not(self):
        self.assertTrue(self.program.crm_loyalty_owner_only)
        gifts = self.env["loyalty.program"].create(
            {"name": "Gifts", "program_type": "gift_card", "applies_on": "future"}
        )
        self.assertFalse(gifts.crm_loyalty_owner_only)

    # Enough points in the program's rounding

    def test_a_reward_is_not_offered_for_points_that_only_round_to_its_cost(self):
        """Regression: 9.996 points offered a reward of 10, and confirming failed."""
        self.card.points = 9.996
        order = self._order(teas=4, confirm=False)
        self.assertEqual(order._get_real_points_for_coupon(self.card), 9.99)
        self.assertFalse(order._get_claimable_rewards())
        status = order._apply_program_reward(self.reward, self.card)
        self.assertIn("error", status)

    def test_the_rounding_is_that_of_the_program(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        self.program.currency_id = yen
        for points, there in ((9.6, 9), (10, 10), (10.9999, 10)):
            self.card.points = points
            order = self._order(teas=4, confirm=False)
            self.assertEqual(order._get_real_points_for_coupon(self.card), there)
            self.assertEqual(bool(order._get_claimable_rewards()), there >= 10)

    def test_a_reward_in_another_currency_costs_no_more_than_there_is(self):
        """Regression: rounding in both currencies made a wallet of 1000 pay 1001."""
        yen = self.env.ref("base.JPY")
        yen.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": yen.id,
                "rate": 149.3629,
                "name": "2026-01-01",
                "company_id": self.company.id,
            }
        )
        program = self._program(
            "Wallet",
            program_type="ewallet",
            applies_on="future",
            currency_id=yen.id,
            rule_ids=False,
        )
        wallet = self._card(1000, program, partner_id=self.ada.id)
        order = self._order(teas=4, confirm=False)
        order._apply_program_reward(program.reward_ids, wallet)
        self.assertEqual(order.amount_total, 33.3)
        order.action_confirm()
        self.assertEqual(wallet.points, 0)
        self._assert_sound()

    # Merged customers

    def _merge(self, source, target):
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (source | target).ids, target
        )
        self.env.invalidate_all()

    def test_a_quotation_with_a_reward_is_valid_after_a_merge(self):
        """Regression: it was refused, as if the points had been spent meanwhile."""
        order = self._quotation()
        kept = self._card(3, partner_id=self.bob.id)
        self._merge(self.ada, self.bob)
        self.assertEqual(order.partner_id, self.bob)
        self.assertEqual(order.order_line.coupon_id, kept)
        self.assertEqual(order.coupon_point_ids.coupon_id, kept)
        order.with_user(self.sally).action_confirm()
        self.assertEqual(order.amount_total, 15)
        self.assertEqual((self.card.points, kept.points), (0, 5))
        self._assert_sound()

    def test_a_quotation_with_both_cards_has_the_one_that_is_kept(self):
        order = self._quotation()
        kept = self._card(3, partner_id=self.bob.id)
        order.sudo().coupon_point_ids = [
            Command.create({"coupon_id": kept.id, "points": 1})
        ]
        order.applied_coupon_ids |= self.card
        self._merge(self.ada, self.bob)
        self.assertEqual(order.coupon_point_ids.coupon_id, kept)
        self.assertEqual(order.applied_coupon_ids, kept)
        order.action_confirm()
        self.assertEqual(kept.points, 5)
        self._assert_sound()

    def test_a_quotation_with_a_card_that_changed_hands_is_valid(self):
        order = self._quotation()
        self._merge(self.ada, self.bob)
        order.action_confirm()
        self.assertEqual((self.card.partner_id, self.card.points), (self.bob, 2))

    def test_an_order_of_a_merged_card_takes_back_from_the_card_that_is_kept(self):
        """Regression: the merged card owed points, and the customer kept them."""
        for policy, points in (("debt", -2), ("floor", 0)):
            with self.subTest(policy=policy):
                self.program.crm_loyalty_negative_policy = policy
                ada = self.env["res.partner"].create({"name": "Ada"})
                bob = self.env["res.partner"].create({"name": "Bob"})
                order = self._order(coffees=10, customer=ada)
                kept = self._card(3, partner_id=bob.id)
                gone = self._cards_of(ada)
                self._merge(ada, bob)
                kept._post_points(-5, "burn")
                order.with_context(disable_cancel_warning=True).action_cancel()
                self.assertEqual((gone.points, kept.points), (0, points))
                self._assert_sound()

    def test_an_order_of_a_merged_card_gives_back_to_the_card_that_is_kept(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        self.card.points = 10
        order = self._order(teas=2, rewards=1)
        kept = self._card(3, partner_id=self.bob.id)
        self._merge(self.ada, self.bob)
        self._on(5)
        order.with_context(disable_cancel_warning=True).action_cancel()
        self.assertEqual((self.card.points, kept.points), (0, 13))
        self.assertEqual(self._lots(kept), [(3, 30), (10, 30)])
        self._assert_sound()
