import json
from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import ReportCase


@tagged("post_install", "-at_install")
class TestCohort(ReportCase):
    """Cohorts of customers: retention, and the customers behind each number."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Report = cls.env["crm.lifecycle.growth.report"]
        cls.ada = cls._walk(
            cls._traveller("Ada"),
            (cls.prospect, date(2025, 1, 5)),
            (cls.customer, date(2025, 1, 20)),
            (cls.lost, date(2025, 3, 10)),
        )
        cls.bob = cls._walk(
            cls._traveller("Bob"),
            (cls.customer, date(2025, 1, 31)),
            (cls.lost, date(2025, 2, 1)),
            (cls.customer, date(2025, 4, 30)),
        )
        cls.cyd = cls._walk(cls._traveller("Cyd"), (cls.customer, date(2025, 4, 1)))

    def _ask(self, report=None, **options):
        report = self.Report if report is None else report
        return report.get_lifecycle_cohorts(
            [("company_id", "=", self.company.id)], options
        )

    def _cells(self, table):
        return {
            cohort["start"]: [cell["value"] for cell in cohort["cells"]]
            for cohort in table["cohorts"]
        }

    def _behind(self, start, index=None, **options):
        action = self.Report.get_lifecycle_cohort_action(
            [("company_id", "=", self.company.id)], options, start, index
        )
        return self.env["crm.lifecycle.profile"].search(action["domain"])

    def test_customers_are_followed_from_when_they_became_one(self):
        table = self._ask()
        self.assertEqual(
            self._cells(table), {"2025-01-01": [2, 1, 0, 1], "2025-04-01": [1]}
        )
        self.assertEqual([cohort["size"] for cohort in table["cohorts"]], [2, 1])
        self.assertEqual(table["average"], [1.0, 0.5, 0.0, 0.5])

    def test_quarters_and_years(self):
        self.assertEqual(
            self._cells(self._ask(interval="quarter")),
            {"2025-01-01": [0, 1], "2025-04-01": [1]},
        )
        self.assertEqual(self._cells(self._ask(interval="year")), {"2025-01-01": [2]})

    def test_events_are_counted_in_their_own_period(self):
        self.assertEqual(
            self._cells(self._ask(measure="churned"))["2025-01-01"], [0, 1, 1, 0]
        )

    def test_cohorts_by_entry_into_a_stage(self):
        table = self._ask(anchor="stage", stage_id=self.lost.id)
        self.assertEqual(
            [(item["start"], item["size"]) for item in table["cohorts"]],
            [("2025-02-01", 1), ("2025-03-01", 1)],
        )
        # Bob was lost in February and is a customer again since April.
        self.assertEqual(self._cells(table)["2025-02-01"], [0, 0, 1])

    def test_cohorts_by_first_contact_count_all_who_were_seen(self):
        self.env.cr.execute(
            "UPDATE crm_lifecycle_profile SET first_seen_date = '2024-12-24' "
            "WHERE company_id = %s",
            [self.company.id],
        )
        self.env.invalidate_all()
        table = self._ask(anchor="contact")
        self.assertEqual(self._cells(table), {"2024-12-01": [0, 2, 1, 0, 2]})
        self.assertEqual(table["cohorts"][0]["size"], 3)

    def test_behind_a_cell_are_the_customers_that_it_counts(self):
        self.assertEqual(self._behind("2025-01-01"), self.ada | self.bob)
        self.assertEqual(self._behind("2025-01-01", 1), self.ada)
        self.assertFalse(self._behind("2025-01-01", 2))
        self.assertEqual(self._behind("2025-01-01", 3), self.bob)
        self.assertEqual(self._behind("2025-01-01", 2, measure="churned"), self.ada)
        lost = {"anchor": "stage", "stage_id": self.lost.id}
        self.assertEqual(self._behind("2025-02-01", **lost), self.bob)
        self.assertEqual(self._behind("2025-02-01", 2, **lost), self.bob)

    def test_each_number_is_that_of_the_customers_behind_it(self):
        for interval in ("month", "quarter", "year"):
            for cohort in self._ask(interval=interval)["cohorts"]:
                for index, cell in enumerate(cohort["cells"]):
                    found = self._behind(cohort["start"], index, interval=interval)
                    self.assertEqual(len(found), cell["value"])

    def test_periods_are_named_in_the_reader_s_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        labels = [
            self._ask(report, interval=interval)["cohorts"][0]["label"]
            for report in (self.Report, self.Report.with_context(lang="zh_CN"))
            for interval in ("month", "quarter", "year")
        ]
        self.assertEqual(
            labels,
            ["Jan 2025", "Q1 2025", "2025", "2025年1月", "2025年第1季度", "2025年"],
        )

    def test_other_periods_are_refused(self):
        with self.assertRaises(UserError):
            self._ask(interval="week")

    def test_a_question_about_another_model_is_refused(self):
        with self.assertRaises(UserError):
            self.env["crm.lifecycle.profile"].search(
                [("report_cell", "=", '{"model": "res.users", "domain": []}')]
            )

    def test_a_question_that_no_report_asks_is_refused_in_words(self):
        model = self.Report._name
        for question in (
            "no JSON",
            "[1]",
            "{}",
            '{"model": 1}',
            '{"model": "no.such.model"}',
            f'{{"model": "{model}", "domain": [["no_such_field", "=", 1]]}}',
            f'{{"model": "{model}", "domain": [["id"]]}}',
            f'{{"model": "{model}", "domain": [], "having": "no_such_measure"}}',
            f'{{"model": "{model}", "domain": [], "stage_id": "x"}}',
            "[" * 5000,
        ):
            with self.subTest(question=question[:40]), self.assertRaises(UserError):
                self.env["crm.lifecycle.profile"].search(
                    [("report_cell", "=", question)]
                )

    def test_no_condition_of_a_rule_asks_such_a_question(self):
        question = json.dumps({"model": self.Report._name, "domain": []})
        with self.assertRaises(AccessError):
            self._rule(self.lost, [("report_cell", "=", question)])

    def test_a_table_takes_few_queries_however_many_cells(self):
        self._ask()
        with self.assertQueryCount(4):
            self._ask()
