from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import PurchaseCase


@tagged("post_install", "-at_install")
class TestPurchaseAccess(PurchaseCase):
    """A salesperson limited to own customers reads only their purchases."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cyd = cls._partner("Cyd")
        for partner in (cls.ada, cls.bob, cls.cyd):
            cls._buy(partner, ("2025-01-10", 10), ("2025-02-05", 20))
        cls._refresh()
        for partner, user in ((cls.ada, cls.salesperson), (cls.bob, cls.colleague)):
            cls._profile(partner).user_id = user
        cls._profile(cls.cyd).user_id = False
        cls.env.flush_all()
        cls.env.invalidate_all()

    def test_each_number_is_of_own_and_unassigned_customers(self):
        for user, names in (
            (self.salesperson, {"Ada", "Cyd"}),
            (self.leader, {"Ada", "Bob", "Cyd"}),
        ):
            Report = self.Report.with_user(user)
            profiles = [row[0] for row in Report._read_group([], ["profile_id"])]
            found = {profile.sudo().partner_id.name for profile in profiles}
            self.assertEqual(found, names)
            [cohort] = Report.get_lifecycle_cohorts([])["cohorts"]
            self.assertEqual(cohort["size"], len(names))
            values = [cell["value"] for cell in cohort["cells"]]
            self.assertEqual(values, [len(names)] * 2)
            revenue = Report.get_lifecycle_cohorts([], {"measure": "revenue"})
            cells = revenue["cohorts"][0]["cells"]
            self.assertEqual(cells[1]["value"], 20 * len(names))
            months = self.Month.with_user(user).search_count([])
            self.assertEqual(months, 2 * len(names))

    def test_revenue_by_stage_is_of_own_customers(self):
        Report = self.env["crm.lifecycle.customer.report"]
        for user, total in ((self.salesperson, 60), (self.leader, 90)):
            [[amount]] = Report.with_user(user)._read_group([], [], ["order_total:sum"])
            self.assertEqual(amount, total)

    def test_exports_are_of_own_customers(self):
        allowed = self.env.ref("base.group_allow_export")
        for user in (self.salesperson, self.leader):
            user.group_ids |= allowed
        for user, names in (
            (self.salesperson, {"Ada", "Cyd"}),
            (self.leader, {"Ada", "Bob", "Cyd"}),
        ):
            rows = self.Report.with_user(user).search([]).export_data(["profile_id"])
            self.assertEqual({row[0] for row in rows["datas"]}, names)
        others = self.Report.search([("partner_id", "=", self.bob.id)])
        with self.assertRaises(AccessError):
            others.with_user(self.salesperson).export_data(["profile_id"])

    def test_another_company_sees_nothing(self):
        other = self.env["res.company"].create({"name": "Other"})
        user = new_test_user(
            self.env,
            "otto",
            groups="sales_team.group_sale_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        env = self.env(user=user, context={"allowed_company_ids": other.ids})
        for model in (self.Report, self.Month):
            self.assertFalse(env[model._name].search_count([]))
        self.assertFalse(env[self.Report._name].get_lifecycle_cohorts([])["cohorts"])
