"""Complaints about other systems, with one test each.

The table in docs/LOYALTY.md lists the complaint of each test.
"""

from datetime import date, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain
from odoo.tests import freeze_time, new_test_user, tagged

from odoo.addons.crm_loyalty.tests.common import TODAY
from odoo.addons.crm_loyalty.tests.common_tier import TierCase

from .common import OrderCase


@tagged("post_install", "-at_install")
class TestPointsComplaints(OrderCase):
    """Complaints about points: earned, spent, returned, doubled, merged."""

    def _expire(self):
        entries = self.env["loyalty.card"]._expire_points(
            as_of=self.program._get_loyalty_today()
        )
        self.env.invalidate_all()
        return entries

    # Points never expire, and the date field has no effect

    def test_points_never_expire(self):
        """They expire oldest first, after a reminder, and can be reinstated."""
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        self._order(coffees=6)
        self._on(10)
        self._order(coffees=8)
        self._on(20)
        self._order(teas=4, rewards=1)
        self.assertEqual(self._lots(self.card), [(4, 40)])
        self._on(38)
        ahead = self.env["crm.loyalty.entry"].search(
            Domain("card_id", "=", self.card.id)
            & Domain("remaining", ">", 0)
            & Domain("expiration_date", "<=", "today +7d")
        )
        self.assertEqual(ahead.mapped("remaining"), [4])
        self._on(40)
        self.assertFalse(self._expire())
        self._on(41)
        self.assertEqual(self._expire().mapped("points"), [-4])
        self.assertFalse(self._expire())
        self.assertEqual(self.card.points, 0)
        expiries = self.card._get_reinstatable().with_user(self.manager)
        expiries._reinstate(TODAY + timedelta(days=60), "Was ill")
        self.env.invalidate_all()
        self.assertEqual(self._lots(self.card), [(4, 60)])
        self._assert_sound()

    def test_only_the_next_expiry_is_shown(self):
        """The reminder lists all lots that are about to expire, with their days."""
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 20}
        )
        for day in (0, 3, 5):
            self._on(day)
            self._order(coffees=day + 1)
        lots = self.card._get_expiring_lots()
        self.assertEqual(
            [lot["points"] for lot in lots], ["1 points", "4 points", "6 points"]
        )
        self.assertEqual(
            [lot["date"] for lot in lots], ["03/22/2026", "03/25/2026", "03/27/2026"]
        )

    # A return keeps points, deducts twice, or leaves a wrong balance

    def test_a_refund_keeps_the_points_or_takes_them_twice(self):
        """The balance is exact after full and partial returns, and a cancellation."""
        self.card.points = 20
        order = self._order(coffees=8, rewards=1)
        reward = order.order_line.filtered("reward_id").product_id.name
        invoice = self._invoice(order)
        self.assertEqual(self.card.points, 18)
        part = self._credit(invoice, {"Coffee": 2})
        self.assertEqual(self.card.points, 16)
        part._sync_returned_points()
        self.assertEqual(self.card.points, 16, "told twice, done once")
        self._credit(invoice, {"Coffee": 2, reward: 1})
        self.assertEqual(self.card.points, 24)
        self._credit(invoice, {"Coffee": 4})
        self.assertEqual(self.card.points, 20)
        order.sudo()._action_cancel()
        self.assertEqual(self.card.points, 20, "all of it was back already")
        order.action_draft()
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertEqual(self.card.points, 28, "without the reward")
        order.sudo()._action_cancel()
        self.assertEqual(self.card.points, 20)
        self._assert_sound()

    def test_points_are_spent_before_the_return_window_is_over(self):
        self.program.write(
            {"crm_loyalty_pending_policy": "days", "crm_loyalty_pending_days": 14}
        )
        self._order(coffees=10)
        self._on(13)
        order = self._order(teas=4, confirm=False)
        with self.assertRaisesRegex(AssertionError, "not have enough points"):
            self._redeem(order)
        with self.assertRaisesRegex(UserError, "pending"):
            self.card._post_points(-1, "burn")
        self._on(14)
        self._redeem(order)
        order.action_confirm()
        self.assertEqual(self.card.points, 0)

    def test_an_order_confirmed_again_gives_no_points(self):
        """It gives points once for each confirmation."""
        order = self._order(coffees=4)
        for _time in range(2):
            order.sudo()._action_cancel()
            self.assertEqual(self.card.points, 0)
            order.action_draft()
            order.action_confirm()
            self.assertEqual(self.card.points, 4)
            with self.assertRaises(UserError):
                order.action_confirm()
            self.assertEqual(self.card.points, 4)
        self._assert_sound()

    # Points are doubled by a second card or a second message

    def test_a_sale_that_is_sent_twice_doubles_the_points(self):
        """A posting key is posted once, however often the sale is sent."""
        first = self.card._post_points(5, "earn", key="till-7:0042")
        again = self.card._post_points(5, "earn", key="till-7:0042")
        self.assertEqual(first, again)
        self.assertEqual(self.card.points, 5)
        both = self.env["loyalty.card"]._post_many(
            2 * [{"card": self.card, "points": 3, "kind": "earn", "key": "till-7:0043"}]
        )
        self.assertEqual(len(both), 2)
        self.assertEqual(len(set(both.ids)), 1)
        self.assertEqual(self.card.points, 8)

    def test_a_second_card_of_a_customer_doubles_the_points(self):
        """An order earns on one card; bonuses have their own tests."""
        second = self._card(0, partner_id=self.ada.id)
        self._order(coffees=4)
        self.assertEqual(sorted((self.card | second).mapped("points")), [0, 4])

    # Merging customers loses points and entries

    def test_a_merge_loses_points_or_rows(self):
        """A merge keeps all lots, and entries that have the same posting key."""
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        other = self._card(0)
        for card, points in ((self.card, 7), (other, 5)):
            card._post_points(points, "bonus", key="bonus:1:2026")
        self.card._post_points(2, "earn", available_date=False)
        self._on(3)
        other._post_points(4, "earn")
        before = self.card.crm_loyalty_entry_ids | other.crm_loyalty_entry_ids
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (other.partner_id | self.ada).ids, self.ada
        )
        self.env.invalidate_all()
        self.assertEqual(before.exists(), before)
        self.assertEqual(before.partner_id, self.ada)
        self.assertEqual((self.card.points, other.points), (18, 0))
        self.assertEqual(self._lots(self.card), [(7, 30), (2, 30), (5, 30), (4, 33)])
        self.assertEqual(self.card.crm_loyalty_points_pending, 2)
        self._assert_sound()

    # Several companies

    def test_branches_and_companies_meet_access_errors(self):
        """A branch uses its company's program; all share one without a company."""
        branch, foreign = self.env["res.company"].create(
            [
                {
                    "name": "Branch",
                    "parent_id": self.company.id,
                    "crm_loyalty_tz": "UTC",
                },
                {"name": "Foreign", "crm_loyalty_tz": "UTC"},
            ]
        )
        shared = self._coffee_program(
            company_id=False, currency_id=self.company.currency_id.id
        )
        clerk, stranger = (
            new_test_user(
                self.env,
                login,
                groups="sales_team.group_sale_salesman",
                company_id=company.id,
                company_ids=[Command.set(company.ids)],
            )
            for login, company in (("clerk", branch), ("stranger", foreign))
        )
        for user, programs in (
            (clerk, self.program | shared),
            (stranger, shared),
        ):
            order = self._order_in(user.company_id, user)
            entries = self.env["crm.loyalty.entry"].search(
                [("source_model", "=", "sale.order"), ("source_id", "=", order.id)]
            )
            self.assertEqual(entries.program_id, programs)
            mine = entries.with_user(user).with_company(user.company_id)
            self.assertEqual(mine.mapped("points"), [4] * len(programs))
            self.assertEqual(
                mine.card_id.mapped("crm_loyalty_points_available"), [4] * len(programs)
            )
            order.sudo()._action_cancel()
        with self.assertRaises(AccessError):
            self.card.with_user(stranger).crm_loyalty_entry_ids.read(["points"])
        self._assert_sound()

    def _order_in(self, company, user):
        env = self.env(
            user=user, context={**self.env.context, "allowed_company_ids": company.ids}
        )
        order = env["sale.order"].create(
            {
                "partner_id": self.ada.id,
                "company_id": company.id,
                "user_id": user.id,
                "order_line": [
                    Command.create({"product_id": self.coffee.id, "product_uom_qty": 4})
                ],
            }
        )
        order._update_programs_and_rewards()
        order.action_confirm()
        return order

    # Earning on points, and eWallets

    def test_points_are_granted_on_what_is_paid_with_points(self):
        self.program.crm_loyalty_earn_base = "paid"
        self.card.points = 10
        order = self._order(coffees=2, rewards=1)
        self.assertEqual(order.amount_total, 15)
        self.assertEqual(self._posted(order), [("earn", 1.5), ("burn", -10)])

    def test_there_is_no_cash_back_into_a_wallet(self):
        program = self.env["loyalty.program"].create(
            {
                "name": "Wallet",
                "program_type": "ewallet",
                "company_id": self.company.id,
                "crm_loyalty_cashback_percent": 5,
                **self.env["loyalty.program"]._program_type_default_values()["ewallet"],
            }
        )
        self._order(coffees=4)
        self.assertEqual(program.coupon_ids.points, 2)


