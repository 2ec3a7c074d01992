"""Points in the shop. script/test-odoo runs these tests in a database with the shop."""

from odoo import http
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.crm_loyalty_sale.tests.common import OrderCase
from odoo.addons.website_sale.tests.common import MockRequest
from odoo.addons.website_sale_loyalty.controllers.main import WebsiteSale


@tagged("post_install", "-at_install")
class TestShopPoints(OrderCase):
    """Ada and Bob have accounts in the shop of the company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.website = cls.env["website"].create(
            {"name": "Coffee shop", "company_id": cls.company.id}
        )
        cls.users = {
            partner: new_test_user(
                cls.env, name, groups="base.group_portal", partner_id=partner.id
            )
            for name, partner in (
                ("ada", cls.ada),
                ("bob", cls.env["res.partner"].create({"name": "Bob"})),
            )
        }
        cls.bob = list(cls.users)[1]
        for user in cls.users.values():
            user.website_id = cls.website
        # Controllers need the routes of the installed addons.
        modules = cls.env["ir.module.module"].search([("state", "=", "installed")])
        list(http._generate_routing_rules(modules.mapped("name"), nodb_only=False))
        cls.guest = cls.website.user_id.sudo().partner_id

    def _cart(self, partner, coffees=2):
        cart = self.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "company_id": self.company.id,
                "website_id": self.website.id,
                "order_line": [
                    Command.create(
                        {"product_id": self.coffee.id, "product_uom_qty": coffees}
                    )
                ],
            }
        )
        cart._update_programs_and_rewards()
        return cart

    def _visit(self, partner, cart):
        """Return the request of a customer who comes back to a cart."""
        user = self.users.get(partner, self.website.user_id)
        website = self.website.with_user(user).with_context(lang="en_US")
        return MockRequest(website.env, website=website, sale_order_id=cart.id)

    def _sign_in(self, partner, cart):
        with self._visit(partner, cart) as request:
            self.assertEqual(request.cart.id, cart.id)
        self.assertEqual(cart.partner_id, partner)

    # Changed customer

    def test_a_guest_who_signs_in_earns(self):
        cart = self._cart(self.guest)
        self._sign_in(self.ada, cart)
        self.assertEqual(cart.coupon_point_ids.coupon_id, self.card)
        cart.action_confirm()
        self.assertEqual(self.card.points, 2)
        self._assert_sound()

    def test_points_of_the_former_customer_do_not_pay(self):
        self.card.points = 10
        cart = self._cart(self.ada)
        self._redeem(cart)
        self._sign_in(self.bob, cart)
        self.assertFalse(cart.order_line.coupon_id)
        cart.action_confirm()
        self.assertEqual((cart.amount_total, self.card.points), (20, 10))
        self.assertEqual(self.bob.loyalty_card_count, 1)

    # Owners

    def _enter(self, code, partner, cart):
        """Enter a code in the shop; return the error."""
        with self._visit(partner, cart) as request:
            WebsiteSale().pricelist(code)
            return request.session.get("error_promo_code")

    def _coupon(self):
        program = self.env["loyalty.program"].create(
            {
                "name": "Birthday coupons",
                "program_type": "coupons",
                "applies_on": "current",
                "trigger": "with_code",
                "company_id": self.company.id,
                "crm_loyalty_owner_only": True,
                "reward_ids": [
                    Command.create({"reward_type": "discount", "discount": 10})
                ],
            }
        )
        return self._card(1, program, partner_id=self.ada.id, code="BIRTHDAY")

    def test_only_the_owner_redeems_a_personal_coupon(self):
        """Regression: anybody redeemed it in the shop."""
        coupon = self._coupon()
        for partner in (self.bob, self.guest):
            cart = self._cart(partner)
            error = self._enter("BIRTHDAY", partner, cart)
            self.assertIn("“Birthday coupons: BIRTHDAY” is personal", error)
            self.assertFalse(cart.order_line.coupon_id)
        cart = self._cart(self.ada)
        self.assertFalse(self._enter("BIRTHDAY", self.ada, cart))
        self.assertEqual(cart.order_line.coupon_id, coupon)

    def test_rewards_are_offered_for_points_that_suffice(self):
        for points, is_offered in ((9.996, False), (10, True)):
            self.card.points = points
            cart = self._cart(self.ada)
            cart.order_line.product_id = self.tea
            cart._update_programs_and_rewards()
            rewards = cart._get_claimable_and_showable_rewards()
            self.assertEqual(bool(rewards), is_offered)

    # Payment

    def test_points_follow_the_payment(self):
        self.program.crm_loyalty_pending_policy = "paid"
        cart = self._cart(self.ada)
        provider = self.env["payment.provider"].create(
            {"name": "Shop", "company_id": self.company.id}
        )
        payment = self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": self.env.ref("payment.payment_method_unknown").id,
                "reference": "paid",
                "amount": cart.amount_total,
                "currency_id": cart.currency_id.id,
                "partner_id": self.ada.id,
                "operation": "online_redirect",
                "sale_order_ids": [Command.set(cart.ids)],
            }
        )
        # The provider has no journal.
        self.patch(type(payment), "_create_payment", lambda self, **kwargs: None)
        payment._set_done()
        payment._post_process()
        self.assertEqual(cart.state, "sale")
        self.assertEqual(self.card.crm_loyalty_points_available, 2)
        refund = payment._create_child_transaction(payment.amount, is_refund=True)
        refund._set_done()
        self.env.invalidate_all()
        self.assertEqual(self.card.crm_loyalty_points_available, 0)
        self.assertEqual(self.card.crm_loyalty_points_pending, 2)
        self._assert_sound()

    # Merge

    def test_a_cart_with_a_reward_is_valid_after_a_merge(self):
        self.card.points = 10
        kept = self._card(3, partner_id=self.bob.id)
        cart = self._cart(self.ada)
        self._redeem(cart)
        self.users[self.ada].unlink()
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.ada | self.bob).ids, self.bob
        )
        self.env.invalidate_all()
        cart._update_programs_and_rewards()
        cart.action_confirm()
        self.assertEqual((cart.amount_total, kept.points), (15, 5))
        self._assert_sound()
