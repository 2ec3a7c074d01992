from datetime import date, datetime

from odoo.tests import tagged
from odoo.tools import SQL

from .common import ReportCase


@tagged("post_install", "-at_install")
class TestStepReport(ReportCase):
    """Results of playbook steps."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Report = cls.env["crm.lifecycle.playbook.report"]
        cls.ada = cls._walk(
            cls._traveller("Ada"),
            (cls.prospect, date(2025, 3, 1)),
            (cls.engaged, date(2025, 3, 8)),
            (cls.customer, date(2025, 5, 1)),
        )
        for move in cls.ada.history_ids.sorted("id"):
            cls._step(move, "done")

    @classmethod
    def _step(cls, move, state, key="mail:1"):
        return cls.env["crm.lifecycle.playbook.log"].create(
            {
                "history_id": move.id,
                "profile_id": move.profile_id.id,
                "company_id": move.company_id.id,
                "stage_id": move.to_stage_id.id,
                "kind": "mail",
                "key": key,
                "name": "Welcome",
                "state": state,
                "date": datetime.combine(move.date, datetime.min.time()),
            }
        )

    def _read(self, stage, *aggregates):
        [row] = self.Report._read_group(
            [("stage_id", "=", stage.id), ("company_id", "=", self.company.id)],
            [],
            list(aggregates),
        )
        return row

    def test_days_until_the_customer_moved_on(self):
        rates = ["moved_7_rate:avg", "moved_30_rate:avg", "moved_90_rate:avg"]
        self.assertEqual(self._read(self.prospect, "days:avg", *rates), (7, 1, 1, 1))
        self.assertEqual(self._read(self.engaged, "days:avg", *rates), (54, 0, 0, 1))
        self.assertEqual(
            self._read(self.customer, "days:avg", *rates), (False, 0, 0, 0)
        )

    def test_steps_by_state(self):
        move = self.ada.history_ids.sorted("id")[0]
        self._step(move, "failed", "mail:2")
        self._step(move, "skipped", "mail:3")
        self.assertEqual(
            self._read(
                self.prospect,
                "done_count:sum",
                "failed_count:sum",
                "skipped_count:sum",
                "failed_rate:avg",
            )[:3],
            (1, 1, 1),
        )

    def test_the_move_that_followed_is_read_from_its_index(self):
        query = self.env["crm.lifecycle.playbook.report"]._search([])
        # With so few rows, the planner would sort, or follow the primary key.
        self.env.cr.execute(
            "ALTER TABLE crm_lifecycle_history "
            "DROP CONSTRAINT crm_lifecycle_history_pkey CASCADE"
        )
        plan = self._get_plan(query.select(SQL("AVG(days)")), "seqscan", "sort")
        self.assertIn("history_next_idx", plan)
