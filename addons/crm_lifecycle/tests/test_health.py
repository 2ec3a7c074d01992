from datetime import timedelta

from odoo import fields
from odoo.fields import Domain
from odoo.tests import tagged

from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_health import HealthSign

from .common import LifecycleCase

PROFILE = "crm.lifecycle.profile"


@tagged("post_install", "-at_install")
class TestHealth(LifecycleCase):
    """The health of customers, determined by the worst sign."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile = cls._customer()

    def _put(self, stage, follow_up=False):
        today = fields.Date.context_today(self.profile)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_lifecycle_profile SET stage_id = %s, follow_up_date = %s "
            "WHERE id = %s",
            [
                stage.id,
                today - timedelta(days=follow_up) if follow_up else None,
                self.profile.id,
            ],
        )
        self.env.invalidate_all()

    def _check(self, level, *reasons):
        """Check the computed health and its reasons, and that searches agree."""
        profile = self.profile.with_user(self.leader)
        self.assertEqual(profile.health, level)
        self.assertEqual((profile.health_reasons or "").splitlines(), list(reasons))
        me = Domain("id", "=", profile.id)
        for asked in ("good", "watch", "at_risk", False):
            found = profile.search(me & Domain("health", "=", asked))
            self.assertEqual(bool(found), asked == level, asked)
            found = profile.search(me & Domain("health", "!=", asked))
            self.assertEqual(bool(found), asked != level, asked)

    def test_a_customer_without_a_sign_is_well_and_a_prospect_is_none_yet(self):
        self._put(self.customer, follow_up=6)
        self._check("good")
        self._put(self.prospect)
        self._check(False)

    def test_the_stage_and_a_late_follow_up_are_signs(self):
        late = "A follow-up is due for a week or more"
        self._put(self.customer, follow_up=7)
        self._check("watch", late)
        self._put(self.prospect, follow_up=7)
        self._check("watch", late)
        self._put(self.risk)
        self._check("at_risk", "The stage is one of customers at risk")
        self._put(self.lost, follow_up=9)
        self._check("at_risk", "The stage is one of lost customers", late)

    def test_nothing_is_told_of_whoever_is_no_customer_any_more(self):
        self.lost.category = "ended"
        self._put(self.lost, follow_up=9)
        self._check(False)

    def test_nothing_is_told_of_whoever_objects_to_profiling(self):
        self._put(self.risk)
        self.profile.partner_id.lifecycle_objection_date = "2026-01-01"
        self._check(False)

    def test_the_worst_sign_decides_whatever_the_order(self):
        def get_signs(model):
            always = Domain("id", "!=", False)
            return [
                HealthSign("at_risk", always, "bad"),
                HealthSign("watch", always, "so-so"),
            ]

        self.patch(self.env.registry[PROFILE], "_get_health_signs", get_signs)
        self._put(self.customer)
        self._check("at_risk", "bad", "so-so")

    def test_many_customers_cost_the_same_queries(self):
        self._put(self.risk)
        many = self.profile
        for number in range(8):
            many |= self._customer(f"P{number}")
        counts = []
        for profiles in (many[:2], many):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            profiles.mapped("health")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    def test_the_customer_at_a_glance_tells_it(self):
        self._put(self.risk)
        overview = (
            self.env[PROFILE]
            .with_user(self.leader)
            .get_overview("res.partner", self.profile.partner_id.id)
        )
        self.assertEqual(overview["health"], "at_risk")
        self.assertEqual(overview["health_label"], "At risk")
        self.assertIn("at risk", overview["health_reasons"])
