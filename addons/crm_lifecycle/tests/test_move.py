from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestMove(LifecycleCase):
    def test_salesperson_moves_a_customer_by_hand(self):
        profile = self._customer()
        profile.with_user(self.salesperson).write({"stage_id": self.engaged.id})
        row = profile.history_ids.sorted("id")[-1]
        self.assertRecordValues(
            row,
            [
                {
                    "from_stage_id": self.prospect.id,
                    "to_stage_id": self.engaged.id,
                    "origin": "manual",
                    "user_id": self.salesperson.id,
                    "rule_id": False,
                    "lifecycle_version": 1,
                }
            ],
        )
        self.assertEqual(profile.stage_id, self.engaged)
        self.assertEqual(profile.stage_date, self.company._lifecycle_today())

    def test_the_reason_given_is_kept(self):
        profile = self._customer()
        profile.with_user(self.salesperson).with_context(
            lifecycle_reason="Called, will buy"
        ).stage_id = self.engaged
        self.assertEqual(
            profile.history_ids.sorted("id")[-1].reason, "Called, will buy"
        )

    def test_the_same_stage_again_is_no_move(self):
        profile = self._customer()
        profile.stage_id = self.prospect
        self.assertEqual(len(profile.history_ids), 1)

    def test_refused_skip_names_the_missing_stages(self):
        self.lifecycle.skip_policy = "forbid"
        profile = self._customer("Bright Ltd")
        with self.assertRaisesRegex(UserError, "Bright Ltd.*Customer.*Engaged"):
            profile.with_user(self.salesperson).stage_id = self.customer
        self.assertEqual(profile.stage_id, self.prospect)
        profile.stage_id = self.engaged
        profile.stage_id = self.customer
        self.assertEqual(profile.stage_id, self.customer)

    def test_stages_beside_the_ladder_skip_nothing(self):
        self.lifecycle.skip_policy = "forbid"
        profile = self._customer()
        profile.stage_id = self.risk
        self.assertEqual(profile.stage_id, self.risk)
        with self.assertRaisesRegex(UserError, "Engaged"):
            profile.stage_id = self.customer

    def test_filling_passes_through_the_missing_stages(self):
        self.lifecycle.skip_policy = "fill"
        profile = self._customer()
        profile.stage_id = self.customer
        self.assertEqual(
            self._moves(profile),
            [
                (None, "prospect", "start"),
                ("prospect", "engaged", "manual"),
                ("engaged", "customer", "manual"),
            ],
        )
        self.assertEqual(profile.history_ids.sorted("id")[-1].days_in_from_stage, 0)

    def test_a_way_back_needs_a_decision(self):
        self.lifecycle.regress_policy = "decision"
        profile = self._customer()
        profile.stage_id = self.risk
        with self.assertRaisesRegex(UserError, "Reinvest"):
            profile.stage_id = self.engaged
        with self.assertRaisesRegex(UserError, "Let go"):
            profile.stage_id = self.lost
        profile.decision = "reinvest"
        profile.stage_id = self.engaged
        self.assertEqual(profile.stage_id, self.engaged)

    def test_decline_forgets_the_last_decision(self):
        profile = self._customer()
        profile.decision = "reinvest"
        profile.stage_id = self.risk
        self.assertFalse(profile.decision)

    def test_a_stage_of_another_lifecycle_is_refused(self):
        other = self.lifecycle.copy()
        profile = self._customer()
        with self.assertRaisesRegex(UserError, "own lifecycle"):
            profile.stage_id = other.stage_ids[0]

    def test_no_stage_is_no_stage_to_move_to(self):
        profile = self._customer()
        with self.assertRaisesRegex(UserError, "Choose the stage"):
            profile.stage_id = False

    def test_a_pinned_customer_stays(self):
        self._rule(self.engaged, [("open_lead_count", ">", 0)])
        partner = self._partner()
        self._lead(partner_id=partner.id)
        self._run()
        profile = self._profile(partner)
        profile.stage_id = self.prospect
        profile.pinned_until = TODAY + timedelta(days=1)
        self._run(TODAY + timedelta(days=1))
        self.assertEqual(profile.stage_id, self.prospect)
        self._run(TODAY + timedelta(days=2))
        self.assertEqual(profile.stage_id, self.engaged)

    def test_a_pinned_customer_moves_by_hand(self):
        profile = self._customer()
        profile.pinned_until = TODAY
        profile.with_user(self.salesperson).stage_id = self.engaged
        self.assertEqual(profile.stage_id, self.engaged)

    def test_a_move_loses_to_the_one_before_it(self):
        """Compare and swap: customers who moved meanwhile are not moved."""
        profile = self._customer()
        profile.stage_id = self.customer
        moved = profile._lifecycle_move(
            self.engaged, origin="rule", from_stage=self.prospect, as_of=TODAY
        )
        self.assertFalse(moved)
        self.assertEqual(profile.stage_id, self.customer)

    def test_facts_are_not_written_by_hand(self):
        profile = self._customer().with_user(self.salesperson)
        for name, value in [
            ("won_count", 7),
            ("stage_date", "2020-01-01"),
            ("company_id", self.env.ref("base.main_company").id),
            ("lifecycle_id", False),
        ]:
            with self.subTest(name=name), self.assertRaises(UserError):
                profile.write({name: value})

    def test_a_context_from_outside_opens_no_way_around(self):
        """Nothing that RPC sends as context is accepted as the pass of the writer."""
        profile = self._customer().with_user(self.salesperson)
        with self.assertRaises(UserError):
            profile.with_context(lifecycle_writer=True).write({"won_count": 7})

    def test_others_customers_are_not_moved(self):
        profile = self._customer(user_id=self.colleague.id)
        self.assertEqual(profile.user_id, self.colleague)
        with self.assertRaises(AccessError):
            profile.with_user(self.salesperson).stage_id = self.engaged
        profile.with_user(self.leader).stage_id = self.engaged
        self.assertEqual(profile.stage_id, self.engaged)

    def test_a_customer_added_by_hand_enters_the_lifecycle(self):
        partner = self._partner("Walk-in")
        profile = (
            self.env["crm.lifecycle.profile"]
            .with_user(self.salesperson)
            .create({"partner_id": partner.id, "company_id": self.company.id})
        )
        self.assertEqual(profile.stage_id, self.prospect)
        self._run(self.company._lifecycle_today())
        self.assertTrue(profile.active)
        self.assertTrue(profile.is_manual)

    def test_a_customer_can_be_added_into_a_stage(self):
        partner = self._partner()
        profile = (
            self.env["crm.lifecycle.profile"]
            .with_user(self.salesperson)
            .create(
                {
                    "partner_id": partner.id,
                    "company_id": self.company.id,
                    "stage_id": self.customer.id,
                }
            )
        )
        self.assertEqual(
            self._moves(profile),
            [(None, "prospect", "start"), ("prospect", "customer", "manual")],
        )

    def test_follow_up_counts_from_the_stay_or_the_last_contact(self):
        self.engaged.follow_up_days = 3
        profile = self._customer()
        self.assertFalse(profile.follow_up_date)
        profile.stage_id = self.engaged
        today = self.company._lifecycle_today()
        self.assertEqual(profile.follow_up_date, today + timedelta(days=3))
        profile._lifecycle_move(self.prospect, origin="rule", as_of=TODAY, quiet=True)
        self.assertFalse(profile.follow_up_date)
        profile._lifecycle_move(self.engaged, origin="rule", as_of=today, quiet=True)
        self.assertEqual(profile.follow_up_date, today + timedelta(days=3))
        self.engaged.follow_up_days = 5
        self.assertEqual(profile.follow_up_date, today + timedelta(days=5))
        self.engaged.follow_up_days = 0
        self.assertFalse(profile.follow_up_date)

    def test_the_wizard_moves_several_with_a_reason(self):
        profiles = self._customer("Ada") | self._customer("Bob")
        wizard = (
            self.env["crm.lifecycle.profile.move"]
            .with_user(self.salesperson)
            .with_context(active_model="crm.lifecycle.profile", active_ids=profiles.ids)
            .create({"stage_id": self.engaged.id, "reason": "Met at the fair"})
        )
        self.assertEqual(wizard.lifecycle_ids, self.lifecycle)
        wizard.action_move()
        for profile in profiles:
            row = profile.history_ids.sorted("id")[-1]
            self.assertEqual(row.reason, "Met at the fair")
            self.assertEqual(row.user_id, self.salesperson)
