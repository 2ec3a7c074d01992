from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestRuleTest(LifecycleCase):
    """Rules and lifecycles tested on one customer, without writing anything."""

    def setUp(self):
        super().setUp()
        self.startPatcher(
            patch.object(type(self.company), "_lifecycle_today", lambda company: TODAY)
        )

    def test_a_rule_that_is_not_saved_tells_what_it_would_do(self):
        profile = self._customer()
        Rule = self.env["crm.lifecycle.rule"].with_user(self.manager)
        count = Rule.search_count([])
        form = Form(Rule.with_context(default_lifecycle_id=self.lifecycle.id))
        form.name = "New"
        form.to_stage_id = self.engaged
        form.domain = "[('won_count', '>', 0)]"
        form.test_profile_id = profile
        self.assertIn("Won leads more than 0", form.test_result)
        self.assertIn("Not by the passing of time", form.test_result)
        form.domain = "[('open_lead_count', '>', 0)]"
        self.assertIn("Holds: moves with the next run", form.test_result)
        self.assertEqual(Rule.search_count([]), count)
        self.assertEqual(profile.stage_id, self.prospect)

    def test_conditions_that_cannot_be_used_are_told_in_the_result(self):
        rule = self._rule(self.engaged, [])
        form = Form(rule.with_user(self.manager))
        form.test_profile_id = self._customer()
        form.domain = "[('no_such_fact', '>', 0)]"
        self.assertIn("no_such_fact", form.test_result)
        form.domain = "[('won_count'"
        self.assertIn("be used", form.test_result)

    def test_a_customer_in_another_stage_is_asked_all_the_same(self):
        rule = self._rule(self.lost, [("open_lead_count", ">", 0)], self.risk)
        rule.min_days = 5
        form = Form(rule.with_user(self.manager))
        form.test_profile_id = self._customer()
        self.assertIn("in no stage that this rule leaves", form.test_result)
        self.assertIn("03/07/2026", form.test_result)

    def test_testing_a_rule_makes_no_version(self):
        rule = self._rule(self.engaged, [])
        version = self.lifecycle.version
        with Form(rule.with_user(self.manager)) as form:
            form.test_profile_id = self._customer()
        self.assertEqual(self.lifecycle.version, version)

    def _test(self, lifecycle, profile, **values):
        return (
            self.env["crm.lifecycle.test"]
            .with_user(self.manager)
            .create({"lifecycle_id": lifecycle.id, "profile_id": profile.id, **values})
        )

    def test_a_draft_lifecycle_tells_where_the_customer_would_enter(self):
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        self._rule(self.lost, [("first_seen_date", "<=", "today -9d")], self.engaged)
        profile = self._customer()
        self.assertEqual(profile.stage_id, self.engaged)
        draft = self.lifecycle.copy()
        draft.domain = "[('won_count', '>', 0)]"
        test = self._test(draft, profile)
        self.assertEqual(test.stage_id.lifecycle_id, draft)
        self.assertEqual(test.stage_id.code, "engaged")
        self.assertIn("to Lost", test.result)
        self.assertNotIn("to Engaged", test.result)
        self.assertIn("Won leads more than 0", test.result)
        self.assertIn("as if Ada entered", test.result)
        test.stage_id = draft.stage_ids[0]
        self.assertIn("to Engaged", test.result)
        self.assertEqual(profile.lifecycle_id, self.lifecycle)

    def test_a_day_to_come_may_be_asked(self):
        self._rule(self.lost, [("first_seen_date", "<=", "today -9d")])
        profile = self._customer()
        test = self._test(self.lifecycle, profile)
        self.assertIn("If nothing happens, on", test.result)
        test.as_of = TODAY + timedelta(days=9)
        self.assertIn("Holds: moves with the next run", test.result)

    def test_a_pinned_customer_is_told(self):
        profile = self._customer()
        profile.pinned_until = TODAY
        self.assertIn("Pinned", self._test(self.lifecycle, profile).result)

    def test_a_salesperson_may_not_test(self):
        with self.assertRaises(AccessError):
            self.env["crm.lifecycle.test"].with_user(self.salesperson).create(
                {"lifecycle_id": self.lifecycle.id}
            )

    def test_customers_of_a_company_that_one_may_not_see_stay_hidden(self):
        other = self.env["res.company"].create({"name": "Other"})
        profile = self.env["crm.lifecycle.profile"].create(
            {
                "partner_id": self._partner("Zoe", company_id=False).id,
                "company_id": other.id,
            }
        )
        rule = self._rule(self.engaged, []).with_user(self.manager)
        with self.assertRaises(AccessError):
            rule.new({"test_profile_id": profile.id}, origin=rule).test_result  # noqa: B018
