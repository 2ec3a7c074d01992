from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestHistory(LifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile = cls._customer()
        cls.rule = cls._rule(cls.engaged, [("open_lead_count", ">", 0)])
        cls._run()
        cls.row = cls.profile.history_ids.sorted("id")[-1]

    def test_a_row_tells_rule_facts_and_time(self):
        self.assertRecordValues(
            self.row,
            [
                {
                    "profile_id": self.profile.id,
                    "partner_id": self.profile.partner_id.id,
                    "company_id": self.company.id,
                    "lifecycle_id": self.lifecycle.id,
                    "from_stage_id": self.prospect.id,
                    "to_stage_id": self.engaged.id,
                    "date": TODAY,
                    "origin": "rule",
                    "rule_id": self.rule.id,
                    "user_id": False,
                    "reason": "to Engaged",
                    "days_in_from_stage": 0,
                }
            ],
        )
        self.assertEqual(self.row.facts, {"open_lead_count": 1})
        self.assertEqual(self.row.explanation, "to Engaged (Open leads: 1)")

    def test_a_start_is_one_row_with_the_stages_on_the_way(self):
        first = self._customer("Second").history_ids
        self.assertRecordValues(
            first,
            [
                {
                    "from_stage_id": False,
                    "to_stage_id": self.engaged.id,
                    "date": TODAY,
                    "origin": "start",
                    "rule_id": self.rule.id,
                    "user_id": False,
                    "is_baseline": False,  # first seen after the activation
                    "passed_stages": [self.prospect.id],
                }
            ],
        )
        self.assertEqual(
            first.explanation, "to Engaged (Open leads: 1), through Prospect"
        )

    def test_nobody_writes_or_deletes_a_row(self):
        users = [
            self.salesperson,
            self.leader,
            self.manager,
            self.env.ref("base.user_admin"),
        ]
        for user in users:
            row = self.row.with_user(user)
            with self.subTest(user=user.login):
                with self.assertRaises(UserError):
                    row.write({"reason": "never happened"})
                with self.assertRaises(UserError):
                    row.unlink()
                with self.assertRaises(UserError):
                    row.create({"origin": "manual", "company_id": self.company.id})
                with self.assertRaises(UserError):
                    row.copy()

    def test_the_superuser_is_refused_too(self):
        with self.assertRaises(UserError):
            self.row.sudo().write({"reason": "never happened"})
        with self.assertRaises(UserError):
            self.row.sudo().unlink()
        with self.assertRaises(UserError):
            self.profile.sudo().write({"history_ids": [(2, self.row.id, 0)]})

    def test_reasons_without_a_rule_are_told_in_the_readers_language(self):
        """Jobs have no language: stored reasons are translated when they are read."""
        self.env["res.lang"]._activate_lang("zh_CN")
        first = self.profile.history_ids.sorted("id")[0]
        self.assertEqual(first.explanation, "Enters the lifecycle")
        chinese = first.with_context(lang="zh_CN")
        self.assertNotEqual(chinese.explanation, "Enters the lifecycle")

    def test_history_outlives_rule_and_profile(self):
        self.rule.unlink()
        self.profile.unlink()
        self.assertTrue(self.row.exists())
        self.assertEqual(self.row.explanation, "to Engaged (Open leads: 1)")
        self.assertTrue(self.row.partner_id)

    def test_history_outlives_the_contact(self):
        lead = self.profile.partner_id.opportunity_ids
        lead.unlink()
        self.profile.partner_id.unlink()
        self.assertFalse(self.profile.exists())
        self.assertTrue(self.row.exists())
        self.assertFalse(self.row.partner_id)

    def test_a_stage_with_a_past_is_not_deleted(self):
        with self.assertRaisesRegex(UserError, "Engaged"):
            self.engaged.unlink()
        with self.assertRaisesRegex(UserError, "history"):
            self.lifecycle.unlink()
        self.lost.unlink()

    def test_time_in_stages_comes_from_the_history(self):
        profile = self.profile
        profile._lifecycle_move(
            self.customer, origin="rule", as_of=TODAY.replace(day=12)
        )
        seconds = profile.duration_tracking
        self.assertEqual(seconds[str(self.engaged.id)], 10 * 86400)

    def test_time_in_stages_shows_in_a_form_being_edited(self):
        """Regression: a click in the status bar ended in a server error."""
        view = "crm_lifecycle.crm_lifecycle_profile_view_form"
        with Form(self.profile.with_user(self.salesperson), view=view) as form:
            form.stage_id = self.customer
        self.assertEqual(self.profile.stage_id, self.customer)
