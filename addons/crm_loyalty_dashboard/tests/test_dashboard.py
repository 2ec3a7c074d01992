from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, freeze_time, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestLoyaltyBoard(HttpCase):
    """The dashboard of recent points, since its periods end on the browser's today."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.today()
        cls.company = cls._company("Points & Co")
        program = cls._program(cls.company)
        gold = cls.env["crm.loyalty.tier"].create(
            {"name": "Gold", "program_id": program.id, "threshold": 1000}
        )
        ada, bob = (cls._card(program, name) for name in ("Ada", "Bob"))
        for card, points, kind, days_ago in (
            (ada, 200, "earn", 120),
            (ada, 60, "earn", 40),
            (bob, 40, "earn", 10),
            (ada, -30, "burn", 5),
            (bob, -10, "expire", 3),
        ):
            cls._post(card, points, kind, days_ago)
        ada.crm_loyalty_tier_id = gold
        other = cls._program(cls._company("Elsewhere"))
        cls._post(cls._card(other, "Eve"), 7000, "earn", 10)
        cls.env.flush_all()

    @classmethod
    def _company(cls, name):
        company = cls.env["res.company"].create({"name": name})
        cls.env.user.company_ids |= company
        return company

    @classmethod
    def _program(cls, company):
        return cls.env["loyalty.program"].create(
            {
                "name": "Club",
                "program_type": "loyalty",
                "company_id": company.id,
                "crm_loyalty_point_value": 0.5,
            }
        )

    @classmethod
    def _card(cls, program, name):
        partner = cls.env["res.partner"].create({"name": name})
        return cls.env["loyalty.card"].create(
            {"program_id": program.id, "partner_id": partner.id}
        )

    @classmethod
    def _post(cls, card, points, kind, days_ago):
        with freeze_time(f"{cls.today - timedelta(days=days_ago)} 12:00"):
            card._post_points(points, kind)

    def setUp(self):
        super().setUp()
        self.dashboard = self.env.ref(
            "crm_loyalty_dashboard.spreadsheet_dashboard_loyalty"
        )

    def _adjuster(self, login, company):
        return new_test_user(
            self.env,
            login,
            groups="crm_loyalty.group_points_adjuster",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )

    def test_figures_are_those_of_the_ledger_of_the_company(self):
        self._adjuster("sue", self.company)
        self.start_tour(
            f"/odoo/dashboards?dashboard_id={self.dashboard.id}",
            "crm_loyalty_dashboard_figures",
            login="sue",
            timeout=240,
        )

    def test_where_there_is_nothing_a_sample_is_shown_in_ones_language(self):
        self._adjuster("sam", self._company("Empty"))
        self.authenticate("sam", "sam")
        data = self.url_open(f"/spreadsheet/dashboard/data/{self.dashboard.id}").json()
        self.assertTrue(data["is_sample"])
        self.assertEqual(data["translation_namespace"], "crm_loyalty_dashboard")
