from odoo.tests import HttpCase, tagged

from .common import RiskCase


@tagged("post_install", "-at_install")
class TestTours(RiskCase, HttpCase):
    def test_a_salesperson_works_on_a_case(self):
        self.risk.risk_plan_id = self._plan({"summary": "Call"})
        self._go(self.risk)
        self.env.flush_all()
        self.start_tour(
            "/odoo/action-crm_lifecycle_risk.crm_lifecycle_risk_case_action",
            "crm_lifecycle_risk_case",
            login=self.salesperson.login,
        )
        self.env.invalidate_all()
        self.assertRecordValues(
            self._cases(), [{"state": "saved", "lesson": "Call before the renewal"}]
        )
