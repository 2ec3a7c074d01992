import io
import json
from datetime import date

from openpyxl import load_workbook

from odoo import http
from odoo.tests import HttpCase, tagged

from .common import ReportCase


@tagged("post_install", "-at_install")
class TestTours(ReportCase, HttpCase):
    """Cohorts and flow in a browser, with the numbers of the models."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._walk(
            cls._traveller("Ada"),
            (cls.prospect, date(2025, 1, 5)),
            (cls.customer, date(2025, 1, 20)),
            (cls.lost, date(2025, 3, 10)),
        )
        cls._walk(
            cls._traveller("Bob"),
            (cls.customer, date(2025, 1, 31)),
            (cls.lost, date(2025, 2, 1)),
            (cls.customer, date(2025, 4, 30)),
        )
        cls._walk(cls._traveller("Cyd"), (cls.customer, date(2025, 4, 1)))
        # Do not limit the report to the current year: the test data is older.
        cls.env.ref(
            "crm_lifecycle_reports.crm_lifecycle_stage_report_action_flow"
        ).context = "{}"

    def test_cohorts(self):
        self.start_tour(
            "/odoo/lifecycle-cohorts",
            "crm_lifecycle_reports_cohort",
            login=self.leader.login,
        )

    def test_flow(self):
        self.start_tour(
            "/odoo/lifecycle-flow",
            "crm_lifecycle_reports_flow",
            login=self.leader.login,
        )

    def test_a_table_as_the_buttons_send_it_becomes_a_spreadsheet(self):
        """The exporter of Odoo's pivot view accepts the data that the buttons send."""
        self.authenticate(self.leader.login, self.leader.login)
        table = {
            "title": "Still customers",
            "model": "crm.lifecycle.growth.report",
            "measure_count": 1,
            "col_group_headers": [
                [{"title": title, "width": 1, "height": 1} for title in ("Size", "0")]
            ],
            "measure_headers": [],
            "rows": [
                {
                    "title": "Jan 2025",
                    "indent": 0,
                    "values": [{"value": 2}, {"value": 0.5}],
                }
            ],
        }
        response = self.url_open(
            "/web/pivot/export_xlsx",
            data={
                "data": json.dumps(table),
                "csrf_token": http.Request.csrf_token(self),
            },
        )
        sheet = load_workbook(io.BytesIO(response.content)).active
        self.assertEqual(
            [list(row) for row in sheet.values],
            [[None, "Size", "0"], ["Jan 2025", 2, 0.5]],
        )
