"""Health of customers by their orders, and the end of each template."""

from contextlib import contextmanager
from datetime import datetime, time, timedelta

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.test_health import HealthCase

from .common import SaleLifecycleCase

TEMPLATES = ("nurture", "relationship", "service", "activity", "growth", "advocacy")
# Templates with a stage of lost customers, entered after a year of silence.
WITH_LOSS = ("nurture", "service", "activity", "advocacy")


@tagged("post_install", "-at_install")
class TestSaleHealth(SaleLifecycleCase, HealthCase):
    def test_a_decline_of_orders_is_a_sign(self):
        self._put(self.customer)
        self._check_bounds(
            ("good", "watch"),
            "Orders are 30 % or more below the period before",
            "order_trend",
            (-0.29, -0.3, -0.31),
        )
        self._write(order_trend=None)
        self._check("good")
        self._settings("decline").write({"threshold": 50, "level": "at_risk"})
        self._check_bounds(
            ("good", "at_risk"),
            "Orders are 50 % or more below the period before",
            "order_trend",
            (-0.49, -0.5, -0.51),
        )
        self._settings("decline").is_enabled = False
        self._check("good")

    def test_half_a_year_is_a_sign_until_two_years_are_known(self):
        self._put(self.customer)
        text = "Orders are 30 % or more below the period before"
        self._write(order_trend=None)
        self._check_bounds(
            ("good", "watch"), text, "order_trend_6m", (-0.29, -0.3, -0.31)
        )
        self._write(order_trend=0.1)
        self._check("good")

    def test_an_order_ends_the_silence(self):
        self._put(self.customer)
        silent = "No order and no contact for 90 days or more"
        self._write(first_seen_date=self._ago(400))
        self._check_bounds(
            ("good", "watch"),
            silent,
            "last_order_date",
            [self._ago(days) for days in (89, 90, 91)],
        )
        self._write(last_contact_date=self._ago(5))
        self._check("good")

    def test_a_decline_of_more_than_all_has_no_threshold(self):
        decline = self._settings("decline")
        for value in (0, 101):
            with self.assertRaisesRegex(Exception, "from 1 to 100"):
                decline.threshold = value
        decline.threshold = 100


@tagged("post_install", "-at_install")
class TestTemplateHealth(SaleLifecycleCase):
    """Customers with nothing but orders, as in the CDNOW data, in each template."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lifecycle.action_archive()
        cls.today = cls.company._lifecycle_today()
        cls.customers = {
            age: cls._buyer(f"silent for {age}", age, age + 30, age + 60)
            for age in (0, 45, 90, 364, 365, 366)
        }

    @classmethod
    def _buyer(cls, name, *ages):
        partner = cls._partner(name)
        for age in ages:
            cls._buy(partner, age)
        return partner

    @classmethod
    def _buy(cls, partner, age):
        day = datetime.combine(cls.today - timedelta(days=age), time(12))
        order = cls._order(partner)
        order.date_order = day
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE sale_order SET create_date = %s WHERE id = %s", [day, order.id]
        )
        return order

    @contextmanager
    def _start(self, code, **values):
        """Have a template run for the customers, and undo it."""
        with self.subTest(template=code):
            savepoint = self.env.cr.savepoint()
            Template = self.env["crm.lifecycle.template"]
            try:
                lifecycle = Template._instantiate(code, self.company, values)
                lifecycle.action_activate()
                self._run(self.today)
                yield lifecycle
            finally:
                self.env.flush_all()
                savepoint.close(rollback=True)
                self.env.invalidate_all()
                self.env.registry.clear_cache()

    def _stage(self, age):
        return self._profile(self.customers[age]).stage_id

    def test_silent_customers_are_not_well(self):
        for code in TEMPLATES:
            with self._start(code) as lifecycle:
                for age in (90, 364, 365, 366):
                    profile = self._profile(self.customers[age])
                    self.assertEqual(profile.lifecycle_id, lifecycle)
                    self.assertNotEqual(profile.health, "good", age)
                    if profile.stage_category != "engaged":
                        self.assertTrue(profile.health, age)
                        self.assertTrue(profile.health_reasons, age)
                found = self.env["crm.lifecycle.profile"].search(
                    [("health", "=", "good"), ("company_id", "=", self.company.id)]
                )
                present = self.customers[0] | self.customers[45]
                self.assertLessEqual(found.partner_id, present)

    def test_the_wall_has_silent_customers_where_no_stage_is_at_risk(self):
        for code, days in (("growth", 30), ("advocacy", 90)):
            with self._start(code):
                found = self.env["crm.lifecycle.profile"].search(
                    [("is_at_risk", "=", True), ("company_id", "=", self.company.id)]
                )
                self.assertNotIn(self.customers[0], found.partner_id)
                self.assertTrue(found)
                for age, partner in self.customers.items():
                    profile = self._profile(partner)
                    self.assertEqual(
                        profile in found,
                        age >= days and profile.stage_category != "lost",
                        age,
                    )

    def test_a_year_of_silence_is_a_loss_and_a_purchase_ends_it(self):
        for code in WITH_LOSS:
            with self._start(code):
                for age, is_lost in ((364, False), (365, True), (366, True)):
                    stage = self._stage(age)
                    self.assertEqual(stage.category == "lost", is_lost, (code, age))
                order = self._buy(self.customers[365], 0)
                self._run(self.today)
                self.assertIn(self._stage(365).category, ("customer", "loyal"), code)
                [back] = self._profile(self.customers[365]).history_ids.filtered(
                    lambda row: row.from_stage_id.category == "lost"
                )
                self.assertIn("Won back", back.rule_id.name)
                order._action_cancel()
                self._run(self.today)
                self.assertEqual(self._stage(365).category, "lost")

    def test_a_lifecycle_without_a_loss_has_none(self):
        for code in WITH_LOSS:
            with self._start(code, lost_days=0) as lifecycle:
                self.assertNotIn("lost", lifecycle.stage_ids.mapped("category"))
                self.assertFalse(lifecycle.template_addition)
                self.assertNotEqual(self._stage(366).category, "lost")

    def test_the_days_of_silence_are_those_of_the_template(self):
        template = self.env["crm.lifecycle.template"]
        for code, parameter in {
            "nurture": "dormant_days",
            "service": "silent_days",
            "activity": "silent_days",
            "growth": "silent_days",
            "advocacy": "attention_days",
        }.items():
            lifecycle = template._instantiate(code, self.company, {parameter: 21})
            self.assertEqual(lifecycle.silence_days, 21, code)
        lifecycle = template._instantiate("relationship", self.company)
        self.assertEqual(lifecycle.silence_days, 0)

    def test_tags_of_silence_and_decline_are_warnings(self):
        template = self.env["crm.lifecycle.template"]
        for code, warnings in {
            "activity": {"silent", "churned"},
            "growth": {"silent", "churned"},
            "advocacy": {"needs_attention", "complaint"},
        }.items():
            tags = template._instantiate(code, self.company).tag_ids
            found = set(tags.filtered("is_warning").mapped("code"))
            self.assertEqual(found, warnings & set(tags.mapped("code")), code)
