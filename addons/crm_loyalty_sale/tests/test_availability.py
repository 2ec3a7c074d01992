"""Pending and expired points can't be spent."""

from datetime import timedelta

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.crm_loyalty.tests.common import TODAY

from .common import OrderCase


@tagged("post_install", "-at_install")
class TestAvailability(OrderCase):
    def test_points_are_pending_until_the_return_window_is_over(self):
        """Regression: points were spent before the end of the 14-day return window."""
        self.program.write(
            {"crm_loyalty_pending_policy": "days", "crm_loyalty_pending_days": 14}
        )
        self._order(coffees=10)
        self.assertEqual(self.card.points, 10)
        for day, there in ((0, 0), (13, 0), (14, 10), (15, 10)):
            self._on(day)
            self.assertEqual(self.card.crm_loyalty_points_available, there)
            self.assertEqual(self.card.crm_loyalty_points_pending, 10 - there)
            order = self._order(teas=4, confirm=False)
            self.assertEqual(order._get_real_points_for_coupon(self.card), there)
            if not there:
                with self.assertRaises(AssertionError):
                    self._redeem(order)
                with self.assertRaisesRegex(UserError, "pending"):
                    self.card._post_points(-1, "burn")
            order.action_cancel()
        order = self._order(teas=4, rewards=1)
        self.assertEqual(self.card.points, 0)
        self._assert_sound()

    def test_points_of_the_same_order_are_pending_too(self):
        self.program.write(
            {"crm_loyalty_pending_policy": "days", "crm_loyalty_pending_days": 14}
        )
        order = self._order(coffees=12, confirm=False)
        self.assertEqual(order._get_real_points_for_coupon(self.card), 0)
        order.action_confirm()
        self.assertEqual(self.card.crm_loyalty_points_pending, 12)

    def test_without_a_return_window_an_order_may_spend_what_it_earns(self):
        order = self._order(coffees=12, rewards=1)
        self.assertEqual(self._posted(order), [("earn", 12), ("burn", -10)])
        self.assertEqual(self.card.points, 2)

    def test_points_wait_for_the_payment_of_the_invoice(self):
        self.program.crm_loyalty_pending_policy = "paid"
        order = self._order(coffees=10)
        invoice = self._invoice(order)
        self._on(20)
        self.assertEqual(self.card.crm_loyalty_points_pending, 10)
        order._sync_paid_points()
        self.assertEqual(self.card.crm_loyalty_points_pending, 10)
        self._pay(invoice)
        self.assertEqual(self.card.crm_loyalty_points_pending, 0)
        self.assertEqual(self.card.crm_loyalty_points_available, 10)
        self.assertEqual(
            self.card.crm_loyalty_entry_ids.available_date, TODAY + timedelta(days=20)
        )
        self._assert_sound()

    def test_the_nightly_job_releases_what_was_paid_past_the_hook(self):
        self.program.crm_loyalty_pending_policy = "paid"
        invoice = self._invoice(self._order(coffees=10))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move SET payment_state = 'paid' WHERE id = %s", [invoice.id]
        )
        self.env.invalidate_all()
        with self.enter_registry_test_mode():
            self.env.ref("crm_loyalty_sale.ir_cron_release").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(self.card.crm_loyalty_points_available, 10)

    def test_expired_points_buy_nothing_even_before_the_job_has_run(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        self.card.points = 10
        order = self._order(teas=4, rewards=1, confirm=False)
        self._on(30)
        self.assertEqual(self.card.crm_loyalty_points_available, 10)
        self._on(31)
        self.assertEqual(self.card.crm_loyalty_points_available, 0)
        with self.assertRaises(ValidationError):
            order.action_confirm()

    def test_whoever_owes_points_can_still_order(self):
        self.card.points = 3
        self.card._post_points(-5, "reverse")
        self.assertEqual(self.card.points, -2)
        order = self._order(coffees=1)
        self.assertEqual(order.state, "sale")
        self.assertEqual(self.card.points, -1)
        self.assertEqual(self.card.crm_loyalty_points_debt, 1)
        self._assert_sound()
