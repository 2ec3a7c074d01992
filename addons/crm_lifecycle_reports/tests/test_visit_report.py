from datetime import date

from odoo.tests import tagged

from .common import ReportCase


@tagged("post_install", "-at_install")
class TestVisitReport(ReportCase):
    """Visits to stages: funnel, transitions and time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Report = cls.env["crm.lifecycle.stage.report"]
        cls.ada = cls._traveller("Ada", user_id=cls.salesperson.id)
        cls._walk(
            cls.ada,
            (cls.prospect, date(2025, 3, 1)),
            (cls.customer, date(2025, 3, 11)),
            (cls.lost, date(2025, 5, 10)),
        )

    def _read(self, *groups, domain=()):
        """Return ``{groups: aggregates}``, stages by their code."""
        rows = self.Report._read_group(
            [("company_id", "=", self.company.id), *domain],
            list(groups),
            ["entry_count:sum", "days:avg"],
        )
        return {
            tuple(
                getattr(key, "code", key) or False for key in row[: len(groups)]
            ): row[len(groups) :]
            for row in rows
        }

    def test_each_visit_tells_where_it_led(self):
        """The worked example in the docstring of the model."""
        self.assertEqual(
            self._read("stage_id", "outcome", "next_stage_id"),
            {
                ("prospect", "up", "customer"): (1, 10),
                ("customer", "lost", "lost"): (1, 60),
                ("lost", "open", False): (1, False),
            },
        )

    def test_entries_are_dated_by_their_own_day(self):
        self.assertEqual(
            self._read("date:month"),
            {
                (date(2025, 3, 1),): (2, 35),
                (date(2025, 5, 1),): (1, False),
            },
        )

    def test_quartiles_are_of_finished_visits_at_each_level(self):
        for name, days in (("Bob", 2), ("Cyd", 20), ("Dan", 40), ("Eve", 80)):
            self._walk(
                self._traveller(name),
                (self.prospect, date(2025, 4, 1)),
                (self.engaged, date.fromordinal(date(2025, 4, 1).toordinal() + days)),
            )
        aggregates = ["days_q1:avg", "days_median:avg", "days_q3:avg", "days:avg"]
        domain = [("company_id", "=", self.company.id)]
        by_stage = self.Report._read_group(domain, ["stage_id"], aggregates)
        prospect = next(row for row in by_stage if row[0] == self.prospect)
        # 2, 10, 20, 40, 80
        self.assertEqual(prospect[1:], (10, 20, 40, 30.4))
        # ... and the 60 days of Ada as a customer
        [overall] = self.Report._read_group(domain, [], aggregates)
        self.assertEqual(overall[1], 30)

    def test_durations_fall_into_ranges(self):
        self.assertEqual(
            self._read("stage_id", "days_range"),
            {
                ("prospect", "008"): (1, 10),
                ("customer", "031"): (1, 60),
                ("lost", False): (1, False),
            },
        )

    def test_up_down_and_back(self):
        self._walk(
            self._traveller("Bob"),
            (self.engaged, date(2025, 3, 1)),
            (self.prospect, date(2025, 3, 2)),
            (self.risk, date(2025, 3, 3)),
            (self.customer, date(2025, 3, 4)),
        )
        rows = self._read("outcome", domain=[("partner_id.name", "=", "Bob")])
        self.assertEqual({key for [key] in rows}, {"down", "risk", "back", "open"})

    def test_merged_twins_are_one_visit_and_no_conversion(self):
        bob = self._traveller("Bob")
        self._walk(bob, (self.lost, date(2025, 6, 1)))
        self.ada._merge_from(bob)
        self.env.flush_all()
        self.assertEqual(
            self._read("outcome", domain=[("stage_id", "=", self.lost.id)]),
            {("open",): (1, False)},
        )

    def test_conversion_is_the_share_of_all_entries(self):
        self._walk(self._traveller("Bob"), (self.prospect, date(2025, 3, 1)))
        [[rate, entries]] = self.Report._read_group(
            [("stage_id", "=", self.prospect.id)],
            [],
            ["up_rate:avg", "entry_count:sum"],
        )
        self.assertEqual((rate, entries), (0.5, 2))

    # ------------------------------------------------------------
    # Flow
    # ------------------------------------------------------------

    def test_the_flow_has_the_numbers_of_the_report(self):
        self._walk(self._traveller("Bob"), (self.prospect, date(2025, 3, 1)))
        flow = self.Report.get_lifecycle_flow([("company_id", "=", self.company.id)])
        codes = {stage.id: stage.code for stage in self.lifecycle.stage_ids}
        self.assertEqual(
            {
                (codes[item["from"]], codes.get(item["to"]), item["is_open"]): item[
                    "count"
                ]
                for item in flow["flows"]
            },
            {
                ("prospect", "customer", False): 1,
                ("prospect", None, True): 1,
                ("customer", "lost", False): 1,
                ("lost", None, True): 1,
            },
        )
        self.assertEqual(
            [stage["id"] for stage in flow["stages"]],
            (self.prospect | self.customer | self.lost).ids,
        )

    def test_behind_a_flow_are_its_customers(self):
        bob = self._walk(self._traveller("Bob"), (self.prospect, date(2025, 3, 1)))
        for target, expected in (
            (self.customer.id, self.ada),
            (False, bob),
            (None, self.ada | bob),
        ):
            action = self.Report.get_lifecycle_flow_action(
                [("company_id", "=", self.company.id)], self.prospect.id, target
            )
            found = self.env["crm.lifecycle.profile"].search(action["domain"])
            self.assertEqual(
                found,
                expected.sorted(lambda item: (item.stage_date, item.id), reverse=True),
            )

    def test_opening_the_funnel_takes_one_query_and_the_names(self):
        with self.assertQueryCount(3):
            self.Report.formatted_read_group(
                [("company_id", "=", self.company.id)],
                ["stage_id"],
                ["entry_count:sum", "up_rate:avg"],
            )
