"""Health of customers by missed SLAs."""

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.test_health import HealthCase


@tagged("post_install", "-at_install")
class TestSlaHealth(HealthCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._write(stage_id=cls.customer.id)

    def test_a_missed_sla_is_a_sign(self):
        self._check_bounds(
            ("good", "watch"),
            "An SLA was missed in the last 30 days",
            "sla_missed_date",
            [self._ago(days) for days in (30, 29, 28)],
        )
        self._settings("sla").is_enabled = False
        self._check("good")
