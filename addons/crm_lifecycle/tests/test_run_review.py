from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from ..run import evaluate, review
from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestRunReview(LifecycleCase):
    """Which customers a run evaluates."""

    def _asked(self, *args, **kwargs):
        """Start a run; return it and the customers that it evaluated."""
        seen = []
        original = evaluate.defer_to_tomorrow

        def note(session, lifecycles):
            session.env.cr.execute("SELECT profile_id FROM lifecycle_review")
            seen.extend(row[0] for row in session.env.cr.fetchall())
            return original(session, lifecycles)

        with patch.object(evaluate, "defer_to_tomorrow", note):
            run = self._run(*args, **kwargs)
        return run, self.env["crm.lifecycle.profile"].browse(seen)

    def test_only_those_whose_day_has_come_are_asked(self):
        self._rule(self.risk, [("first_seen_date", "<=", "today -90d")])
        young, old = self._partner("Young"), self._partner("Old")
        self._lead(days_ago=10, partner_id=young.id)
        self._lead(days_ago=88, partner_id=old.id)
        self._run()
        young, old = self._profile(young), self._profile(old)
        self.assertEqual(old.review_date, TODAY + timedelta(days=2))
        self.assertEqual(young.review_date, TODAY + timedelta(days=80))
        _run, asked = self._asked(TODAY + timedelta(days=1))
        self.assertFalse(asked)
        run, asked = self._asked(TODAY + timedelta(days=2))
        self.assertEqual(asked, old)
        self.assertEqual(run.moved_count, 1)
        self.assertEqual(old.stage_id, self.risk)

    def test_without_conditions_on_dates_nobody_is_due(self):
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        profile = self._customer()
        self.assertFalse(profile.review_date)
        self._lead(partner_id=profile.partner_id.id)
        _run, asked = self._asked()
        self.assertEqual(asked, profile)

    def test_a_changed_rule_asks_everybody(self):
        rule = self._rule(self.risk, [("open_lead_count", ">", 5)])
        profiles = self._customer("Ada") | self._customer("Bob")
        self.assertFalse(self._asked()[1])
        rule.domain = "[('open_lead_count', '>', 0)]"
        run, asked = self._asked()
        self.assertEqual(asked, profiles)
        self.assertEqual(run.moved_count, 2)
        self.assertFalse(self._asked()[1])

    def test_facts_that_no_rule_names_ask_nobody(self):
        rule = self._rule(self.risk, [("won_count", ">", 0)])
        profile = self._customer()
        self._lead(partner_id=profile.partner_id.id)
        run, asked = self._asked()
        self.assertEqual((run.refreshed_count, profile.open_lead_count), (1, 2))
        self.assertFalse(asked)
        rule.domain = "[('open_lead_count', '>', 1)]"
        _run, asked = self._asked()
        self.assertEqual(asked, profile)
        self.assertEqual(profile.stage_id, self.risk)

    def test_a_rule_changed_and_changed_back_asks_everybody(self):
        rule = self._rule(self.risk, [("open_lead_count", ">", 1)])
        profile = self._customer()
        self.env.cr.execute(
            "UPDATE crm_lifecycle_rule SET write_date = write_date - interval '1 day'"
        )
        self.env.invalidate_all()
        self._run()
        rule.domain = "[('won_count', '>', 0)]"
        self._lead(partner_id=profile.partner_id.id)
        profile._mark_pending()
        self._run(quick=True)
        self.assertEqual(profile.open_lead_count, 2)
        rule.domain = "[('open_lead_count', '>', 1)]"
        self.assertEqual(self._run().moved_count, 1)
        self.assertEqual(profile.stage_id, self.risk)

    def test_conditions_beyond_the_customer_are_asked_of_everybody(self):
        belgium, france = self.env.ref("base.be"), self.env.ref("base.fr")
        self._rule(
            self.risk, [("partner_id.country_id", "=", belgium.id)], self.prospect
        )
        self._rule(self.lost, [("first_seen_date", "<=", "today -90d")])
        profile = self._customer(country_id=france.id)
        self.assertEqual(profile.stage_id, self.prospect)
        self.env.cr.execute(
            "UPDATE res_partner SET country_id = %s WHERE id = %s",
            [belgium.id, profile.partner_id.id],
        )
        self.env.invalidate_all()
        self.assertEqual(self._run(quick=True).moved_count, 0)
        self.assertEqual(self._run().moved_count, 1)
        self.assertEqual(profile.stage_id, self.risk)

    def test_a_decision_is_looked_at_by_the_next_quick_run(self):
        self._rule(self.lost, [("decision", "=", "let_go")])
        profile = self._customer()
        self.assertEqual(self._run(quick=True).moved_count, 0)
        profile.with_user(self.leader).decision = "let_go"
        self.assertEqual(self._run(quick=True).moved_count, 1)
        self.assertEqual(profile.stage_id, self.lost)

    def test_a_note_asks_nothing(self):
        profile = self._customer()
        profile.with_user(self.leader).write({"note": "Likes tea", "color": 3})
        self.assertFalse(self.env["crm.lifecycle.pending"].search([]))

    def test_a_pin_ends_by_itself(self):
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        partner = self._partner()
        self._run()
        lead = self._lead(partner_id=partner.id)
        self._run()
        profile = self._profile(partner)
        profile.write({"stage_id": self.prospect.id})
        profile.pinned_until = TODAY + timedelta(days=5)
        lead.priority = "2"
        for days, stage in [(5, self.prospect), (6, self.engaged)]:
            self._run(TODAY + timedelta(days=days))
            self.assertEqual(profile.stage_id, stage)

    def test_whoever_was_moved_by_hand_is_asked_the_next_day(self):
        self._rule(self.lost, [("open_lead_count", ">", 0)], self.risk)
        profile = self._customer()
        with patch.object(
            type(self.company), "_lifecycle_today", lambda company: TODAY
        ):
            profile.with_user(self.leader).write({"stage_id": self.risk.id})
        self.assertEqual(self._run().moved_count, 0)
        self.assertEqual(self._run(TODAY + timedelta(days=1)).moved_count, 1)

    def test_who_was_refused_is_asked_every_day(self):
        self.lifecycle.regress_policy = "decision"
        self._rule(self.risk, [("open_lead_count", ">", 0)], self.prospect)
        self._rule(self.lost, [("open_lead_count", ">", 0)], self.risk)
        profile = self._customer()
        for days in (1, 2):
            run = self._run(TODAY + timedelta(days=days))
            self.assertEqual((run.moved_count, run.left_count), (0, 1))
        profile.decision = "let_go"
        self.assertEqual(self._run(TODAY + timedelta(days=3)).moved_count, 1)

    def test_tags_turn_on_their_day(self):
        self.env["crm.lifecycle.tag"].create(
            {
                "name": "Silent",
                "code": "silent",
                "lifecycle_id": self.lifecycle.id,
                "domain": "[('first_seen_date', '<=', 'today -30d')]",
            }
        )
        partner = self._partner()
        self._lead(days_ago=29, partner_id=partner.id)
        self._run()
        profile = self._profile(partner)
        self.assertFalse(profile.tag_ids)
        self._run(TODAY + timedelta(days=1))
        self.assertEqual(profile.tag_ids.mapped("code"), ["silent"])

    def test_facts_that_change_during_the_run_stay_due(self):
        """A user refreshes a customer between the evaluation and its end."""
        profile = self._customer()
        original = review.set_next_review

        def meanwhile(session, lifecycles):
            session.env.cr.execute(
                "UPDATE crm_lifecycle_profile SET facts_date = clock_timestamp()"
            )
            return original(session, lifecycles)

        with patch.object(review, "set_next_review", meanwhile):
            self._run(full=True)
        self.assertFalse(profile.review_date)
        self.env.cr.execute(
            "UPDATE crm_lifecycle_profile SET review_date = '2026-03-01'"
        )
        with patch.object(review, "set_next_review", meanwhile):
            self._run()
        profile.invalidate_recordset()
        self.assertEqual(str(profile.review_date), "2026-03-01")
