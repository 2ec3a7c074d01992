"""Access to adjustments, and their approval limit."""

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestAdjustment(LedgerCase):
    def setUp(self):
        super().setUp()
        self.company.crm_loyalty_adjust_limit = 100
        self.card = self._card(50)

    def _adjust(self, points, user=None, reason="Complaint 17"):
        adjustment = (
            self.env["crm.loyalty.adjustment"]
            .with_user(user or self.adjuster)
            .create({"card_id": self.card.id, "points": points, "reason": reason})
        )
        adjustment.action_ask()
        return adjustment

    def test_an_adjustment_within_the_limit_is_posted_at_once_with_its_reason(self):
        adjustment = self._adjust(100)
        self.assertEqual((adjustment.state, self.card.points), ("done", 150))
        entry = adjustment.entry_id
        self.assertEqual(
            (entry.kind, entry.points, entry.reason, entry.user_id),
            ("adjust", 100, "Complaint 17", self.adjuster),
        )
        adjustment.action_ask()
        self.assertEqual(self.card.points, 150)
        self._assert_sound()

    def test_above_the_limit_a_second_person_approves(self):
        adjustment = self._adjust(100.01, self.approver)
        self.assertEqual((adjustment.state, self.card.points), ("waiting", 50))
        with self.assertRaisesRegex(UserError, "yourself"):
            adjustment.action_approve()
        with self.assertRaises(AccessError):
            adjustment.with_user(self.adjuster).action_approve()
        adjustment.with_user(self.manager).action_approve()
        self.assertEqual((adjustment.state, self.card.points), ("done", 150.01))
        self.assertEqual(adjustment.approver_id, self.manager)
        with self.assertRaisesRegex(UserError, "decided already"):
            adjustment.with_user(self.manager).action_approve()
        self.assertEqual(self.card.points, 150.01)

    def test_approvers_get_a_task_that_is_done_with_the_decision(self):
        adjustment = self._adjust(-500)
        self.assertEqual(
            adjustment.activity_ids.user_id & (self.approver | self.manager),
            self.approver | self.manager,
        )
        adjustment.with_user(self.approver).action_refuse()
        self.assertFalse(adjustment.activity_ids)
        self.assertEqual((adjustment.state, self.card.points), ("refused", 50))

    def test_approvers_are_asked_in_their_own_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.adjuster.lang = "zh_CN"
        self.approver.lang = "en_US"
        adjuster = self.adjuster.with_context(lang="zh_CN")
        adjustment = self._adjust(-1234.5, user=adjuster)
        task = adjustment.activity_ids.filtered(lambda a: a.user_id == self.approver)
        self.assertEqual(task.summary, "Approve -1,234.50 points")

    def test_the_limit_of_the_programme_goes_before_that_of_the_company(self):
        self.program.crm_loyalty_adjust_limit = 5
        self.assertEqual(self._adjust(6).state, "waiting")
        self.program.crm_loyalty_adjust_limit = 0
        self.assertEqual(self._adjust(6).state, "done")
        self.company.crm_loyalty_adjust_limit = 0
        self.assertEqual(self._adjust(10**6).state, "done")

    def test_what_was_asked_for_cannot_be_changed_or_deleted(self):
        adjustment = self._adjust(500)
        for attempt in (
            lambda: adjustment.write({"points": 50}),
            lambda: adjustment.write({"state": "done"}),
            lambda: adjustment.write({"user_id": self.manager.id}),
            lambda: adjustment.with_user(self.manager).write({"points": 5000}),
            lambda: adjustment.unlink(),
        ):
            with self.assertRaises(UserError):
                attempt()
        forged = (
            self.env["crm.loyalty.adjustment"]
            .with_user(self.adjuster)
            .create(
                {
                    "card_id": self.card.id,
                    "points": 500,
                    "reason": "x",
                    "state": "waiting",
                    "user_id": self.manager.id,
                }
            )
        )
        self.assertEqual((forged.state, forged.user_id), ("draft", self.adjuster))

    def test_an_adjustment_has_a_reason_and_points(self):
        for vals in ({"reason": "  "}, {"points": 0}):
            with self.assertRaises(ValidationError):
                self.env["crm.loyalty.adjustment"].create(
                    {"card_id": self.card.id, "points": 1, "reason": "x", **vals}
                )

    def test_nobody_takes_more_points_off_than_are_there(self):
        with self.assertRaisesRegex(UserError, "can be taken"):
            self._adjust(-51)

    def test_roles_see_adjust_and_write_as_far_as_they_go(self):
        for user, may_see, may_adjust in (
            (self.nobody, False, False),
            (self.seer, True, False),
            (self.adjuster, True, True),
        ):
            with self.subTest(user=user.login):
                card = self.card.with_user(user)
                if may_see:
                    self.assertTrue(card.crm_loyalty_entry_ids.points)
                else:
                    with self.assertRaises(AccessError):
                        card.crm_loyalty_entry_ids.read(["points"])
                if may_adjust:
                    card.points = 60
                    self.assertEqual(card.crm_loyalty_entry_ids[0].kind, "adjust")
                else:
                    with self.assertRaises(AccessError):
                        card.points = 60

    def test_a_direct_write_above_the_limit_needs_an_adjustment(self):
        card = self.card.with_user(self.manager)
        with self.assertRaisesRegex(UserError, "second person"):
            card.points = 1000
        with self.assertRaisesRegex(UserError, "second person"):
            card.create({"program_id": self.program.id, "points": 101})
        card.create({"program_id": self.program.id, "points": 100})
        self.assertEqual(self.card.points, 50)

    def test_the_history_is_not_written_by_people(self):
        history = self.env["loyalty.history"].with_user(self.manager)
        with self.assertRaises(AccessError):
            history.create({"card_id": self.card.id, "description": "x", "issued": 9})

    # Odoo's wizards

    def _update_balance(self, balance, user=None):
        wizard = Form(
            self.env["loyalty.card.update.balance"]
            .with_user(user or self.adjuster)
            .with_context(default_card_id=self.card.id)
        )
        wizard.new_balance = balance
        wizard.description = "Gift"
        return wizard.save()

    def test_the_balance_wizard_adjusts_by_the_difference(self):
        self._update_balance(70).action_update_card_point()
        entry = self.card.crm_loyalty_entry_ids[0]
        self.assertEqual(
            (entry.kind, entry.points, entry.reason), ("adjust", 20, "Gift")
        )
        history = self.card.history_ids
        # Customers read the history, so it leaves out the reason.
        self.assertEqual((history.issued, history.description), (20, "Adjusted"))

    def test_the_balance_wizard_does_not_undo_what_others_did_meanwhile(self):
        wizard = self._update_balance(70)
        self.card._post_points(-30, "burn")
        with self.assertRaisesRegex(UserError, "changed meanwhile"):
            wizard.action_update_card_point()
        self.assertEqual(self.card.points, 20)

    def test_the_balance_wizard_waits_for_approval_above_the_limit(self):
        action = self._update_balance(500).action_update_card_point()
        adjustment = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual((adjustment.state, adjustment.points), ("waiting", 450))
        self.assertEqual(self.card.points, 50)
        for balance in (-1, 50):
            with self.assertRaises(ValidationError):
                self._update_balance(balance).action_update_card_point()

    def test_generated_cards_open_with_a_bonus_and_its_reason(self):
        partner = self.card.partner_id.copy()
        cards = (
            self.env["loyalty.generate.wizard"]
            .with_user(self.manager)
            .create(
                {
                    "program_id": self.program.id,
                    "mode": "selected",
                    "customer_ids": [(6, 0, partner.ids)],
                    "points_granted": 30,
                    "description": "Opening of the shop",
                }
            )
            .generate_coupons()
        )
        entry = cards.crm_loyalty_entry_ids
        self.assertEqual(
            (entry.kind, entry.points, entry.reason),
            ("bonus", 30, "Opening of the shop"),
        )
        self._assert_sound()

    def test_cards_of_another_company_stay_out_of_sight(self):
        other = self.env["res.company"].create({"name": "Other"})
        program = self._program("Other club", company_id=other.id)
        card = self._card(10, program)
        entries = self.env["crm.loyalty.entry"].with_user(self.manager).search([])
        self.assertNotIn(card.crm_loyalty_entry_ids.id, entries.ids)
        self.assertIn(self.card.crm_loyalty_entry_ids.id, entries.ids)
        shared = self._card(
            10,
            self._program(
                "Shared club",
                company_id=False,
                currency_id=self.company.currency_id.id,
            ),
        )
        entries = self.env["crm.loyalty.entry"].with_user(self.seer).search([])
        self.assertIn(shared.crm_loyalty_entry_ids.id, entries.ids)