@tagged("post_install", "-at_install")
class TestTierComplaints(TierCase):
    """Complaints about tiers: wrong tier, wrong period, wrong expiry."""

    def test_the_wrong_tier_is_picked(self):
        """Compare values just below, at and above each threshold."""
        for points, tier in (
            (0, self.basic),
            (499.99, self.basic),
            (500, self.silver),
            (500.01, self.silver),
            (999.99, self.silver),
            (1000, self.gold),
            (5000, self.gold),
        ):
            card = self._card(self.env["res.partner"].create({"name": f"{points}"}))
            if points:
                self._earn(points, date(2026, 1, 5), card)
            self._evaluate(date(2026, 1, 5), card)
            self.assertEqual(card.crm_loyalty_tier_id, tier, points)

    def test_a_tier_is_never_taken_back(self):
        """After its last day, the card moves to the tier that the period has earned."""
        self._earn(1000, date(2025, 6, 2))
        self._earn(600, date(2026, 6, 2))
        self._evaluate(date(2026, 12, 31))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.gold)
        self._evaluate(date(2027, 1, 1))
        self.assertEqual(
            self.card.crm_loyalty_tier_id, self.silver, "not all the way down"
        )
        self._evaluate(date(2028, 1, 1))
        self.assertEqual(
            self.card.crm_loyalty_tier_id, self.basic, "the tier without a threshold"
        )
        self.assertEqual(
            [(change.from_tier_id, change.to_tier_id) for change in self._history()],
            [
                (self.env["crm.loyalty.tier"], self.gold),
                (self.gold, self.silver),
                (self.silver, self.basic),
            ],
        )

    def _history(self):
        return self.card.crm_loyalty_tier_history_ids.sorted("id")

    def test_a_membership_loses_its_period(self):
        """Calendar years and membership years both hold to their last day."""
        for period, since, ends in (
            ("calendar", date(2024, 5, 9), date(2027, 12, 31)),
            ("anniversary", date(2024, 5, 9), date(2028, 5, 8)),
        ):
            program = self._program(name=period, crm_loyalty_tier_period=period)
            card = self._card(self.ada, since, program)
            self._earn(1000, date(2026, 6, 2), card)
            self.assertEqual(card.crm_loyalty_tier_id.name, "Gold")
            self.assertEqual(card.crm_loyalty_tier_until, ends, period)
            with freeze_time("2026-07-01"):
                self._evaluate(ends, card)
            self.assertEqual(card.crm_loyalty_tier_id.name, "Gold")
            self._evaluate(ends + timedelta(days=1), card)
            self.assertEqual(card.crm_loyalty_tier_id.name, "Basic")
