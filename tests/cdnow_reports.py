"""Checks of the reports over CDNOW's customers, for tests that load them."""

from collections import Counter

from . import oracle_cdnow_reports as oracle

MONTHS = 18


class CdnowReports:
    """Mixin for a test case with ``company`` and its ``env``."""

    def _ask(self, report, groups, aggregates):
        return self.env[report]._read_group(
            [("company_id", "=", self.company.id)], groups, aggregates
        )

    # ------------------------------------------------------------
    # Purchases
    # ------------------------------------------------------------

    def check_purchases(self, truth, end):
        """Compare each figure over purchases with the file."""
        self.env["crm.lifecycle.purchase.month"]._refresh(self.company, end)
        self.env.invalidate_all()
        self._check_purchase_cohorts(truth)
        self._check_purchase_quarters(truth)
        self._check_buyers(truth)
        self._check_repeat_rate(truth)

    def _check_purchase_cohorts(self, truth):
        """Compare all cells of the table of 18 by 18 months, by count and revenue."""
        expected = oracle.get_purchase_cohorts(truth)
        months = sorted({month for _cohort, month in expected})
        self.assertEqual(len(months), MONTHS)
        actual = {}
        for measure in ("buyers", "revenue"):
            table = self.env["crm.lifecycle.purchase.report"].get_lifecycle_cohorts(
                [("company_id", "=", self.company.id)], {"measure": measure}
            )
            for cohort in table["cohorts"]:
                start = months.index(self._to_date(cohort["start"]))
                self.assertEqual(len(cohort["cells"]), MONTHS - start)
                for index, cell in enumerate(cohort["cells"]):
                    key = months[start], months[start + index]
                    actual[measure, key] = cell["value"]
        for cohort in months:
            for month in months:
                key = cohort, month
                buyers, cents = expected.get(key, (0, 0))
                self.assertEqual(actual.get(("buyers", key), 0), buyers, key)
                revenue = actual.get(("revenue", key), 0)
                self.assertEqual(round(revenue * 100), cents, key)

    def _to_date(self, text):
        return self.env["crm.lifecycle.run"]._fields["as_of"].to_date(text)

    def _check_purchase_quarters(self, truth):
        rows = self._ask(
            "crm.lifecycle.purchase.report",
            ["cohort_date:quarter", "date:quarter"],
            ["quarter_buyer_count:sum", "amount:sum"],
        )
        self.assertEqual(
            {row[:2]: (row[2], round(row[3] * 100)) for row in rows},
            oracle.get_purchase_cohorts(truth, oracle.quarter_of),
        )

    def _check_buyers(self, truth):
        """Compare growth and retention by month: first time, returning, retained."""
        rows = self._ask(
            "crm.lifecycle.purchase.report",
            ["date:month"],
            [
                "month_buyer_count:sum",
                "first_count:sum",
                "returning_count:sum",
                "retained_rate:avg",
            ],
        )
        self.assertEqual(
            {
                month: (*counts, round(rate * counts[0]))
                for month, *counts, rate in rows
            },
            oracle.get_buyers_by_month(truth),
        )

    def _check_repeat_rate(self, truth):
        [row] = self._ask(
            "crm.lifecycle.customer.report",
            [],
            ["repeat_rate:avg", "order_interval_days:avg", "order_interval_median:avg"],
        )
        for actual, expected in zip(row, oracle.get_repeat_figures(truth), strict=True):
            self.assertAlmostEqual(actual, expected, 6)

    # ------------------------------------------------------------
    # Stages
    # ------------------------------------------------------------

    def check_stages(self, truth, days):
        """Compare each figure over the history with the file, as of some days."""
        moves = [oracle.get_moves_by_step(item, days) for item in truth.values()]
        visits = [visit for item in moves for visit in oracle.get_visits(item)]
        self._check_funnel(visits)
        self._check_durations(visits)
        # Computed from the history itself, then from the stored moves.
        for _way in range(2):
            self._check_growth(moves)
            self._check_customer_cohorts(moves, days[-1])
            self._keep_moves()

    def _keep_moves(self):
        """Move the mark to the end of the history, as the job does."""
        Turn = self.env["crm.lifecycle.growth.event"]
        while Turn._refresh():
            self.env["crm.lifecycle.growth.watermark"]._get().is_ended = True

    def _check_funnel(self, visits):
        """Compare entries by month, and the matrix of transitions."""
        rows = self._ask(
            "crm.lifecycle.stage.report",
            ["stage_id", "next_stage_id", "date:month"],
            ["entry_count:sum"],
        )
        self.assertEqual(
            Counter(
                {
                    (stage.code, target.code or None, month): count
                    for stage, target, month, count in rows
                }
            ),
            Counter(
                (stage, target, oracle.month_of(day))
                for stage, day, target, _days in visits
            ),
        )

    def _check_durations(self, visits):
        """Compare quartiles and mean of the days in each stage."""
        rows = self._ask(
            "crm.lifecycle.stage.report",
            ["stage_id"],
            ["days_q1:avg", "days_median:avg", "days_q3:avg", "days:avg"],
        )
        for stage, *quartiles, average in rows:
            days = [item[3] for item in visits if item[0] == stage.code and item[2]]
            self.assertEqual(quartiles, oracle.quantiles_of(days), stage.code)
            self.assertAlmostEqual(average, sum(days) / len(days), 6)

    def _check_growth(self, moves):
        rows = self.env["crm.lifecycle.growth.report"]._read_group(
            [("company_id", "=", self.company.id), ("net", "!=", 0)],
            ["date:month", "kind"],
            ["__count"],
        )
        self.assertEqual(
            Counter({(month, kind): count for month, kind, count in rows}),
            Counter(
                (oracle.month_of(day), kind)
                for item in moves
                for day, kind in oracle.get_growth(item)
            ),
        )

    def _check_customer_cohorts(self, moves, end):
        table = self.env["crm.lifecycle.growth.report"].get_lifecycle_cohorts(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(
            {
                self._to_date(cohort["start"]): [
                    cell["value"] for cell in cohort["cells"]
                ]
                for cohort in table["cohorts"]
            },
            oracle.get_customer_cohorts(moves, oracle.month_of(end)),
        )
