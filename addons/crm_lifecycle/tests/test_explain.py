from datetime import date, timedelta
from unittest.mock import patch

from odoo.tests import tagged

from ..profile.formatter import ConditionFormatter
from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestExplain(LifecycleCase):
    """Why a customer is in a stage, and what would move them."""

    def setUp(self):
        super().setUp()
        self.startPatcher(
            patch.object(type(self.company), "_lifecycle_today", lambda company: TODAY)
        )

    def _explain(self, profile, **kwargs):
        return profile.with_user(self.salesperson)._explain(**kwargs)

    def _rules(self, profile, **kwargs):
        """Return ``{stage: (holds, date)}`` of the rules that wait."""
        return {
            item["stage"].code: (item["holds"], item["date"])
            for item in self._explain(profile, **kwargs)["rules"]
        }

    def test_the_last_move_tells_why(self):
        rule = self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        profile = self._customer()
        why = self._explain(profile)["why"]
        self.assertEqual(why.rule_id, rule)
        self.assertEqual(why.date, TODAY)
        self.assertIn("Open leads: 1", why.explanation)

    def test_a_date_condition_tells_its_day(self):
        self._rule(self.risk, [("first_seen_date", "<=", "today -90d")])
        profile = self._customer()
        day = TODAY + timedelta(days=90)
        self.assertEqual(self._rules(profile), {"risk": (False, day)})
        self.assertEqual(self._rules(profile, as_of=day), {"risk": (True, None)})
        before = day - timedelta(days=1)
        self.assertEqual(self._rules(profile, as_of=before), {"risk": (False, day)})

    def test_what_is_told_comes_true(self):
        """Months differ in length; the run moves on the day that was predicted."""
        self._rule(self.risk, [("first_seen_date", "<=", "today -3m")])
        profile = self._customer()
        [[_holds, day]] = self._rules(profile).values()
        self._run(day - timedelta(days=1))
        self.assertEqual(profile.stage_id, self.prospect)
        self._run(day)
        self.assertEqual(profile.stage_id, self.risk)

    def test_all_of_several_conditions(self):
        self._rule(
            self.risk,
            [
                ("first_seen_date", "<=", "today -30d"),
                ("last_contact_date", "=", False),
                ("won_count", ">", 0),
            ],
        )
        profile = self._customer()
        [item] = self._explain(profile)["rules"]
        self.assertEqual((item["holds"], item["date"]), (False, None))
        leaves = item["conditions"]["children"]
        self.assertEqual(
            [(leaf["holds"], leaf["date"]) for leaf in leaves],
            [(False, TODAY + timedelta(days=30)), (True, None), (False, None)],
        )
        self.assertEqual(
            [leaf["text"] for leaf in leaves],
            [
                "First seen on or before 30 days ago",
                "Last contact: not known",
                "Won leads more than 0",
            ],
        )
        self.assertEqual(leaves[2]["value"], "0")

    def test_one_of_several_conditions(self):
        self._rule(
            self.risk,
            ["|", ("won_count", ">", 0), ("first_seen_date", "<=", "today -30d")],
        )
        profile = self._customer()
        [item] = self._explain(profile)["rules"]
        self.assertEqual(item["date"], TODAY + timedelta(days=30))
        self.assertEqual(item["conditions"]["operator"], "|")

    def test_days_in_the_stage_and_pins_hold_rules_up(self):
        self._rule(self.risk, [("open_lead_count", ">", 0)], min_days=10)
        profile = self._customer()
        self.assertEqual(
            self._rules(profile), {"risk": (False, TODAY + timedelta(days=10))}
        )
        profile.pinned_until = TODAY + timedelta(days=20)
        explained = self._explain(profile)
        self.assertEqual(explained["pinned_until"], TODAY + timedelta(days=20))
        self.assertEqual(
            self._rules(profile), {"risk": (False, TODAY + timedelta(days=21))}
        )

    def test_a_pin_of_yesterday_is_none(self):
        profile = self._customer()
        profile.pinned_until = TODAY - timedelta(days=1)
        self.assertFalse(self._explain(profile)["pinned_until"])

    def test_only_rules_out_of_the_stage(self):
        self._rule(self.lost, [("won_count", ">", 5)], self.risk)
        self._rule(self.engaged, [("won_count", ">", 5)], self.prospect, active=False)
        self.assertFalse(self._explain(self._customer())["rules"])

    def test_branches_within_branches_keep_apart(self):
        """A or (B and C) is not “one of A, B, C”."""
        self._rule(
            self.risk,
            [
                "|",
                ("won_count", ">", 0),
                "&",
                ("first_seen_date", "<=", "today"),
                ("first_seen_date", "<=", "today -30d"),
            ],
        )
        profile = self._customer()
        [item] = self._explain(profile)["rules"]
        either = item["conditions"]
        self.assertEqual(either["operator"], "|")
        alone, both = either["children"]
        self.assertEqual((alone["holds"], alone["date"]), (False, None))
        self.assertEqual(both["operator"], "&")
        day = TODAY + timedelta(days=30)
        self.assertEqual((both["holds"], both["date"]), (False, day))
        self.assertEqual([leaf["holds"] for leaf in both["children"]], [True, False])
        words = profile.explanation
        self.assertLess(words.index("One of:"), words.index("All of:"))

    def test_a_condition_that_is_not_to_hold(self):
        self._rule(self.risk, ["!", ("first_seen_date", ">", "today -30d")])
        [item] = self._explain(self._customer())["rules"]
        leaf = item["conditions"]
        self.assertEqual(leaf["text"], "not: First seen after 30 days ago")
        day = TODAY + timedelta(days=30)
        self.assertEqual((leaf["holds"], leaf["date"]), (False, day))
        self.assertEqual(item["date"], day)

    def test_conditions_on_records_in_words(self):
        country = self.env.ref("base.cn")
        tag = self.env["res.partner.category"].create({"name": "VIP"})
        profile = self._customer(category_id=tag.ids, country_id=country.id)
        self._rule(
            self.risk,
            [
                ("partner_id.category_id", "any", [("name", "ilike", "VIP")]),
                ("partner_id.country_id", "in", [False, country.id]),
                ("partner_id.category_id.name", "=", "VIP"),
            ],
        )
        [item] = self._explain(profile)["rules"]
        self.assertEqual(
            [
                (leaf["text"], leaf["value"], leaf["holds"])
                for leaf in item["conditions"]["children"]
            ],
            [
                ("Customer → Tags: one with Name contains VIP", "VIP", True),
                ("Customer → Country is one of: not known, China", "China", True),
                ("Customer → Tags → Name is VIP", "VIP", True),
            ],
        )

    def test_the_day_on_which_the_stay_is_long_enough(self):
        self._rule(self.risk, [("open_lead_count", ">", 0)], min_days=10)
        profile = self._customer()
        day = TODAY + timedelta(days=10)
        [item] = self._explain(profile)["rules"]
        self.assertEqual((item["days"], item["days_date"]), (10, day))
        self.assertTrue(item["conditions"]["holds"])
        self.assertEqual(self._rules(profile, as_of=day), {"risk": (True, None)})

    def test_what_the_policy_refuses_is_told(self):
        profile = self._customer()
        self._rule(self.customer, [("open_lead_count", ">", 0)])
        self.lifecycle.skip_policy = "forbid"
        [item] = self._explain(profile)["rules"]
        self.assertTrue(item["holds"])
        self.assertIn("Still missing: Engaged", item["refused"])
        self.assertIn("the lifecycle refuses the move", profile.explanation)
        self._run()
        self.assertEqual(profile.stage_id, self.prospect)

    def test_a_way_back_tells_the_decision_that_it_needs(self):
        profile = self._customer()
        profile.stage_id = self.risk
        self._rule(self.customer, [("open_lead_count", ">", 0)], self.risk)
        self.lifecycle.regress_policy = "decision"
        [item] = self._explain(profile)["rules"]
        self.assertIn("Reinvest", item["refused"])
        profile.decision = "reinvest"
        [item] = self._explain(profile)["rules"]
        self.assertFalse(item["refused"])

    def test_stages_that_are_filled_in_are_told(self):
        profile = self._customer()
        self._rule(self.customer, [("open_lead_count", ">", 0)])
        self.lifecycle.skip_policy = "fill"
        [item] = self._explain(profile)["rules"]
        self.assertEqual((item["refused"], item["through"]), ("", ["Engaged"]))

    def test_the_first_rule_that_holds_comes_first(self):
        profile = self._customer()
        first = self._rule(self.engaged, [("open_lead_count", ">", 0)], sequence=1)
        self._rule(self.risk, [("open_lead_count", ">", 0)], self.prospect, sequence=2)
        items = self._explain(profile)["rules"]
        self.assertEqual([item["after"] for item in items], [first.browse(), first])
        self.assertIn("an earlier rule comes first", profile.explanation)
        self._run()
        self.assertEqual(profile.stage_id, self.engaged)

    def test_nobody_is_moved_back_on_the_same_day(self):
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        profile = self._customer()
        self.assertEqual(profile.stage_id, self.engaged)
        self._rule(self.prospect, [("open_lead_count", ">", 0)], self.engaged)
        [item] = self._explain(profile)["rules"]
        self.assertTrue(item["is_back"])
        self.assertIn("moves tomorrow", profile.explanation)
        [item] = self._explain(profile, as_of=TODAY + timedelta(days=1))["rules"]
        self.assertFalse(item["is_back"])

    def test_another_lifecycle_that_takes_over_is_told(self):
        profile = self._customer()
        self.assertFalse(self._explain(profile)["goes_to"])
        other = self.lifecycle.copy({"name": "Leads at once", "sequence": 1})
        other.domain = "[('open_lead_count', '>', 0)]"
        other.write({"state": "active", "activation_date": "2026-01-01"})
        self.assertEqual(self._explain(profile)["goes_to"], other)
        profile.pinned_until = TODAY
        self.assertFalse(self._explain(profile)["goes_to"])
        profile.pinned_until = TODAY - timedelta(days=1)
        self._run()
        self.assertEqual(profile.lifecycle_id, other)

    def test_the_first_of_several_lifecycles_keeps_its_customers(self):
        profile = self._customer()
        other = self.lifecycle.copy({"name": "For the others", "sequence": 99})
        other.write({"state": "active", "activation_date": "2026-01-01"})
        self.assertFalse(self._explain(profile)["goes_to"])
        self.lifecycle.domain = "[('open_lead_count', '>', 0)]"
        self.assertFalse(self._explain(profile)["goes_to"])
        self.lifecycle.domain = "[('open_lead_count', '>', 1)]"
        self.assertEqual(self._explain(profile)["goes_to"], other)

    def test_a_lifecycle_that_does_not_run_is_told(self):
        profile = self._customer()
        self.lifecycle.action_archive()
        self.assertIn("not active", self._explain(profile)["stopped"])

    def test_a_rule_on_a_fact_that_is_gone_does_not_break_the_form(self):
        rule = self._rule(self.risk, [("won_count", ">", 0)])
        profile = self._customer()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_lifecycle_rule SET domain = %s WHERE id = %s",
            ["[('fact_of_an_addon', '>', 0)]", rule.id],
        )
        rule.invalidate_recordset()
        [item] = self._explain(profile)["rules"]
        self.assertIn("fact_of_an_addon", item["error"])
        self.assertIn("fact_of_an_addon", profile.explanation)

    def test_words_in_the_form(self):
        self._rule(self.risk, [("first_seen_date", "<=", "today -90d")])
        profile = self._customer().with_user(self.salesperson)
        self.assertIn("First seen on or before 90 days ago", profile.explanation)
        self.assertIn("05/31/2026", profile.explanation)
        self.assertFalse(self.env["crm.lifecycle.profile"].new({}).explanation)

    def test_names_are_shown_as_text(self):
        self._rule(self.risk, [("won_count", ">", 5)], name="<b>Bold</b>")
        explanation = self._customer().explanation
        self.assertIn("&lt;b&gt;Bold&lt;/b&gt;", explanation)

    def test_one_look_however_many_rules(self):
        for index in range(6):
            self._rule(self.risk, [("first_seen_date", "<=", f"today -{90 + index}d")])
        profile = self._customer()
        profile._explain()
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(17):
            profile._explain()

    def test_relative_dates_in_words(self):
        words_of = ConditionFormatter(self.env["crm.lifecycle.profile"])
        for value, words in [
            ("today", "today"),
            ("today -90d", "90 days ago"),
            ("today -2w", "14 days ago"),
            ("today -1y -3d", "12 months + 3 days ago"),
            ("today +1m", "1 month ahead"),
            ("today -1d", "1 day ago"),
            ("today =1d", "today =1d"),
        ]:
            self.assertEqual(words_of.format_relative_date(value), words)
        self.assertEqual(
            words_of.format_relative_date(str(date(2026, 3, 1))), "03/01/2026"
        )
