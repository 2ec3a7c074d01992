from datetime import timedelta

from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.crm_lifecycle.engine.bounds import MAX_DAYS
from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_health import HealthSign

from .common import LifecycleCase

PROFILE = "crm.lifecycle.profile"
SILENT = "No order and no contact for %s days or more"


class HealthCase(LifecycleCase):
    """A customer, whose facts tests write as they please."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile = cls._customer()
        cls.today = fields.Date.context_today(cls.profile)
        # Nothing about the customer is old.
        cls._write(first_seen_date=cls.today)

    @classmethod
    def _write(cls, profile=None, **values):
        """Write columns of a profile as a run would."""
        profile = profile or cls.profile
        cls.env.flush_all()
        for name, value in values.items():
            cls.env.cr.execute(
                SQL(
                    "UPDATE crm_lifecycle_profile SET %s = %s WHERE id = %s",
                    SQL.identifier(name),
                    value,
                    profile.id,
                )
            )
        cls.env.invalidate_all()

    def _ago(self, days):
        return self.today - timedelta(days=days)

    def _put(self, stage, follow_up=False):
        self._write(
            stage_id=stage.id,
            follow_up_date=self._ago(follow_up) if follow_up else None,
        )

    def _check(self, level, *reasons, profile=None):
        """Check the computed health and its reasons, and that searches agree."""
        profile = (profile or self.profile).with_user(self.leader)
        self.assertEqual(profile.health, level)
        self.assertEqual((profile.health_reasons or "").splitlines(), list(reasons))
        me = Domain("id", "=", profile.id)
        for asked in ("good", "watch", "at_risk", False):
            found = profile.search(me & Domain("health", "=", asked))
            self.assertEqual(bool(found), asked == level, asked)
            found = profile.search(me & Domain("health", "!=", asked))
            self.assertEqual(bool(found), asked != level, asked)
        found = profile.search(me & Domain("is_at_risk", "=", True))
        self.assertEqual(bool(found), profile.is_at_risk)

    def _check_bounds(self, healths, reason, column, values):
        """Check the health at a boundary: one step before it, at it, one step after.

        :param healths: without and with the sign
        """
        for value, has_sign in zip(values, (False, True, True), strict=True):
            with self.subTest(value=value):
                self._write(**{column: value})
                self._check(healths[has_sign], *[reason] * has_sign)

    def _settings(self, code, company=None):
        """Return what a company sets for a sign."""
        Sign = self.env["crm.lifecycle.health.sign"]
        company = company or self.company
        Sign._create_missing(company)
        return Sign.search([("code", "=", code), ("company_id", "=", company.id)])


@tagged("post_install", "-at_install")
class TestHealth(HealthCase):
    """The health of customers, determined by the worst sign."""

    def test_a_customer_without_a_sign_is_well_and_a_prospect_is_none_yet(self):
        self._put(self.customer, follow_up=6)
        self._check("good")
        self._put(self.prospect)
        self._check(False)

    def test_the_stage_and_a_late_follow_up_are_signs(self):
        late = "A follow-up is due for 7 days or more"
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
        many.mapped("health")  # fills the caches of the registry
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

    # ------------------------------------------------------------
    # Silence, warning tags, at risk
    # ------------------------------------------------------------

    def test_silence_of_the_days_of_the_company_is_a_sign(self):
        self._put(self.customer)
        self._check_bounds(
            ("good", "watch"),
            SILENT % 90,
            "first_seen_date",
            [self._ago(days) for days in (89, 90, 91)],
        )
        self._write(last_contact_date=self._ago(89))
        self._check("good")
        self._write(last_contact_date=self._ago(90))
        self._check("watch", SILENT % 90)

    def test_the_days_of_the_lifecycle_come_before_those_of_the_company(self):
        self._put(self.customer)
        self.lifecycle.silence_days = 30
        self._check_bounds(
            ("good", "watch"),
            SILENT % 30,
            "first_seen_date",
            [self._ago(days) for days in (29, 30, 31)],
        )
        self.lifecycle.silence_days = 0
        self._check("good")

    def test_silence_is_no_sign_before_a_first_purchase_and_after_a_loss(self):
        self._write(first_seen_date=self._ago(900))
        self._put(self.prospect)
        self._check(False)
        self._put(self.lost)
        self._check("at_risk", "The stage is one of lost customers")
        self._put(self.risk)
        self._check("at_risk", "The stage is one of customers at risk", SILENT % 90)

    def test_whoever_was_never_seen_is_not_silent(self):
        self._put(self.customer)
        self._write(first_seen_date=None)
        self._check("good")

    def test_a_warning_tag_is_a_sign(self):
        self._put(self.customer)
        tag = self.env["crm.lifecycle.tag"].create(
            {"name": "T", "code": "t", "lifecycle_id": self.lifecycle.id}
        )
        self.env.cr.execute(
            "INSERT INTO crm_lifecycle_profile_tag_rel (profile_id, tag_id) "
            "VALUES (%s, %s)",
            [self.profile.id, tag.id],
        )
        self._check("good")
        tag.is_warning = True
        self.env.invalidate_all()
        self._check("at_risk", "The customer has a warning tag")
        self.assertTrue(self.profile.is_at_risk)

    def test_a_lost_customer_is_not_at_risk_any_more(self):
        for stage, expected in (
            (self.prospect, False),
            (self.customer, False),
            (self.risk, True),
            (self.lost, False),
        ):
            self._put(stage)
            self._check(self.profile.health, *self._get_reasons())
            self.assertEqual(self.profile.is_at_risk, expected, stage.code)

    def _get_reasons(self):
        return (self.profile.health_reasons or "").splitlines()


@tagged("post_install", "-at_install")
class TestHealthSettings(HealthCase):
    """What a company sets for the signs."""

    def test_a_sign_that_is_switched_off_has_no_effect(self):
        self._put(self.risk)
        self._settings("stage_at_risk").is_enabled = False
        self._check(False)
        self.assertFalse(self.profile.is_at_risk)
        self._settings("stage_at_risk").is_enabled = True
        self._check("at_risk", "The stage is one of customers at risk")

    def test_a_sign_has_the_level_that_the_company_gives_it(self):
        self._put(self.customer, follow_up=7)
        self._settings("follow_up").level = "at_risk"
        self._check("at_risk", "A follow-up is due for 7 days or more")
        self._settings("follow_up").level = "watch"
        self._check("watch", "A follow-up is due for 7 days or more")

    def test_a_sign_has_the_threshold_that_the_company_gives_it(self):
        self._put(self.customer)
        self._settings("follow_up").threshold = 3
        self._check_bounds(
            ("good", "watch"),
            "A follow-up is due for 3 days or more",
            "follow_up_date",
            [self._ago(days) for days in (2, 3, 4)],
        )

    def test_reasons_are_in_the_order_of_the_company(self):
        self._put(self.risk, follow_up=7)
        stage = "The stage is one of customers at risk"
        late = "A follow-up is due for 7 days or more"
        self._check("at_risk", stage, late)
        self._settings("follow_up").sequence = 1
        self._check("at_risk", late, stage)

    def test_another_company_has_settings_of_its_own(self):
        other = self.env["res.company"].create({"name": "Other & Co"})
        self._put(self.customer, follow_up=7)
        for values in ({"is_enabled": False}, {"level": "at_risk"}, {"threshold": 9}):
            self._settings("follow_up", other).write(values)
            self._check("watch", "A follow-up is due for 7 days or more")
        self.env["crm.lifecycle.health.sign"].search([]).unlink()
        self._settings("follow_up").is_enabled = False
        self._write(company_id=other.id)
        self.leader.company_ids |= other
        self.profile = self.profile.with_context(allowed_company_ids=other.ids)
        self._check("watch", "A follow-up is due for 7 days or more")
        self._write(company_id=self.company.id)
        self.profile = self.profile.with_context(allowed_company_ids=self.company.ids)
        self._check("good")

    def test_thresholds_have_bounds(self):
        follow_up = self._settings("follow_up")
        for value in (1, MAX_DAYS):
            follow_up.threshold = value
        for value in (-1, 0, MAX_DAYS + 1):
            with self.assertRaises(ValidationError):
                follow_up.threshold = value
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(CheckViolation),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                "UPDATE crm_lifecycle_health_sign SET threshold = -1 WHERE id = %s",
                [follow_up.id],
            )
        # Without a threshold, the number means nothing.
        self._settings("stage_lost").threshold = 0
        self.assertFalse(self._settings("stage_lost").has_threshold)

    def test_opening_the_settings_creates_what_is_missing_once(self):
        Sign = self.env["crm.lifecycle.health.sign"].with_user(self.manager)
        action = Sign._open()
        signs = Sign.search(action["domain"])
        known = self.env[PROFILE]._get_health_signs()
        self.assertEqual(signs.mapped("code"), [sign.code for sign in known])
        self.assertEqual(signs.mapped("level"), [sign.level for sign in known])
        self.assertEqual(signs.mapped("threshold"), [sign.threshold for sign in known])
        self.assertEqual(signs.company_id, self.company)
        self.assertEqual(Sign.search(Sign._open()["domain"]), signs)
        signs[0].level = "watch"
        with self.assertRaises(AccessError):
            Sign.with_user(self.salesperson)._open()

    def test_settings_of_a_sign_that_is_gone_are_not_shown(self):
        Sign = self.env["crm.lifecycle.health.sign"]
        gone = Sign.create({"code": "gone", "company_id": self.company.id})
        self.assertNotIn(gone, Sign.search(Sign._open()["domain"]))
        self._put(self.customer)
        self._check("good")

    def test_names_are_in_the_language_of_the_user(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        for sign in self._settings("silence").with_context(lang="zh_CN"):
            self.assertRegex(sign.name, "[\u4e00-\u9fff]")

    def test_a_search_costs_one_query_whatever_is_set(self):
        Profile = self.env[PROFILE]
        Profile.search([("health", "=", "at_risk")])
        self.env.invalidate_all()
        with self.assertQueryCount(1):
            Profile.search([("health", "=", "at_risk")])
        for number in range(3):
            company = self.env["res.company"].create({"name": f"C{number}"})
            for code in ("silence", "follow_up", "warning_tag"):
                sign = self._settings(code, company)
                sign.write({"threshold": 10 + number, "sequence": 90 - number})
        self.lifecycle.silence_days = 20
        Profile.search([("health", "!=", "good")])  # fills the caches of the registry
        self.env.flush_all()
        self.env.invalidate_all()
        for level in ("good", "watch", "at_risk", False):
            with self.subTest(level=level), self.assertQueryCount(1):
                Profile.search([("health", "=", level)])
        with self.assertQueryCount(1):
            Profile.search_count([("is_at_risk", "=", True)])
