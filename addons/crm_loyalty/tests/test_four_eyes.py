"""Points by hand above the limit need the approval of a second person."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import TODAY, LedgerCase


@tagged("post_install", "-at_install")
class TestFourEyes(LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.crm_loyalty_adjust_limit = 1000
        cls.other = cls._user("oth", "crm_loyalty.group_points_adjuster")
        cls.bonus = cls.env["crm.loyalty.bonus.rule"].create(
            {
                "name": "Sorry",
                "program_id": cls.program.id,
                "trigger": "manual",
                "points": 900,
            }
        )

    def setUp(self):
        super().setUp()
        self.card = self._card()

    def _draft(self, points, user=None, card=None, **vals):
        return (
            self.env["crm.loyalty.adjustment"]
            .with_user(user or self.adjuster)
            .create(
                {
                    "card_id": (card or self.card).id,
                    "points": points,
                    "reason": "Complaint 17",
                    **vals,
                }
            )
        )

    def _ask(self, points, user=None, card=None):
        adjustment = self._draft(points, user, card)
        adjustment.action_ask()
        return adjustment

    def _grant(self, user=None, rule=None, card=None):
        wizard = (
            self.env["crm.loyalty.bonus.grant"]
            .with_user(user or self.adjuster)
            .create(
                {
                    "card_id": (card or self.card).id,
                    "rule_id": (rule or self.bonus).id,
                    "reason": "Late",
                }
            )
        )
        action = wizard.action_grant()
        if action.get("res_model") == "crm.loyalty.adjustment":
            return self.env["crm.loyalty.adjustment"].browse(action["res_id"])
        return None

    def _get_changes(self):
        return self.env["crm.loyalty.limit.change"].search(
            [("user_id", "=", self.manager.id)]
        )

    # Drafts belong to their author

    def test_only_the_author_edits_a_draft(self):
        draft = self._draft(5)
        other_card = self._card()
        for user in (self.approver, self.manager, self.other):
            for vals in (
                {"points": 9000},
                {"card_id": other_card.id},
                {"reason": "Else"},
                {"kind": "bonus"},
            ):
                with self.assertRaises(AccessError), self.env.cr.savepoint():
                    draft.with_user(user).write(vals)
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                draft.with_user(user).action_ask()
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                draft.with_user(user).unlink()
        self.assertRecordValues(
            draft, [{"points": 5, "card_id": self.card.id, "state": "draft"}]
        )
        draft.with_user(self.adjuster).points = 6
        draft.with_user(self.adjuster).unlink()
        self.assertFalse(draft.exists())

    def test_an_import_does_not_edit_the_drafts_of_others(self):
        draft = self._draft(5)
        result = (
            self.env["crm.loyalty.adjustment"]
            .with_user(self.approver)
            .load([".id", "points"], [[str(draft.id), "9000"]])
        )
        self.assertIn("Complaint 17", result["messages"][0]["message"])
        self.assertEqual(draft.points, 5)

    def test_who_asked_and_edited_is_written_by_code_alone(self):
        draft = self._draft(5, user=self.approver)
        Adjustment = self.env["crm.loyalty.adjustment"].with_user(self.approver)
        names = ("user_id", "editor_id", "asker_id", "approver_id")
        for name in names:
            with self.assertRaises(UserError):
                draft.write({name: self.manager.id})
        vals = {"card_id": self.card.id, "points": 5, "reason": "x"}
        forged = {name: self.manager.id for name in names}
        forged |= {"bonus_rule_id": self.bonus.id, "bonus_occasion": "once"}
        foreign = self.env["res.company"].create({"name": "Foreign"})
        forged |= {"company_id": foreign.id, "state": "waiting"}
        defaults = {f"default_{name}": value for name, value in forged.items()}
        for adjustment in (
            Adjustment.create({**vals, **forged}),
            Adjustment.with_context(**defaults).create(vals),
            Adjustment.browse(
                Adjustment.load(
                    ["card_id/.id", "points", "reason", "user_id/.id"],
                    [[str(self.card.id), "5", "x", str(self.manager.id)]],
                )["ids"]
            ),
            self._draft(5).with_user(self.approver).copy(),
        ):
            self.assertRecordValues(
                adjustment,
                [
                    {
                        "user_id": self.approver.id,
                        "editor_id": self.approver.id,
                        "asker_id": False,
                        "approver_id": False,
                        "bonus_rule_id": False,
                        "company_id": self.company.id,
                        "state": "draft",
                    }
                ],
            )

    def test_who_edited_or_asked_does_not_approve(self):
        draft = self._draft(2000)
        draft.with_user(self.adjuster).action_ask()
        self.assertEqual(draft.asker_id, self.adjuster)
        for name in ("editor_id", "asker_id", "user_id"):
            other = draft.sudo()
            other.write(dict.fromkeys(("editor_id", "asker_id"), self.adjuster.id))
            other.write({name: self.approver.id})
            self.env.flush_all()
            self.assertFalse(draft.with_user(self.approver).can_approve)
            with self.assertRaisesRegex(UserError, "second person"):
                draft.with_user(self.approver).action_approve()
            other.write({"user_id": self.adjuster.id})
        self.assertEqual(self.card.points, 0)

    def test_code_that_edits_with_more_rights_is_noted_as_the_last_editor(self):
        draft = self._draft(5)
        draft.with_user(self.approver).sudo().points = 2000
        draft.with_user(self.adjuster).action_ask()
        with self.assertRaisesRegex(UserError, "second person"):
            draft.with_user(self.approver).action_approve()
        draft.with_user(self.manager).action_approve()
        self.assertEqual(self.card.points, 2000)

    # The limit is a sum

    def test_the_limit_counts_what_was_given_in_30_days(self):
        self.assertEqual(self._ask(900).state, "done")
        self.assertEqual(self._ask(100.01).state, "waiting")
        self.assertEqual(self._ask(100).state, "done")
        self.assertEqual(self._ask(0.01).state, "waiting")
        self.assertEqual(self.card.points, 1000)

    def test_points_that_are_taken_count_as_those_given(self):
        self.assertEqual(self._ask(600).state, "done")
        self.assertEqual(self._ask(-400).state, "done")
        self.assertEqual(self._ask(-1).state, "waiting")

    def test_each_person_and_each_card_has_its_own_sum(self):
        self._ask(1000)
        self.assertEqual(self._ask(1000, self.other).state, "done")
        self.assertEqual(self._ask(1000, card=self._card()).state, "done")
        self.assertEqual(self._ask(1).state, "waiting")

    def test_the_days_roll_with_the_day_of_the_company(self):
        self._ask(1000)
        self._on(29)
        self.assertEqual(self._ask(1).state, "waiting")
        self._on(30)
        self.assertEqual(self._ask(1000).state, "done")
        # In Kiritimati the day begins 14 hours before UTC.
        self.company.crm_loyalty_tz = "Pacific/Kiritimati"
        self._on(TODAY + timedelta(days=60 - 1))
        self.assertEqual(self._ask(1).state, "done")

    def test_what_was_approved_counts_for_its_author(self):
        waiting = self._ask(2000)
        waiting.with_user(self.approver).action_approve()
        self.assertEqual(self._ask(1).state, "waiting")
        # The points don't count for the approver.
        self.assertEqual(self._ask(1000, self.approver).state, "done")

    def test_no_limit_is_no_limit(self):
        self.company.crm_loyalty_adjust_limit = 0
        for _i in range(2):
            self.assertEqual(self._ask(10**6).state, "done")

    # Every way counts

    def _ways(self):
        """Return ``{name: function}`` of ways to give 600 points by hand."""
        self.bonus.points = 600
        wizard = self.env["loyalty.card.update.balance"]

        def balance():
            form = Form(
                wizard.with_user(self.manager).with_context(
                    default_card_id=self.card.id
                )
            )
            form.new_balance = self.card.points + 600
            form.description = "Gift"
            form.save().action_update_card_point()

        def write():
            card = self.card.with_user(self.manager)
            card.points += 600

        def load():
            self.env["loyalty.card"].with_user(self.manager).load(
                [".id", "points"], [[str(self.card.id), str(self.card.points + 600)]]
            )

        def reinstate():
            earned = self.card._post_points(
                600, "earn", expiration_date=TODAY - timedelta(days=1)
            )
            self.card._expire_points()
            expiry = self.card.crm_loyalty_entry_ids.filtered(
                lambda e: e.kind == "expire" and e.id > earned.id
            )
            expiry.with_user(self.manager)._reinstate(False, "Kindness")

        return {
            "adjustment": lambda: self._ask(600, self.manager),
            "bonus": lambda: self._grant(self.manager),
            "balance": balance,
            "write": write,
            "import": load,
            "reinstate": reinstate,
        }

    def test_every_way_by_hand_counts_for_every_other(self):
        for first in self._ways():
            for second in self._ways():
                with self.subTest(first=first, second=second):
                    self.card = self._card()
                    ways = self._ways()
                    ways[first]()
                    self.assertEqual(self.card.points, 600)
                    try:
                        with self.env.cr.savepoint():
                            ways[second]()
                    except UserError as error:
                        self.assertIn("second person", str(error))
                    self.env.invalidate_all()
                    self.assertEqual(self.card.points, 600)
        self._assert_sound()

    def test_a_card_that_is_made_with_points_counts(self):
        card = (
            self.env["loyalty.card"]
            .with_user(self.manager)
            .create({"program_id": self.program.id, "points": 600})
        )
        self.assertEqual(self._ask(401, self.manager, card).state, "waiting")
        wizard = (
            self.env["loyalty.generate.wizard"]
            .with_user(self.manager)
            .create(
                {
                    "program_id": self.program.id,
                    "mode": "selected",
                    "customer_ids": [Command.set(self.card.partner_id.ids)],
                    "points_granted": 600,
                }
            )
        )
        card = wizard.generate_coupons()
        self.assertEqual(self._ask(401, self.manager, card).state, "waiting")

    def test_what_orders_and_jobs_post_counts_for_no_one(self):
        self.card._post_points(5000, "earn")
        self.card.sudo().points += 5000
        self.assertEqual(self._ask(1000).state, "done")

    def test_cards_of_merged_customers_count_together(self):
        first, second = self.card, self._card()
        third = self._card()
        self._ask(500)
        self._ask(-500)
        self._ask(400, card=third)
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        # The emptied card has nothing left to transfer.
        merge._merge((first | second).partner_id.ids, second.partner_id)
        self.assertRecordValues(
            first, [{"active": False, "crm_loyalty_merged_into_id": second.id}]
        )
        self.assertEqual(self._ask(1, card=second).state, "waiting")
        merge._merge((second | third).partner_id.ids, third.partner_id)
        self.assertEqual(first.crm_loyalty_merged_into_id, third)
        self.assertEqual(self._ask(1, card=third).state, "waiting")
        self.assertEqual(self._ask(1000, self.other, third).state, "done")
        with self.assertRaises(AccessError):
            third.with_user(self.manager).crm_loyalty_merged_into_id = first

    # Points that move with their card

    def test_a_card_with_more_points_than_the_limit_is_not_given_away(self):
        other = self._card().partner_id
        self.card._post_points(1000, "earn")
        self.card.with_user(self.adjuster).partner_id = other
        card = self._card()
        card._post_points(1001, "earn")
        with self.assertRaisesRegex(UserError, "second person"):
            card.with_user(self.adjuster).partner_id = other

    def test_a_card_with_points_stays_in_its_program(self):
        dear = self._program("Dear")
        self.card._post_points(1001, "earn")
        with self.assertRaisesRegex(UserError, "second person"):
            self.card.with_user(self.manager).program_id = dear

    # Bonuses by hand

    def test_a_bonus_above_the_limit_waits_and_is_posted_as_that_bonus(self):
        self.bonus.write({"manual_period": "month", "is_qualifying": True})
        self._ask(200)
        waiting = self._grant()
        self.assertRecordValues(
            waiting,
            [
                {
                    "kind": "bonus",
                    "points": 900,
                    "state": "waiting",
                    "user_id": self.adjuster.id,
                    "bonus_rule_id": self.bonus.id,
                    "reason": "Late",
                }
            ],
        )
        with self.assertRaisesRegex(UserError, "waits for approval"):
            self._grant()
        waiting.with_user(self.approver).action_approve()
        self.assertRecordValues(
            waiting.entry_id,
            [
                {
                    "kind": "bonus",
                    "points": 900,
                    "reason": "Sorry: Late",
                    "key": f"bonus:{self.bonus.id}:2026-03",
                    "source_model": "crm.loyalty.bonus.rule",
                    "source_id": self.bonus.id,
                    "manual_user_id": self.adjuster.id,
                }
            ],
        )
        with self.assertRaisesRegex(UserError, "in this period already"):
            self._grant(self.other)

    def test_a_bonus_that_was_given_meanwhile_is_not_approved(self):
        self.bonus.manual_period = "month"
        self._ask(200)
        waiting = self._grant()
        self._grant(self.other)
        with self.assertRaisesRegex(UserError, "in this period already"):
            waiting.with_user(self.approver).action_approve()
        waiting.with_user(self.approver).action_refuse()
        self.assertEqual(self.card.points, 1100)

    def test_bonuses_of_any_period_add_up(self):
        self.assertIsNone(self._grant())
        first, second = self._grant(), self._grant()
        self.assertEqual((first | second).mapped("state"), ["waiting", "waiting"])
        (first | second).with_user(self.approver).action_approve()
        self.assertEqual(self.card.points, 2700)

    # Changes of the limit

    def test_who_raises_the_limit_keeps_the_former_one_for_30_days(self):
        program = self.program.with_user(self.manager)
        program.crm_loyalty_adjust_limit = 100_000
        self.assertEqual(self._ask(1001, self.manager).state, "waiting")
        self.assertEqual(self._ask(1001).state, "done")
        self.assertRecordValues(
            self._get_changes(),
            [
                {
                    "program_id": self.program.id,
                    "user_id": self.manager.id,
                    "date": TODAY,
                    "old_limit": 1000,
                    "new_limit": 100_000,
                }
            ],
        )
        self._on(29)
        self.assertEqual(self._ask(1001, self.manager).state, "waiting")
        self._on(30)
        self.assertEqual(self._ask(1001, self.manager).state, "done")

    def test_raising_it_step_by_step_makes_no_difference(self):
        self.company.with_user(self.manager).sudo().crm_loyalty_adjust_limit = 0
        self.program.with_user(self.manager).crm_loyalty_adjust_limit = 100_000
        self.assertEqual(self._ask(1001, self.manager).state, "waiting")

    def test_a_new_program_with_a_limit_of_its_own_is_no_way_around(self):
        program = (
            self.env["loyalty.program"]
            .with_user(self.manager)
            .create(
                {
                    "name": "Generous",
                    "program_type": "loyalty",
                    "applies_on": "both",
                    "company_id": self.company.id,
                    "crm_loyalty_adjust_limit": 10**6,
                }
            )
        )
        card = self._card(program=program)
        self.assertEqual(self._ask(1001, self.manager, card).state, "waiting")
        self.assertEqual(self._ask(1001, card=card).state, "done")

    def test_changes_of_limits_are_kept(self):
        self.program.with_user(self.manager).crm_loyalty_adjust_limit = 5
        change = self._get_changes().with_user(self.manager)
        for attempt in (
            lambda: change.write({"old_limit": 10**6}),
            change.unlink,
            lambda: change.create({"user_id": self.manager.id, "date": TODAY}),
        ):
            with self.assertRaises(UserError):
                attempt()
        with self.assertRaises(UserError):
            change.sudo().unlink()

    def test_a_program_of_all_companies_has_the_lowest_limit_of_the_users(self):
        lax = self.env["res.company"].create({"name": "Lax"})
        self.adjuster.company_ids |= lax
        program = self._program(
            "Shared", company_id=False, currency_id=self.company.currency_id.id
        )
        card = self._card(program=program)
        adjustment = self._draft(
            1001, self.adjuster.with_company(lax), card
        ).with_context(allowed_company_ids=lax.ids)
        adjustment.action_ask()
        self.assertEqual(adjustment.state, "waiting")
