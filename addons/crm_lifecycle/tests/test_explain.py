from datetime import date, timedelta
from unittest.mock import patch

from odoo.tests import tagged

from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestExplain(LifecycleCase):
    """Why a customer is where they are, and what would move them."""

    def setUp(self):
        super().setUp()
        self.startPatcher(
            patch.object(type(self.company), "_lifecycle_today", lambda company: TODAY)
        )

    def _explain(self, profile, **kwargs):
        return profile.with_user(self.salesperson)._explain(**kwargs)

    def _rules(self, profile, **kwargs):
        """``{stage: (holds, date)}`` of the rules that wait."""
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
        """Months differ in length; the run moves on the day that was told."""
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
        with self.assertQueryCount(12):
            profile._explain()

    def test_relative_dates_in_words(self):
        Profile = self.env["crm.lifecycle.profile"]
        for value, words in [
            ("today", "today"),
            ("today -90d", "90 days ago"),
            ("today -2w", "14 days ago"),
            ("today -1y -3d", "12 months + 3 days ago"),
            ("today +1m", "1 months ahead"),
            ("today =1d", "today =1d"),
        ]:
            self.assertEqual(Profile._get_relative_text(value), words)
        self.assertEqual(
            Profile._get_relative_text(str(date(2026, 3, 1))), "03/01/2026"
        )
