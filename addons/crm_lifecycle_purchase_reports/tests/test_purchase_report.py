from odoo.tests import tagged

from .common import PurchaseCase


@tagged("post_install", "-at_install")
class TestPurchaseReport(PurchaseCase):
    """Cohorts, repeat purchases and revenue."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The worked example in the docstring of the model, and one more customer.
        cls._buy(
            cls.ada,
            ("2025-01-10", 10),
            ("2025-02-05", 20),
            ("2025-02-20", 30),
            ("2025-06-15", 40),
        )
        cls._buy(cls.bob, ("2025-01-20", 100))
        cls._refresh()
        cls.domain = [("company_id", "=", cls.company.id)]

    def _cells(self, **options):
        table = self.Report.get_lifecycle_cohorts(self.domain, options)
        [cohort] = table["cohorts"]
        return cohort["size"], [cell["value"] for cell in cohort["cells"]]

    def test_cohorts_by_first_order(self):
        self.assertEqual(self._cells(), (2, [2, 1, 0, 0, 0, 1]))
        self.assertEqual(self._cells(measure="revenue"), (2, [110, 50, 0, 0, 0, 40]))
        self.assertEqual(self._cells(measure="orders"), (2, [2, 2, 0, 0, 0, 1]))

    def test_longer_periods_count_each_customer_once(self):
        self.assertEqual(self._cells(interval="quarter"), (2, [2, 1]))
        self.assertEqual(self._cells(interval="year"), (2, [2]))

    def test_shares_of_revenue_are_of_the_first_period(self):
        table = self.Report.get_lifecycle_cohorts(self.domain, {"measure": "revenue"})
        self.assertAlmostEqual(table["average"][1], 50 / 110)
        self.assertEqual(table["currency_id"], self.company.currency_id.id)

    def test_behind_a_cell_are_its_buyers(self):
        for index, names in ((None, {"Ada", "Bob"}), (1, {"Ada"}), (2, set())):
            action = self.Report.get_lifecycle_cohort_action(
                self.domain, {}, "2025-01-01", index
            )
            found = self.env["crm.lifecycle.profile"].search(action["domain"])
            self.assertEqual(set(found.mapped("partner_id.name")), names)

    def test_retention_and_returning_buyers_by_month(self):
        rows = self.Report._read_group(
            self.domain,
            ["date:month"],
            ["first_count:sum", "returning_count:sum", "retained_rate:avg"],
        )
        self.assertEqual(
            {str(row[0])[:7]: row[1:] for row in rows},
            {"2025-01": (2, 0, 0.5), "2025-02": (0, 1, 0), "2025-06": (0, 1, 0)},
        )

    def test_repeat_purchases_of_customers_today(self):
        [row] = self.env["crm.lifecycle.customer.report"]._read_group(
            self.domain,
            [],
            ["buyer_count:sum", "repeat_rate:avg", "order_total:sum"],
        )
        self.assertEqual(row, (2, 0.5, 200))

    def test_a_table_takes_few_queries(self):
        self._cells()
        with self.assertQueryCount(4):
            self._cells()
