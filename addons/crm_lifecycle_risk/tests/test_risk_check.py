"""Cases of customers who are at risk by a sign of their health."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..risk_check import RiskCheck
from .common import RiskCase


@tagged("post_install", "-at_install")
class TestRiskCheck(RiskCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tag = cls.env["crm.lifecycle.tag"].create(
            {
                "name": "Silent",
                "code": "silent",
                "lifecycle_id": cls.lifecycle.id,
                "is_warning": True,
                "domain": "[('won_count', '=', -1)]",
            }
        )
        cls._check()  # the first one
        cls._pass_time(cls.lifecycle, cls.profile)

    @classmethod
    def _pass_time(cls, *records):
        """Have everything changed before the last check."""
        cls.env.flush_all()
        for record in records:
            cls.env.cr.execute(
                f"UPDATE {record._table} SET create_date = '2026-01-01', "
                "write_date = '2026-01-01' WHERE id = ANY(%s)",
                [record.ids],
            )
        cls.env.invalidate_all()

    @classmethod
    def _check(cls):
        cls.env.flush_all()
        RiskCheck(cls.company).run()
        # Whatever the transaction of the test writes next is written later.
        cls.company.lifecycle_risk_check_date = cls.env.cr.now() - timedelta(seconds=1)
        cls.env.flush_all()
        cls.env.invalidate_all()

    def _set_tag(self, has_tag=True, profile=None):
        """Set the tag, or remove it, as a run does."""
        self.env.cr.execute(
            "INSERT INTO crm_lifecycle_profile_tag_rel (profile_id, tag_id) "
            "VALUES (%s, %s)"
            if has_tag
            else "DELETE FROM crm_lifecycle_profile_tag_rel "
            "WHERE profile_id = %s AND tag_id = %s",
            [(profile or self.profile).id, self.tag.id],
        )
        self.env.invalidate_all()

    def test_a_tag_that_is_a_warning_opens_one_case(self):
        self._check()
        self.assertFalse(self._cases())
        self._set_tag()
        self._check()
        case = self._cases()
        today = self.company._lifecycle_today()
        self.assertRecordValues(
            case,
            [
                {
                    "state": "open",
                    "user_id": self.salesperson.id,
                    "date_opened": today,
                    "date_due": today + timedelta(days=self.customer.risk_days),
                    "stage_id": self.customer.id,
                }
            ],
        )
        self.assertIn("The customer has a warning tag", case.note)
        self.assertEqual(case.activity_ids.user_id, self.salesperson)
        self.assertEqual(self.profile.risk_since, today)
        self._check()
        self.assertEqual(self._cases(), case)

    def test_a_case_that_was_closed_is_not_opened_again_for_the_same_time(self):
        self._set_tag()
        self._check()
        self._cases().action_set_saved()
        self._check()
        self.assertEqual(self._cases().state, "saved")
        self._set_tag(False)
        self._check()
        self.assertFalse(self.profile.risk_since)
        self._set_tag()
        self._check()
        self.assertEqual(self._cases().mapped("state"), ["open", "saved"])

    def test_a_customer_who_recovers_is_saved(self):
        self._set_tag()
        self._check()
        self._set_tag(False)
        self._check()
        self.assertEqual(self._cases().state, "saved")

    def test_a_case_of_a_customer_who_was_not_at_risk_stays_open(self):
        case = self._case()
        self._check()
        self.assertEqual(case.state, "open")

    def test_the_first_check_and_changed_settings_open_none(self):
        self._set_tag()
        for change in (
            {"company": {"lifecycle_risk_check_date": False}},
            {"lifecycle": {"silence_days": 5}},
            {"sign": {"level": "at_risk"}},
        ):
            self.profile.invalidate_recordset()
            self.env.cr.execute("UPDATE crm_lifecycle_profile SET risk_since = NULL")
            self._pass_time(self.lifecycle, self.profile)
            sign = self._sign()
            self._pass_time(sign)
            for name, values in change.items():
                {
                    "company": self.company,
                    "lifecycle": self.lifecycle,
                    "sign": sign,
                }[name].write(values)
            self._check()
            self.assertFalse(self._cases(), change)
            self.assertTrue(self.profile.risk_since)

    def _sign(self):
        Sign = self.env["crm.lifecycle.health.sign"]
        Sign._create_missing(self.company)
        return Sign.search(
            [("code", "=", "silence"), ("company_id", "=", self.company.id)]
        )

    def test_a_customer_who_arrives_at_risk_gets_none(self):
        bob = self._customer("Bob")
        self._set_tag(profile=bob)
        self._check()
        self.assertFalse(self._cases(bob))

    def test_in_a_stage_at_risk_the_stage_decides(self):
        self.risk.opens_risk_case = False
        self._go(self.risk)
        self._set_tag()
        self._check()
        self.assertFalse(self._cases())

    def test_a_customer_who_leaves_the_stage_but_not_the_tag_keeps_the_case(self):
        self._go(self.risk)
        self._set_tag()
        self._check()
        steps = self._go(self.customer)
        self.assertEqual(steps.state, "skipped")
        self.assertIn("The customer has a warning tag", steps.reason)
        self.assertEqual(self._cases().state, "open")
        self._set_tag(False)
        self._check()
        self.assertEqual(self._cases().state, "saved")

    def test_an_open_case_alone_does_not_keep_itself_open(self):
        self._go(self.risk)
        self._check()
        self.assertEqual(self.profile.health, "at_risk")
        self._go(self.customer)
        self.assertEqual(self._cases().state, "saved")

    def test_a_sign_that_is_switched_off_opens_none(self):
        Sign = self.env["crm.lifecycle.health.sign"]
        Sign._create_missing(self.company)
        Sign.search([("code", "=", "warning_tag")]).is_enabled = False
        self._pass_time(Sign.search([]))
        self._set_tag()
        self._check()
        self.assertFalse(self._cases())
        self.assertFalse(self.profile.risk_since)

    def test_another_company_is_left_alone(self):
        other = self.env["res.company"].create({"name": "Other & Co"})
        self._set_tag()
        RiskCheck(other).run()
        self.assertFalse(self._cases())

    def test_many_customers_cost_few_queries_each(self):
        many = self.env["crm.lifecycle.profile"]
        for number in range(12):
            many |= self._customer(f"P{number}", user_id=self.salesperson.id)
        self._pass_time(many)
        counts = []
        for profiles in (many[:2], many[2:]):
            for profile in profiles:
                self._set_tag(profile=profile)
            before = self.env.cr.sql_log_count
            self._check()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(len(self._cases(many[0])), 1)
        self.assertEqual(len(self._cases(many[-1])), 1)
        # What remains are the queries of a new record with an activity.
        self.assertLess((counts[1] - counts[0]) / 8, 12)

    def test_the_job_checks_all_companies(self):
        self._set_tag()
        with self.enter_registry_test_mode():
            self.env.ref("crm_lifecycle_risk.ir_cron_check").method_direct_trigger()
        self.assertEqual(len(self._cases()), 1)
        self.assertGreater(
            self.company.lifecycle_risk_check_date,
            fields.Datetime.now() - timedelta(minutes=5),
        )
