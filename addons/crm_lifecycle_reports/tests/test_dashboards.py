import json
import time
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import file_open

from odoo.addons.web.controllers import dataset

from .common import ReportCase


class BoardCase(ReportCase):
    """Customers of the last weeks: dashboards use the current date of the browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.today()
        cls.ada = cls._travel("Ada", (cls.prospect, 40), (cls.customer, 30))
        cls.bob = cls._travel(
            "Bob", (cls.customer, 60), (cls.lost, 20), (cls.customer, 10), (cls.risk, 3)
        )
        cls.cyd = cls._travel("Cyd", (cls.customer, 50), (cls.lost, 5))
        # A colleague's customer: counts for the leader, not for the salesperson.
        cls.dan = cls._travel("Dan", (cls.customer, 8), user_id=cls.colleague.id)

    @classmethod
    def _travel(cls, name, *steps, **vals):
        return cls._walk(
            cls._traveller(name, **vals),
            *((stage, cls.today - timedelta(days=days)) for stage, days in steps),
        )


@tagged("post_install", "-at_install")
class TestDashboards(BoardCase, HttpCase):
    def _open(self, name, tour, login):
        dashboard = self.env.ref(f"crm_lifecycle_reports.spreadsheet_dashboard_{name}")
        self.start_tour(
            f"/odoo/dashboards?dashboard_id={dashboard.id}",
            tour,
            login=login,
            timeout=180,
        )

    def test_overview_has_the_figures_of_the_models(self):
        self._open("lifecycle", "crm_lifecycle_reports_overview", self.leader.login)

    def test_overview_of_a_salesperson_is_of_own_customers(self):
        self._open(
            "lifecycle", "crm_lifecycle_reports_overview_own", self.salesperson.login
        )

    def test_the_wall_refreshes_by_itself(self):
        wall = self.env.ref("crm_lifecycle_reports.spreadsheet_dashboard_churn_warning")
        self.assertTrue(wall.lifecycle_refresh_seconds)
        wall.lifecycle_refresh_seconds = 2
        self._open("churn_warning", "crm_lifecycle_reports_wall", self.leader.login)

    def test_the_wall_has_whoever_is_at_risk_by_any_sign(self):
        """All its figures of present customers use the one definition."""
        tag = self.env["crm.lifecycle.tag"].create(
            {
                "name": "Silent",
                "code": "silent",
                "lifecycle_id": self.lifecycle.id,
                "is_warning": True,
            }
        )
        self.env.cr.execute(
            "INSERT INTO crm_lifecycle_profile_tag_rel (profile_id, tag_id) "
            "SELECT id, %s FROM crm_lifecycle_profile WHERE id = ANY(%s)",
            [tag.id, (self.ada | self.cyd).ids],
        )
        self.env.invalidate_all()
        with file_open(
            "crm_lifecycle_reports/data/files/churn_warning_dashboard.json"
        ) as file:
            wall = json.load(file)
        found = [
            self.env[item["model"]].search(
                [*item["domain"], ("company_id", "=", self.company.id)]
            )
            for item in (*wall["pivots"].values(), *wall["lists"].values())
            if item["model"] == "crm.lifecycle.profile"
        ]
        # Bob by his stage, Ada by her tag; Cyd is lost.
        self.assertEqual(found[0], self.ada | self.bob)
        self.assertEqual(found[-1], self.ada | self.bob)
        for profiles in found:
            self.assertLessEqual(profiles, self.ada | self.bob)

    def test_the_wall_of_a_slow_server_is_filled_before_it_refreshes(self):
        call = dataset.call_kw

        def call_slowly(*args):
            time.sleep(0.4)
            return call(*args)

        wall = self.env.ref("crm_lifecycle_reports.spreadsheet_dashboard_churn_warning")
        wall.lifecycle_refresh_seconds = 1
        with patch.object(dataset, "call_kw", call_slowly):
            self._open(
                "churn_warning",
                "crm_lifecycle_reports_wall_own",
                self.salesperson.login,
            )

    def test_the_wall_of_a_salesperson_is_of_own_customers(self):
        self._travel("Eve", (self.risk, 2), user_id=self.colleague.id)
        self._open(
            "churn_warning",
            "crm_lifecycle_reports_wall_own",
            self.salesperson.login,
        )

    def test_where_there_is_nothing_a_sample_is_shown_in_ones_language(self):
        other = self.env["res.company"].create({"name": "Empty"})
        self.leader.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        self.authenticate(self.leader.login, self.leader.login)
        dashboard = self.env.ref(
            "crm_lifecycle_reports.spreadsheet_dashboard_lifecycle"
        )
        data = self.url_open(f"/spreadsheet/dashboard/data/{dashboard.id}").json()
        self.assertTrue(data["is_sample"])
        self.assertEqual(data["translation_namespace"], "crm_lifecycle_reports")
