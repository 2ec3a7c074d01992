"""Health of customers by what they said at return visits."""

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.test_health import HealthCase


@tagged("post_install", "-at_install")
class TestVisitHealth(HealthCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._write(stage_id=cls.customer.id)

    def test_dissatisfaction_is_a_sign(self):
        self._check_bounds(
            ("good", "watch"),
            "Dissatisfied at the last return visit",
            "visit_satisfaction",
            (3, 2, 1),
        )
        self._write(visit_satisfaction=None)
        self._check("good")
        self._settings("visit").threshold = 3
        self._write(visit_satisfaction=3)
        self._check("watch", "Dissatisfied at the last return visit")
        self._settings("visit").is_enabled = False
        self._check("good")
