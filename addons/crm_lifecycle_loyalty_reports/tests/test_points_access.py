from datetime import datetime, timedelta

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.tests.common import LifecycleCase


@tagged("post_install", "-at_install")
class TestPointsAccess(LifecycleCase):
    """The points report is limited to the customers that a salesperson may see."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Report = cls.env["crm.loyalty.points.report"]
        points = cls.env.ref("crm_loyalty.group_points_user")
        for user in (cls.salesperson, cls.leader):
            user.group_ids |= points
        cls.program = cls.env["loyalty.program"].create(
            {
                "name": "Club",
                "program_type": "loyalty",
                "company_id": cls.company.id,
                "crm_loyalty_point_value": 0.5,
            }
        )
        for name, user, given in (
            ("Ada", cls.salesperson, 1),
            ("Bob", cls.colleague, 10),
            ("Cyd", cls.env["res.users"], 100),
        ):
            profile = cls._customer(name)
            profile.user_id = user
            cls._give(profile.partner_id, given)
        cls._give(cls._partner("Stranger"), 1000)
        cls._give(cls.env["res.partner"], 10000)

    @classmethod
    def _give(cls, partner, points):
        card = cls.env["loyalty.card"].create(
            {"program_id": cls.program.id, "partner_id": partner.id}
        )
        card._post_points(points, "earn")
        cls.env.flush_all()

    def _sum(self, user):
        Report = self.Report.with_user(user)
        [[points]] = Report._read_group([], [], ["outstanding:sum"])
        return points

    def test_customers_cost_nothing_where_nobody_asks_for_them(self):
        query = self.Report._search([])
        plan = self._get_plan(query.select(SQL("SUM(outstanding)")))
        for table in ("res_partner", "crm_lifecycle_profile", "loyalty_card"):
            self.assertNotIn(table, plan)
        plan = self._get_plan(query.select(SQL("COUNT(stage_id)")))
        self.assertIn("crm_lifecycle_profile", plan)

    def test_own_and_nobody_s_customers(self):
        self.assertEqual(self._sum(self.salesperson), 11101)

    def test_who_sees_all_customers_sees_all_points(self):
        self.assertEqual(self._sum(self.leader), 11111)

    def test_who_works_with_points_sees_all_of_them(self):
        adjuster = self.env.ref("crm_loyalty.group_points_adjuster")
        self.salesperson.group_ids |= adjuster
        self.assertEqual(self._sum(self.salesperson), 11111)

    def test_exports_are_of_own_customers(self):
        self.salesperson.group_ids |= self.env.ref("base.group_allow_export")
        mine = self.Report.with_user(self.salesperson).search([])
        rows = mine.export_data(["partner_id"])["datas"]
        self.assertEqual({row[0] for row in rows}, {"Ada", "Cyd", "Stranger", ""})
        others = self.Report.search([("partner_id.name", "=", "Bob")])
        with self.assertRaises(AccessError):
            others.with_user(self.salesperson).export_data(["partner_id"])

    def test_the_digest_tells_of_own_customers(self):
        if "kpi_loyalty_liability" not in self.env["digest.digest"]._fields:
            self.skipTest("no digest tells of points")
        digest = self.env["digest.digest"].create(
            {"name": "Daily", "company_id": self.company.id}
        )
        # The digest counts the days before its end.
        digest = digest.with_context(
            start_datetime=datetime.now(), end_datetime=datetime.now() + timedelta(2)
        )
        for user, value in ((self.salesperson, 5550.5), (self.leader, 5555.5)):
            self.assertEqual(digest.with_user(user).kpi_loyalty_liability_value, value)
            self.env.invalidate_all()
