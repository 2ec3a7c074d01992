"""Orders post what they earn and spend, and nothing else changes the ledger."""

from contextlib import contextmanager, nullcontext
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_loyalty.models.loyalty_card_posting import LoyaltyCard

from .common import OrderCase


@tagged("post_install", "-at_install")
class TestOrders(OrderCase):
    def test_confirming_posts_what_was_earned_once(self):
        order = self._order(coffees=4)
        self.assertEqual(self.card.points, 4)
        self.assertEqual(self._posted(order), [("earn", 4)])
        entry = self.card.crm_loyalty_entry_ids
        self.assertEqual(entry.reason, order.name)
        self.assertEqual(entry.user_id, self.sally)
        with self.assertRaisesRegex(UserError, "not in a state"):
            order.action_confirm()
        self.assertEqual(self._posted(order), [("earn", 4)])
        self._assert_sound()

    def test_an_order_that_earns_and_spends_posts_both(self):
        self.card.points = 10
        order = self._order(coffees=4, rewards=1)
        self.assertEqual(self._posted(order), [("earn", 4), ("burn", -10)])
        self.assertEqual(self.card.points, 4)
        self._assert_sound()

    def test_two_orders_confirmed_together_post_for_each(self):
        orders = self._order(coffees=4, confirm=False)
        orders |= self._order(coffees=2, confirm=False)
        orders.action_confirm()
        self.assertEqual(
            [self._posted(order) for order in orders], [[("earn", 4)], [("earn", 2)]]
        )
        self.assertEqual(self.card.points, 6)

    def test_points_that_another_order_spent_meanwhile_are_told(self):
        self.card.points = 10
        first = self._order(teas=4, rewards=1, confirm=False)
        second = self._order(teas=4, rewards=1, confirm=False)
        first.action_confirm()
        with self.assertRaisesRegex(UserError, "spent meanwhile"):
            second.action_confirm()
        self.assertEqual(self.card.points, 0)

    def test_a_reward_put_on_and_off_a_confirmed_order_uses_the_same_lots(self):
        self.program.crm_loyalty_expiry_policy = "days"
        self.card.points = 10
        order = self._order(teas=4)
        self._redeem(order)
        self.assertEqual(self.card.points, 0)
        self.assertEqual(self._posted(order), [("burn", -10)])
        reward = order.order_line.filtered("reward_id")
        reward.points_cost = 4
        self.assertEqual(self.card.points, 6)
        self.assertEqual(self._lots(self.card), [(6, 365)])
        reward.points_cost = 7
        self.assertEqual(self._lots(self.card), [(3, 365)])
        order._action_cancel()
        self.assertEqual(self._lots(self.card), [(10, 365)])
        self._assert_sound()

    def test_posting_adds_at_most_two_queries_to_confirming(self):
        """One query locks and reads the cards, one writes the entries."""
        self.card.points = 100
        self._count_queries(posting=True)  # warm up the caches
        added = self._count_queries(posting=True) - self._count_queries(posting=False)
        self.assertLessEqual(added, 2)

    def test_posting_adds_at_most_three_queries_with_tiers(self):
        """The third query updates the tier of the customer."""
        self.program.crm_loyalty_tier_ids = [
            Command.create({"name": name, "threshold": threshold, "multiplier": times})
            for name, threshold, times in (("Basic", 0, 1), ("Gold", 1000, 2))
        ]
        self.card.points = 100
        self._count_queries(posting=True)
        added = self._count_queries(posting=True) - self._count_queries(posting=False)
        self.assertLessEqual(added, 3)
        self.assertEqual(self.card.crm_loyalty_tier_id.name, "Basic")
        self.assertEqual(self.card.crm_loyalty_qualifying_points, 108)

    def _count_queries(self, posting):
        """Return the number of queries to confirm an order, with or without posting."""
        order = self._order(coffees=4, rewards=1, confirm=False)
        self.env.flush_all()
        self.env.invalidate_all()
        order.mapped("order_line.coupon_id.points")
        with nullcontext() if posting else self._without_ledger():
            before = self.env.cr.sql_log_count
            order.action_confirm()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

    @contextmanager
    def _without_ledger(self):
        """Let Odoo write points without posting, as it does without our addons."""

        class Nobody:
            def add(self, changes):
                pass

        Card = type(self.card)
        with (
            patch.object(LoyaltyCard, "_get_points_collector", lambda s: Nobody()),
            patch.object(LoyaltyCard, "_collect_points", lambda *a, **k: nullcontext()),
            patch.object(
                Card, "_get_open_entries", lambda cards: {card: [] for card in cards}
            ),
            patch.object(type(self.program), "_has_multiplier", lambda program: False),
        ):
            yield

    # Access

    def test_salespeople_cannot_edit_balances_or_history(self):
        card = self.card.with_user(self.sally)
        self.card.points = 10
        history = self.env["loyalty.history"].create(
            {"card_id": card.id, "description": "Gift", "issued": 10}
        )
        wizard = self.env["loyalty.card.update.balance"].with_user(self.sally)
        for attempt in (
            lambda: card.write({"points": 1000}),
            lambda: setattr(card, "points", 1000),
            lambda: card.with_context(loyalty_no_mail=True).write({"points": 1000}),
            lambda: card.write({"partner_id": self.sally.partner_id.id}),
            lambda: history.with_user(self.sally).write({"issued": 1000}),
            lambda: history.with_user(self.sally).unlink(),
            lambda: history.with_user(self.sally).create(
                {"card_id": card.id, "description": "Gift", "issued": 10}
            ),
            lambda: card.write({"history_ids": [(0, 0, {"description": "Gift"})]}),
            lambda: wizard.create(
                {"card_id": card.id, "new_balance": 1000, "description": "Gift"}
            ).action_update_card_point(),
            lambda: (
                self.env["crm.loyalty.adjustment"]
                .with_user(self.sally)
                .create({"card_id": card.id, "points": 1000, "reason": "Gift"})
            ),
        ):
            with self.assertRaises(AccessError):
                attempt()
        self.assertEqual(self.card.points, 10)

    def test_salespeople_see_the_ledger_of_points(self):
        self.card.points = 10
        card = self.card.with_user(self.sally)
        self.assertEqual(card.crm_loyalty_entry_ids.points, 10)
        self.assertEqual(card.crm_loyalty_points_available, 10)

    def test_lines_and_orders_give_no_points_by_hand(self):
        self.card.points = 10
        order = self._order(coffees=4, rewards=1)
        line = order.order_line.filtered("reward_id")
        for value in (-9000, float("nan"), 1e300):
            with self.assertRaisesRegex(UserError, "enter a value from 0"):
                line.points_cost = value
            with self.assertRaisesRegex(UserError, "enter a value from 0"):
                line.copy({"points_cost": value, "order_id": order.id})
        with self.assertRaises(AccessError):
            order.crm_loyalty_points_round = 2**31 - 1
        self.assertEqual(
            order.with_context(default_points_round=7).copy().crm_loyalty_points_round,
            0,
        )
        self.assertEqual(self.card.points, 4)
        self.assertFalse(order.crm_loyalty_points_round)
        order._action_cancel()
        self.assertEqual((order.crm_loyalty_points_round, self.card.points), (1, 10))
        self._assert_sound()

    def test_cash_back_is_a_percentage(self):
        for value in (-1, 100.01, 1e300, float("nan")):
            with self.assertRaisesRegex(UserError, "Cash Back.*Coffee club"):
                self.program.write({"crm_loyalty_cashback_percent": value})
