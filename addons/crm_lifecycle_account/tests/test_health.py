"""Health of customers by what they owe."""

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.test_health import HealthCase


@tagged("post_install", "-at_install")
class TestAccountHealth(HealthCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._write(stage_id=cls.customer.id)

    def test_a_payment_that_is_overdue_for_long_is_a_sign(self):
        self._check_bounds(
            ("good", "watch"),
            "A payment is overdue for 30 days or more",
            "overdue_since",
            [self._ago(days) for days in (29, 30, 31)],
        )
        self._settings("overdue").is_enabled = False
        self._check("good")

    def test_no_reason_names_an_amount(self):
        self._write(overdue_since=self._ago(40), overdue_amount=1234.5)
        self.assertNotIn("1234", self.profile.health_reasons)
        self.assertNotIn("1,234", self.profile.health_reasons)

    def test_an_invoice_ends_the_silence(self):
        self._write(first_seen_date=self._ago(400))
        self._check_bounds(
            ("good", "watch"),
            "No order and no contact for 90 days or more",
            "last_invoice_date",
            [self._ago(days) for days in (89, 90, 91)],
        )
