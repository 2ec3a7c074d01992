from odoo.tests import tagged

from .common import PurchaseCase


@tagged("post_install", "-at_install")
class TestPurchaseAccess(PurchaseCase):
    """A salesperson limited to own customers gets only their purchases."""

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
