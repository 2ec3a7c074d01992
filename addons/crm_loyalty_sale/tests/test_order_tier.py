from datetime import date, datetime

from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from odoo.addons.crm_loyalty.tests.common_tier import TierCase


@tagged("post_install", "-at_install")
class TestOrderTier(TierCase):
    """Tiers on orders: preview, posting, qualifying values and returns."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["loyalty.program"].search(
            [("id", "!=", cls.program.id)]
        ).action_archive()
        cls.program.rule_ids = [
            Command.clear(),
            Command.create(
                {
                    "reward_point_mode": "money",
                    "reward_point_amount": 1,
                    "minimum_qty": 0,
                }
            ),
        ]
        cls.gold.multiplier = 1.5
        cls.product = cls.env["product.product"].create(
            {"name": "Thing", "type": "service", "taxes_id": [Command.clear()]}
        )
        cls.salesperson = cls._user("sam", "sales_team.group_sale_salesman")

    def _order(self, amount, partner=None, day="2026-03-02", confirm=True, **vals):
        with freeze_time(f"{day} 04:00"):
            order = (
                self.env["sale.order"]
                .with_user(self.salesperson)
                .create(
                    {
                        "partner_id": (partner or self.ada).id,
                        "company_id": self.company.id,
                        "user_id": self.salesperson.id,
                        "order_line": [
                            Command.create(
                                {
                                    "product_id": self.product.id,
                                    "price_unit": amount,
                                    "tax_ids": [Command.clear()],
                                }
                            )
                        ],
                        **vals,
                    }
                )
            )
            order._update_programs_and_rewards()
            if confirm:
                order.action_confirm()
        return order

    def _entries(self, card=None):
        return (card or self.card).crm_loyalty_entry_ids.sorted("id")

    def test_gold_earns_half_as_much_again_as_the_quotation_told(self):
        self._earn(1000, date(2026, 1, 5))
        order = self._order(100.01, confirm=False)
        self.assertEqual(order.coupon_point_ids.points, 150.02)
        with freeze_time("2026-03-02 04:00"):
            order.action_confirm()
        entry = self._entries()[-1]
        self.assertRecordValues(
            entry, [{"points": 150.02, "qualifying_points": 100.01}]
        )

    def test_multiplied_points_count_once_for_the_next_tier(self):
        self.silver.multiplier = 2
        self._earn(500, date(2026, 1, 5))
        self._order(400)
        self.assertEqual(self.card.points, 1300)
        self.assertEqual(self.card.crm_loyalty_qualifying_points, 900)
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)

    def test_the_order_that_reaches_a_tier_earns_what_the_tier_before_gives(self):
        self._order(1000)
        self.assertEqual(self.card.crm_loyalty_tier_id, self.gold)
        self.assertEqual(self.card.points, 1000)
        self._order(100)
        self.assertEqual(self.card.points, 1150)

    def test_a_customer_without_a_card_earns_once(self):
        bob = self.env["res.partner"].create({"name": "Bob"})
        order = self._order(100, bob)
        card = order.coupon_point_ids.coupon_id
        self.assertEqual(card.points, 100)
        self.assertEqual(card.crm_loyalty_tier_id, self.basic)

    def test_spend_is_what_the_order_comes_to(self):
        self.program.crm_loyalty_tier_basis = "spend"
        self._order(600)
        self.assertEqual(self.card.crm_loyalty_qualifying_spend, 600)
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)

    def test_an_order_that_is_cancelled_counts_no_more(self):
        order = self._order(600)
        with freeze_time("2026-03-05 04:00"):
            order.sudo()._action_cancel()  # a right that Odoo gives to managers
        self.assertEqual(self.card.points, 0)
        self.assertEqual(self.card.crm_loyalty_qualifying_points, 0)
        self.assertEqual(self.card.crm_loyalty_qualifying_spend, 0)
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)

    def test_an_order_confirmed_again_counts_again(self):
        order = self._order(600)
        with freeze_time("2026-03-05 04:00"):
            order.sudo()._action_cancel()  # a right that Odoo gives to managers
            order.sudo().action_draft()
            order.action_confirm()
        self.assertEqual(self.card.crm_loyalty_qualifying_points, 600)
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)

    def test_the_anniversary_of_the_first_order_gives_points_once_a_year(self):
        order = self._order(100)
        order.date_order = datetime(2024, 2, 28, 16, 0)  # 29 February in Shanghai
        rule = self.env["crm.loyalty.bonus.rule"].create(
            {
                "name": "A year with us",
                "program_id": self.program.id,
                "trigger": "first_order",
                "points": 25,
                "date_from": date(2024, 1, 1),
            }
        )
        for day, count in (
            ("2024-02-29", 0),
            ("2025-02-27", 0),
            ("2025-02-28", 1),
            ("2025-03-01", 0),
            ("2028-02-28", 0),
            ("2028-02-29", 1),
        ):
            with freeze_time(f"{day} 04:00"):
                self.assertEqual(len(rule._post_due()), count, day)

    def test_what_merged_customers_earned_counts_together(self):
        bob = self.env["res.partner"].create({"name": "Bob"})
        card = self._card(bob, date(2023, 5, 9))
        self._earn(600, date(2026, 3, 2))
        self._earn(500, date(2026, 3, 2), card)
        with freeze_time("2026-03-05 04:00"):
            self.env["base.partner.merge.automatic.wizard"]._merge(
                (self.ada | bob).ids, self.ada
            )
        self.env.invalidate_all()
        self.assertEqual(self.card.points, 1100)
        self.assertEqual(self.card.crm_loyalty_qualifying_points, 1100)
        self.assertEqual(self.card.crm_loyalty_tier_id, self.gold)
        self.assertEqual(self.card.crm_loyalty_member_since, date(2023, 5, 9))

    def test_what_was_never_looked_at_counts_what_a_posting_notes(self):
        """A program that gets tiers later qualifies its whole ledger at once."""
        self._earn(1000, date(2026, 1, 5))
        order = self._order(100.01)
        with freeze_time("2026-03-05 04:00"):
            order.sudo()._action_cancel()  # a right that Odoo gives to managers
            self.card._post_points(-10, "burn")
        names = ["qualifying_date", "qualifying_card_id", "qualifying_points"]
        names.append("qualifying_spend")
        entries = self._entries()
        noted = entries.read(names)
        self.assertEqual(
            entries.mapped("qualifying_points"), [1000, 100.01, -100.01, 0]
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_loyalty_entry SET qualifying_date = NULL, "
            "qualifying_card_id = NULL, qualifying_points = NULL, "
            "qualifying_spend = NULL WHERE card_id = %s",
            [self.card.id],
        )
        self.env.invalidate_all()
        # The next posting also qualifies the other entries.
        self._earn(1, date(2026, 3, 6))
        self.assertEqual(entries.read(names), noted)
        self.assertEqual(self.card.crm_loyalty_qualifying_points, 1001)
