from odoo import fields
from odoo.tests import HttpCase, tagged

from .common import VisitCase


@tagged("post_install", "-at_install")
class TestTours(VisitCase, HttpCase):
    def test_a_salesperson_writes_down_the_result(self):
        visit = self._visit(date_due=fields.Date.today())
        self.env.flush_all()
        self.start_tour(
            "/odoo/action-crm_lifecycle_visit.crm_lifecycle_visit_action",
            "crm_lifecycle_visit",
            login=self.salesperson.login,
        )
        self.env.invalidate_all()
        self.assertRecordValues(
            visit,
            [
                {
                    "state": "done",
                    "result": "reached",
                    "satisfaction": "4",
                    "note": "All is well",
                }
            ],
        )
