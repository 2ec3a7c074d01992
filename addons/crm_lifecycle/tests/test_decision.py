from unittest.mock import patch

from odoo.tests import tagged

from ..models.crm_lifecycle_profile_decision import DecisionFigure
from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestDecision(LifecycleCase):
    """Stages in which staff decide show figures on the customer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile = cls._customer("Ada", user_id=cls.salesperson.id)

    def test_a_stage_at_risk_needs_a_decision_if_the_lifecycle_requires_one(self):
        self.assertFalse(any(self.lifecycle.stage_ids.mapped("needs_decision")))
        self.lifecycle.regress_policy = "decision"
        stages = self.lifecycle.stage_ids.filtered("needs_decision")
        self.assertEqual(stages, self.risk)

    def test_a_rule_that_waits_for_a_decision_is_enough(self):
        rule = self._rule(self.customer, [("decision", "=", "reinvest")], self.engaged)
        self.assertFalse(self.risk.needs_decision)
        rule.from_stage_ids |= self.risk
        self.assertTrue(self.risk.needs_decision)
        self.assertFalse(self.engaged.needs_decision)

    def test_the_template_with_decisions_asks_in_degradation(self):
        lifecycle = self.env["crm.lifecycle.template"]._instantiate(
            "relationship", self.company
        )
        stages = lifecycle.stage_ids.filtered("needs_decision")
        self.assertEqual(stages.mapped("code"), ["degradation"])

    def _show(self, figures):
        """Return the figures on the form, as the salesperson sees them."""

        def get_figures(profiles, scope):
            self.assertEqual((scope.company_id, scope.as_of), (self.company.id, TODAY))
            return {profile.id: figures for profile in profiles}

        Profile = type(self.profile)
        with (
            patch.object(Profile, "_get_decision_figures", get_figures),
            patch.object(type(self.company), "_lifecycle_today", lambda company: TODAY),
        ):
            self.env.invalidate_all()
            return self.profile.with_user(self.salesperson).decision_figures

    def test_figures_are_shown_where_a_decision_is_needed(self):
        figures = [
            DecisionFigure("returned", "Ordered <b>", 1200.5),
            DecisionFigure("given", "Work", 1.5, "hours"),
            DecisionFigure("given", "Calls", 3, "number"),
        ]
        self.assertFalse(self._show(figures))
        self.lifecycle.regress_policy = "decision"
        self.profile.decision = "reinvest"
        self.profile.stage_id = self.risk
        shown = self._show(figures)
        for text in ("What came back", "Ordered &lt;b&gt;", "1,200.50", "01:30"):
            self.assertIn(text, shown)
        self.assertRegex(shown, r">\s*3\s*<")
        self.assertLess(shown.index("came back"), shown.index("cost"))
        self.assertFalse(self._show([]))

    def test_other_stages_cost_no_query(self):
        def refuse(profiles, scope):
            self.fail("no figures are needed")

        with patch.object(type(self.profile), "_get_decision_figures", refuse):
            self.env.invalidate_all()
            self.assertFalse(self.profile.decision_figures)
