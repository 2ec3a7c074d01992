from datetime import date, datetime
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from .common_tier import TierCase


@tagged("post_install", "-at_install")
class TestTier(TierCase):
    """Reaching, keeping and losing a tier, day by day."""

    def _tiers(self, card=None):
        """Return the changes of a card, oldest first: ``[(day, from, to, kind)]``."""
        return [
            (row.date, row.from_tier_id.name, row.to_tier_id.name, row.kind)
            for row in (card or self.card).crm_loyalty_tier_history_ids.sorted("id")
        ]

    # Up

    def test_a_member_without_points_is_in_the_tier_of_threshold_0(self):
        self._evaluate(date(2026, 3, 2))
        self.assertRecordValues(
            self.card,
            [
                {
                    "crm_loyalty_tier_id": self.basic.id,
                    "crm_loyalty_tier_since": date(2026, 3, 2),
                    "crm_loyalty_tier_until": False,
                    "crm_loyalty_next_tier_id": self.silver.id,
                    "crm_loyalty_points_needed": 500,
                    "crm_loyalty_date_needed": date(2026, 12, 31),
                    "crm_loyalty_tier_progress": 0,
                }
            ],
        )

    def test_a_tier_is_reached_with_its_threshold_and_not_one_point_before(self):
        self._earn(499, date(2026, 3, 2))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)
        self._earn(1, date(2026, 3, 2))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)

    @freeze_time("2026-03-02 12:00")
    def test_a_posting_brings_the_card_up_at_once(self):
        self.card._post_points(500, "earn")
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)
        self.assertEqual(self.card.crm_loyalty_tier_until, date(2027, 12, 31))

    def test_two_tiers_at_once_are_one_change(self):
        self._earn(1200, date(2026, 3, 2))
        self.assertEqual(self._tiers(), [(date(2026, 3, 2), False, "Gold", "up")])
        self.assertEqual(
            self.card.crm_loyalty_next_tier_id, self.env["crm.loyalty.tier"]
        )
        self.assertEqual(self.card.crm_loyalty_tier_progress, 100)

    def test_spent_expired_and_adjusted_points_change_no_tier(self):
        self._earn(600, date(2026, 3, 2))
        self.card._post_points(-300, "burn", date=date(2026, 3, 3))
        self.card._post_points(5000, "adjust", date=date(2026, 3, 3), reason="sorry")
        self._evaluate(date(2026, 3, 4))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)
        self.assertEqual(self.card.crm_loyalty_qualifying_points, 600)

    def test_points_needed_count_from_what_the_period_has(self):
        self._earn(600, date(2026, 3, 2))
        self.assertEqual(self.card.crm_loyalty_points_needed, 400)
        self.assertEqual(self.card.crm_loyalty_tier_progress, 60)

    # Calendar years

    def test_a_tier_holds_to_the_end_of_the_next_year_and_not_a_day_longer(self):
        self._earn(1000, date(2025, 12, 31))
        self.assertEqual(self.card.crm_loyalty_tier_until, date(2026, 12, 31))
        self._evaluate(date(2026, 12, 31))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.gold)
        self._evaluate(date(2027, 1, 1))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)
        self.assertEqual(self._tiers()[-1], (date(2027, 1, 1), "Gold", "Basic", "down"))

    def test_a_year_that_earns_it_again_keeps_the_tier(self):
        self._earn(1000, date(2025, 6, 1))
        self._earn(1000, date(2026, 6, 1))
        self.assertEqual(self.card.crm_loyalty_tier_until, date(2027, 12, 31))
        self._evaluate(date(2027, 1, 1))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.gold)
        self.assertEqual(len(self._tiers()), 1)

    def test_a_year_that_earns_less_leads_to_the_tier_that_it_earns(self):
        self._earn(1000, date(2025, 6, 1))
        self._earn(600, date(2026, 6, 1))
        self.assertEqual(self.card.crm_loyalty_tier_keep_needed, 400)
        self._evaluate(date(2027, 1, 1))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)
        self.assertEqual(self.card.crm_loyalty_tier_until, date(2027, 12, 31))

    def test_a_job_that_did_not_run_for_weeks_comes_to_the_same(self):
        self._earn(1000, date(2025, 6, 1))
        self._earn(600, date(2026, 6, 1))
        self._evaluate(date(2027, 3, 9))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)

    # Grace days

    def test_grace_days_keep_the_tier_and_end(self):
        self.program.crm_loyalty_tier_grace_days = 30
        self._earn(1000, date(2025, 6, 1))
        self.assertEqual(self.card.crm_loyalty_tier_until, date(2027, 1, 30))
        self._evaluate(date(2027, 1, 30))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.gold)
        self._evaluate(date(2027, 1, 31))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)

    def test_what_is_earned_in_the_grace_days_saves_the_tier(self):
        self.program.crm_loyalty_tier_grace_days = 30
        self._earn(1000, date(2025, 6, 1))
        self._earn(900, date(2026, 6, 1))
        self._evaluate(date(2027, 1, 1))
        self.assertEqual(self.card.crm_loyalty_tier_keep_needed, 100)
        self._earn(100, date(2027, 1, 30))
        self.assertEqual(self.card.crm_loyalty_tier_until, date(2028, 1, 30))
        self._evaluate(date(2027, 1, 31))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.gold)

    def test_what_is_earned_after_the_grace_days_saves_nothing(self):
        self.program.crm_loyalty_tier_grace_days = 30
        self._earn(1000, date(2025, 6, 1))
        self._earn(900, date(2026, 6, 1))
        self._earn(100, date(2027, 1, 31))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)

    def test_grace_days_raise_nobody(self):
        self.program.crm_loyalty_tier_grace_days = 30
        self._earn(900, date(2026, 6, 1))
        self._earn(100, date(2027, 1, 10))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)
        self.assertEqual(self.card.crm_loyalty_tier_until, date(2028, 1, 30))

    # Years of membership

    def test_a_year_of_membership_starts_on_its_anniversary(self):
        self.program.crm_loyalty_tier_period = "anniversary"
        self._earn(400, date(2026, 5, 8))
        self._earn(400, date(2026, 5, 9))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)
        self.assertEqual(self.card.crm_loyalty_qualifying_points, 400)
        self._earn(100, date(2027, 5, 8))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)
        self.assertEqual(self.card.crm_loyalty_tier_until, date(2028, 5, 8))

    def test_a_member_since_29_february_loses_the_tier_on_28_february(self):
        self.program.crm_loyalty_tier_period = "anniversary"
        card = self._card(
            self.env["res.partner"].create({"name": "Leap"}), date(2024, 2, 29)
        )
        self._earn(500, date(2025, 2, 27), card)
        self.assertEqual(card.crm_loyalty_tier_until, date(2026, 2, 27))
        self._evaluate(date(2026, 2, 27), card)
        self.assertEqual(card.crm_loyalty_tier_id, self.silver)
        self._evaluate(date(2026, 2, 28), card)
        self.assertEqual(card.crm_loyalty_tier_id, self.basic)

    # Last 12 months

    def test_twelve_months_hold_a_tier_as_long_as_they_suffice(self):
        self.program.crm_loyalty_tier_period = "rolling"
        self._earn(300, date(2025, 3, 10))
        self._earn(300, date(2025, 6, 1))
        self.assertEqual(self.card.crm_loyalty_tier_until, date(2026, 3, 9))
        self.assertEqual(self.card.crm_loyalty_tier_keep_needed, 200)
        self._evaluate(date(2026, 3, 9))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)
        self._evaluate(date(2026, 3, 10))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)

    def test_twelve_months_and_grace_days(self):
        self.program.write(
            {"crm_loyalty_tier_period": "rolling", "crm_loyalty_tier_grace_days": 10}
        )
        self._earn(500, date(2025, 3, 10))
        self._evaluate(date(2026, 3, 19))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)
        self._evaluate(date(2026, 3, 20))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)

    def test_twelve_months_from_29_february(self):
        self.program.crm_loyalty_tier_period = "rolling"
        self._earn(500, date(2024, 2, 29))
        self._evaluate(date(2025, 2, 27))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)
        self._evaluate(date(2025, 2, 28))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)

    # Returns

    def test_a_return_that_makes_the_difference_drops_the_tier_at_once(self):
        entry = self._earn(500, date(2026, 3, 2))
        self._take_back(entry, 100, date(2026, 3, 9))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)
        self.assertEqual(
            self._tiers()[-1], (date(2026, 3, 9), "Silver", "Basic", "reversal")
        )

    def test_a_return_that_leaves_enough_changes_nothing(self):
        entry = self._earn(600, date(2026, 3, 2))
        self._take_back(entry, 100, date(2026, 3, 9))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)
        self.assertEqual(self.card.crm_loyalty_qualifying_points, 500)

    def test_a_return_in_january_lowers_the_december_of_the_purchase(self):
        entry = self._earn(1000, date(2025, 12, 20))
        self._take_back(entry, 1000, date(2026, 1, 5))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)
        self.assertEqual(self.card.crm_loyalty_qualifying_points, 0)

    def test_a_small_return_in_the_grace_days_takes_no_tier_away(self):
        self.program.crm_loyalty_tier_grace_days = 30
        self._earn(1000, date(2025, 6, 1))
        entry = self._earn(100, date(2026, 6, 1))
        self._take_back(entry, 10, date(2027, 1, 10))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.gold)

    def test_points_that_were_spent_before_their_return_count_as_returned(self):
        self.program.crm_loyalty_negative_policy = "floor"
        entry = self._earn(500, date(2026, 3, 2))
        self.card._post_points(-450, "burn", date=date(2026, 3, 3))
        self._take_back(entry, 500, date(2026, 3, 9))
        self.assertEqual(self.card.points, 0)
        self.assertEqual(self.card.crm_loyalty_qualifying_points, 0)
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)

    # Changes of tiers

    def test_a_threshold_that_is_raised_waits_for_the_end_of_the_promise(self):
        self._earn(1000, date(2025, 6, 1))
        self.gold.threshold = 2000
        self._evaluate(date(2026, 3, 2))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.gold)
        self._evaluate(date(2027, 1, 1))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)

    def test_a_tier_that_is_archived_is_held_to_its_last_day(self):
        self._earn(1000, date(2025, 6, 1))
        self.gold.active = False
        self._evaluate(date(2026, 12, 31))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.gold)
        self._evaluate(date(2027, 1, 1))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)

    def test_tiers_that_come_later_count_what_was_earned_before(self):
        program = self._program(crm_loyalty_tier_ids=[])
        card = self._card(self.ada, program=program)
        card._post_points(700, "earn", date=date(2026, 2, 1))
        self.env["crm.loyalty.tier"].create(
            {"name": "VIP", "program_id": program.id, "threshold": 700}
        )
        program._evaluate_tiers(date(2026, 3, 2))
        self.assertEqual(card.crm_loyalty_tier_id.name, "VIP")

    def test_below_the_first_threshold_there_is_no_tier(self):
        self.basic.active = False
        entry = self._earn(500, date(2026, 3, 2))
        self._take_back(entry, 1, date(2026, 3, 3))
        self.assertFalse(self.card.crm_loyalty_tier_id)
        self.assertFalse(self.card.crm_loyalty_tier_since)
        self.assertEqual(self._tiers()[-1][2], False)

    def test_a_tier_with_a_history_is_archived_and_not_deleted(self):
        self._earn(500, date(2026, 3, 2))
        with self.assertRaisesRegex(UserError, "Silver.*Archive"):
            self.silver.with_user(self.configurator).unlink()
        self.gold.with_user(self.configurator).unlink()

    def test_only_programs_with_loyalty_cards_have_tiers(self):
        with self.assertRaisesRegex(ValidationError, "Promo.*members"):
            self._program(name="Promo", program_type="promotion")

    # Spend

    def test_spend_is_a_basis_of_its_own(self):
        self.program.crm_loyalty_tier_basis = "spend"
        entry = self._earn(50, date(2026, 3, 2))
        self.env.cr.execute(
            SQL(
                "UPDATE crm_loyalty_entry SET qualifying_spend = 700 WHERE id = %s",
                entry.id,
            )
        )
        self._evaluate(date(2026, 3, 2))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)
        self.assertEqual(self.card.crm_loyalty_spend_needed, 300)
        self.assertEqual(self.card.crm_loyalty_points_needed, 0)
        self._take_back(entry, 25, date(2026, 3, 3))
        self.assertEqual(self.card.crm_loyalty_qualifying_spend, 350)

    # Projection

    def test_the_projected_tier_goes_on_at_the_pace_of_the_last_year(self):
        self._earn(300, date(2025, 10, 1))
        self._earn(300, date(2026, 4, 1))
        # 600 in 365 days, 275 to go: 300 + 452
        self.assertEqual(self.card.crm_loyalty_projected_tier_id, self.silver)

    def test_a_new_member_is_not_gold_for_one_purchase(self):
        card = self._card(self.ada, date(2026, 11, 1), self._program(name="Two"))
        self._earn(100, date(2026, 11, 1), card)
        # 100 in 30 days at least, 60 to go: 100 + 200
        self.assertEqual(card.crm_loyalty_projected_tier_id.name, "Basic")

    # Jobs

    def test_a_second_run_on_a_day_finds_nothing_to_do(self):
        self._earn(1000, date(2025, 6, 1))
        self._evaluate(date(2027, 1, 1))
        before = self._tiers()
        self.assertFalse(self._evaluate(date(2027, 1, 1)))
        self.assertEqual(self._tiers(), before)

    def test_a_run_costs_the_same_queries_for_one_card_and_for_fifty(self):
        cards = self.env["loyalty.card"]
        for number in range(50):
            partner = self.env["res.partner"].create({"name": f"P{number}"})
            cards |= self._card(partner)
        cards._post_points(600, "earn", date=date(2026, 3, 2))
        self.env.flush_all()
        self.program._evaluate_tiers(date(2026, 3, 2))
        self.env.invalidate_all()
        with self.assertQueryCount(5):
            self.program._evaluate_tiers(date(2026, 12, 31))

    def test_the_cron_runs_every_program_with_tiers(self):
        self._earn(1000, date(2024, 6, 1))
        with self.enter_registry_test_mode(), freeze_time("2026-03-02"):
            self.env.ref("crm_loyalty.ir_cron_tiers").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)

    def test_shanghai_is_a_day_ahead_of_utc(self):
        self._earn(1000, date(2025, 6, 1))
        with freeze_time("2026-12-31 15:59:00"):
            self.program._evaluate_tiers()
        self.assertEqual(self.card.crm_loyalty_tier_id, self.gold)
        with freeze_time("2026-12-31 16:00:00"):
            self.program._evaluate_tiers()
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)

    def test_a_member_joins_on_the_day_of_the_company(self):
        with patch.object(self.env.cr, "now", lambda: datetime(2026, 3, 1, 16, 30)):
            card = self.env["loyalty.card"].create(
                {"partner_id": self.ada.id, "program_id": self.program.id}
            )
        self.env.flush_all()
        self.assertEqual(card.crm_loyalty_member_since, date(2026, 3, 2))

    def test_an_archived_card_stays_as_it_is(self):
        self._earn(1000, date(2025, 6, 1))
        self.card.action_archive()
        self.program._evaluate_tiers(date(2027, 1, 1))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.gold)
        self.card.action_unarchive()
        self.program._evaluate_tiers(date(2027, 1, 2))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)

    # Preview and tasks

    def test_the_preview_tells_who_loses_a_tier_on_which_day(self):
        self._earn(1000, date(2025, 6, 1))
        self._earn(600, date(2026, 6, 1))
        first, last = date(2027, 1, 1), date(2027, 1, 31)
        self.assertEqual(
            self.program._preview_downgrades(first, last),
            [(date(2027, 1, 1), self.card, self.gold, self.silver, 400)],
        )
        self.assertFalse(
            self.program._preview_downgrades(date(2026, 12, 1), date(2026, 12, 31))
        )
        self.assertFalse(self.program._preview_downgrades(date(2027, 1, 2), last))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.gold)

    def test_the_preview_is_what_the_job_does_then(self):
        for number, (then, now) in enumerate([(1000, 0), (1000, 700), (500, 499)]):
            partner = self.env["res.partner"].create({"name": f"P{number}"})
            card = self._card(partner)
            self._earn(then, date(2025, 6, 1), card)
            if now:
                self._earn(now, date(2026, 6, 1), card)
        preview = self.program._preview_downgrades(date(2027, 1, 1), date(2027, 1, 1))
        self.assertEqual(len(preview), 3)
        self.program._evaluate_tiers(date(2027, 1, 1))
        for _day, card, _tier, after, _missing in preview:
            self.assertEqual(card.crm_loyalty_tier_id, after)

    def test_a_task_comes_once_for_a_customer_about_to_lose_a_tier(self):
        self.ada.user_id = self.reader
        self._earn(1000, date(2025, 6, 1))
        self.assertFalse(self.program._schedule_downgrade_warnings(date(2026, 12, 1)))
        task = self.program._schedule_downgrade_warnings(date(2026, 12, 2))
        self.assertRecordValues(
            task,
            [
                {
                    "res_id": self.ada.id,
                    "user_id": self.reader.id,
                    "date_deadline": date(2026, 12, 31),
                    "summary": "Ada loses Gold",
                }
            ],
        )
        self.assertIn("1,000", task.note)
        self.assertFalse(self.program._schedule_downgrade_warnings(date(2026, 12, 2)))
        task.action_done()
        self.assertFalse(self.program._schedule_downgrade_warnings(date(2026, 12, 3)))

    def test_another_promise_is_warned_of_again(self):
        self.program.crm_loyalty_tier_user_id = self.configurator
        self._earn(1000, date(2025, 6, 1))
        self.program._schedule_downgrade_warnings(date(2026, 12, 20))
        self._earn(1000, date(2026, 12, 21))
        self.assertFalse(self.program._schedule_downgrade_warnings(date(2026, 12, 22)))
        self.assertEqual(
            self.program._schedule_downgrade_warnings(date(2027, 12, 20)).user_id,
            self.configurator,
        )

    # Prices

    def test_a_tier_brings_its_prices_and_takes_them_along(self):
        self.env.user.group_ids |= self.env.ref("product.group_product_pricelist")
        _usual, prices = self.env["product.pricelist"].create(
            [{"name": "Usual", "sequence": 1}, {"name": "Gold prices", "sequence": 99}]
        )
        self.gold.pricelist_id = prices
        colleague = self.env["res.partner"].create(
            {"name": "Bob", "parent_id": self.ada.id}
        )
        self.assertNotEqual(self.ada.property_product_pricelist, prices)
        self._earn(1000, date(2025, 6, 1))
        self.assertEqual(self.ada.property_product_pricelist, prices)
        self.assertEqual(colleague.property_product_pricelist, prices)
        self.assertFalse(self.ada.specific_property_product_pricelist)
        self._evaluate(date(2027, 1, 1))
        self.assertNotEqual(self.ada.property_product_pricelist, prices)

    def test_prices_that_were_chosen_by_hand_come_first(self):
        self.env.user.group_ids |= self.env.ref("product.group_product_pricelist")
        prices, own = self.env["product.pricelist"].create(
            [{"name": "Gold prices"}, {"name": "Ada's"}]
        )
        self.gold.pricelist_id = prices
        self._earn(1000, date(2025, 6, 1))
        self.ada.specific_property_product_pricelist = own
        self.assertEqual(self.ada.property_product_pricelist, own)

    # Companies and roles

    def test_another_company_has_its_own_tiers(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids |= other
        program = self._program(company_id=other.id)
        card = self._card(self.ada, program=program)
        self._earn(1000, date(2025, 6, 1))
        program._evaluate_tiers(date(2026, 3, 2))
        self.assertEqual(card.crm_loyalty_tier_id.name, "Basic")
        stranger = self._user("stan", "crm_loyalty.group_points_user", other)
        env = self.env(user=stranger, context={"allowed_company_ids": other.ids})
        History = env["crm.loyalty.tier.history"]
        self.assertEqual(History.search([]).company_id, other)
        self.assertNotIn(self.gold, env["crm.loyalty.tier"].search([]))

    def test_who_sees_points_changes_no_ladder(self):
        with self.assertRaises(AccessError):
            self.gold.with_user(self.reader).threshold = 1
        self.gold.with_user(self.configurator).threshold = 900
        with self.assertRaises(AccessError):
            self.program.with_user(self.reader).action_evaluate_tiers()
        self.program.with_user(self.configurator).action_evaluate_tiers()

    def test_who_sees_points_sees_the_preview(self):
        self._earn(1000, date(2025, 6, 1))
        with freeze_time("2026-12-20 12:00"):
            action = self.program.with_user(self.reader).action_preview_downgrades()
        lines = self.env["crm.loyalty.tier.preview"].browse(action["res_id"]).line_ids
        self.assertRecordValues(
            lines,
            [{"card_id": self.card.id, "to_tier_id": self.basic.id, "missing": 1000}],
        )

    def test_nobody_changes_the_history_of_tiers(self):
        self._earn(1000, date(2025, 6, 1))
        row = self.card.crm_loyalty_tier_history_ids
        for change in (
            lambda: row.write({"value": 1}),
            row.unlink,
            lambda: row.create({"card_id": self.card.id}),
        ):
            with self.assertRaises(UserError):
                change()

    def test_a_program_without_tiers_asks_nothing_more_on_a_posting(self):
        program = self._program(crm_loyalty_tier_ids=[Command.clear()])
        card = self._card(self.ada, program=program)
        self.env["loyalty.program"]._get_tier_program_ids()
        with patch.object(type(program), "_evaluate_tiers", side_effect=AssertionError):
            card._post_points(10, "earn")
