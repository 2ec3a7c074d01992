from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.tests.common import TODAY
from odoo.addons.crm_lifecycle.tests.thorough import THOROUGH, rounds

from .common import LoyaltyLifecycleCase

steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["earn", "earn", "spend", "tiers", "hand_over", "archive", "join", "late"]
        ),
        st.integers(0, 120),  # days since the previous step
        st.integers(0, 2),  # index of the card
        st.integers(1, 900),  # amount
        st.booleans(),  # whether a run follows
    ),
    min_size=5,
    max_size=15,
)


@tagged("post_install", "-at_install")
class TestLoyaltyFacts(LoyaltyLifecycleCase):
    """Points and tier of customers as of different days."""

    def test_a_customer_without_a_card_has_no_points_and_not_zero(self):
        profile = self._customer()
        [[points]] = self.env.execute_query(self._column(profile, "loyalty_points"))
        self.assertIsNone(points)
        self.assertFalse(profile.loyalty_tier_id)

    def _column(self, profile, name):
        return SQL(
            "SELECT %s FROM crm_lifecycle_profile WHERE id = %s",
            SQL.identifier(name),
            profile.id,
        )

    def test_the_cards_of_a_company_and_its_contacts_add_up(self):
        profile = self._customer("Acme", is_company=True)
        bob = self._partner("Bob", parent_id=profile.partner_id.id)
        self._points(self._card(profile.partner_id), 1000, days_ago=3)
        card = self._card(bob)
        self._points(card, 50, days_ago=2)
        self._points(card, -20, days_ago=1, kind="burn")
        self._run()
        self.assertEqual(profile.loyalty_points, 1030)
        self.assertEqual(profile.loyalty_tier_id, self.gold)

    def test_a_day_counts_what_had_happened_by_its_end(self):
        partner = self._partner()
        self._lead(days_ago=9, partner_id=partner.id)
        self._points(self._card(partner), 1000, days_ago=1)
        for days_ago, points, tier in (
            (2, 0, self.env["crm.loyalty.tier"]),
            (1, 1000, self.gold),
            (0, 1000, self.gold),
        ):
            self._run(TODAY - timedelta(days=days_ago))
            profile = self._profile(partner)
            self.assertEqual(profile.loyalty_points, points, days_ago)
            self.assertEqual(profile.loyalty_tier_id, tier, days_ago)

    def test_points_of_another_company_do_not_count_and_shared_ones_do(self):
        profile = self._customer()
        other = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids |= other
        foreign = self._card(profile.partner_id, self._program(company_id=other.id))
        everywhere = self._program(
            company_id=False, currency_id=self.company.currency_id.id
        )
        shared = self._card(profile.partner_id, everywhere)
        self._points(foreign, 7)
        self._points(shared, 5)
        self._run()
        self.assertEqual(profile.loyalty_points, 5)

    def test_coupons_and_wallets_are_no_points(self):
        profile = self._customer()
        wallet = self.env["loyalty.program"].create(
            {
                "name": "Wallet",
                "program_type": "ewallet",
                "applies_on": "future",
                "company_id": self.company.id,
            }
        )
        self._points(self._card(profile.partner_id, wallet), 99)
        self._run()
        self.assertFalse(profile.loyalty_points)

    def test_an_archived_card_counts_no_more(self):
        profile = self._customer()
        card = self._card(profile.partner_id)
        self._points(card, 100)
        self._run()
        card.action_archive()
        self._run()
        self.assertFalse(profile.loyalty_points)

    def test_a_rule_moves_gold_customers_and_names_the_tier(self):
        profile = self._customer()
        self._rule(
            self.customer, [("loyalty_tier_id", "in", self.gold.ids)], self.prospect
        )
        self._run()
        self.assertEqual(profile.stage_id, self.prospect)
        self._points(self._card(profile.partner_id), 1000)
        self._run()
        self.assertEqual(profile.stage_id, self.customer)
        move = profile.history_ids.sorted("id")[-1]
        self.assertIn("Gold", move.explanation)

    def test_contacts_are_searched_by_their_tier(self):
        profile = self._customer()
        self._points(self._card(profile.partner_id), 1000)
        self._run()
        found = (
            self.env["res.partner"]
            .with_user(self.leader)
            .search([("lifecycle_loyalty_tier_id", "=", self.gold.id)])
        )
        self.assertEqual(found, profile.partner_id)
        self.assertEqual(found.lifecycle_loyalty_points, 1000)

    def test_the_smart_button_opens_the_cards_of_the_customer(self):
        profile = self._customer()
        card = self._card(profile.partner_id)
        action = profile.action_open_loyalty_cards()
        self.assertEqual(self.env["loyalty.card"].search(action["domain"]), card)

    # Incremental equals full

    @settings(
        max_examples=rounds(15, 500),
        deadline=None,
        derandomize=not THOROUGH,
        suppress_health_check=list(HealthCheck),
    )
    @given(steps)
    def test_incremental_runs_end_where_a_full_rebuild_ends(self, year):
        with self.env.cr.savepoint() as savepoint:
            self._live(year)
            savepoint.rollback()
        self.env.invalidate_all()

    def _live(self, year):
        partners = self.env["res.partner"].browse()
        for name in ("A", "B", "C"):
            partners |= self._customer(name).partner_id
        self.cards = self.env["loyalty.card"].union(*map(self._card, partners))
        self._age(TODAY)
        day = TODAY
        for operation, gap, who, amount, run in year:
            day += timedelta(days=gap)
            with freeze_time(f"{day} 12:00"):
                getattr(self, f"_do_{operation}")(
                    self.cards[who % len(self.cards)], partners, amount, day
                )
            if run:
                self._age(day)
        self._age(day)
        incremental = self._snapshot(partners)
        run = self._run(day, full=True)
        self.assertEqual(run.refreshed_count, 0, "a full rebuild changed facts")
        self.assertEqual(self._snapshot(partners), incremental)

    def _do_earn(self, card, partners, amount, day):
        card._post_points(amount, "earn")

    def _do_spend(self, card, partners, amount, day):
        card._post_points(-min(amount, card.crm_loyalty_points_available), "burn")

    def _do_late(self, card, partners, amount, day):
        """Post points with a date in the future."""
        card._post_points(amount, "bonus", date=day + timedelta(days=amount % 30))

    def _do_tiers(self, card, partners, amount, day):
        self.program._evaluate_tiers(day)

    def _do_hand_over(self, card, partners, amount, day):
        card.partner_id = partners[amount % 3]

    def _do_archive(self, card, partners, amount, day):
        card.active = not card.active

    def _do_join(self, card, partners, amount, day):
        self.cards |= self.env["loyalty.card"].create(
            {
                "partner_id": partners[amount % 3].id,
                "program_id": self.program.id,
                "crm_loyalty_member_since": day + timedelta(days=amount % 30),
            }
        )

    def _age(self, day):
        """Run, then backdate all rows."""
        self._run(day)
        for table, column in (
            ("loyalty_card", "write_date"),
            ("loyalty_program", "write_date"),
            ("crm_loyalty_tier", "write_date"),
            ("crm_loyalty_entry", "create_date"),
            ("crm_loyalty_tier_history", "create_date"),
            ("crm_lead", "write_date"),
            ("res_partner", "write_date"),
            ("mail_message", "write_date"),
        ):
            self.env.cr.execute(f"UPDATE {table} SET {column} = '2020-01-01'")
        self.env.invalidate_all()

    def _snapshot(self, partners):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT partner_id, loyalty_points, loyalty_tier_id "
            "FROM crm_lifecycle_profile WHERE partner_id = ANY(%s) ORDER BY 1",
            [partners.ids],
        )
        return self.env.cr.fetchall()
