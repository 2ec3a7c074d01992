"""Health of customers by their answers."""

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.test_health import HealthCase


@tagged("post_install", "-at_install")
class TestSurveyHealth(HealthCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._write(stage_id=cls.customer.id)

    def test_a_detractor_is_a_sign(self):
        for category in (None, "promoter", "passive"):
            self._write(nps_category=category)
            self._check("good")
        self._write(nps_category="detractor")
        self._check("watch", "The customer would not recommend us")
        self._settings("detractor").is_enabled = False
        self._check("good")
