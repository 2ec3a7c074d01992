from datetime import date, datetime

from odoo.tests import tagged

from odoo.addons.crm_lifecycle_reports.models.crm_lifecycle_growth_event import (
    WATERMARK,
)

from .common import ReportCase


@tagged("post_install", "-at_install")
class TestTurn(ReportCase):
    """Stored moves equal the history in all situations."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Turn = cls.env["crm.lifecycle.growth.event"]
        cls.Mark = cls.env["crm.lifecycle.growth.watermark"]
        cls.ada = cls._walk(
            cls._traveller("Ada"),
            (cls.customer, date(2025, 2, 1)),
            (cls.lost, date(2025, 5, 1)),
            (cls.customer, date(2025, 6, 1)),
        )
        cls.bob = cls._walk(cls._traveller("Bob"), (cls.customer, date(2025, 3, 1)))

    def _refresh(self):
        """Refresh twice, so that the mark is at the end of the history."""
        self.Turn._refresh()
        self.Mark._get().is_ended = True
        self.Turn._refresh()

    def _rows(self, query):
        self.env.flush_all()
        self.env.cr.execute(query)
        return sorted(self.env.cr.fetchall())

    def _assert_as_history(self):
        """Assert that the result equals a computation from the history."""
        self.assertEqual(
            self._rows(self.Turn._get_growth_events()),
            self._rows(self.Turn._get_computed_events(self._everybody())),
        )

    def _everybody(self):
        return self.Turn._has_moved_after(0)

    def _kept(self, profile):
        turns = self.Turn.search([("profile_id", "=", profile.id)], order="date, id")
        return [
            (turn.date, turn.kind, turn.customer_date, turn.is_start) for turn in turns
        ]

    def test_moves_that_make_or_lose_a_customer_are_kept(self):
        self._refresh()
        self.assertEqual(
            self._kept(self.ada),
            [
                (date(2025, 2, 1), "new", date(2025, 2, 1), True),
                (date(2025, 5, 1), "churned", date(2025, 2, 1), False),
                (date(2025, 6, 1), "reactivated", date(2025, 2, 1), False),
            ],
        )
        self._assert_as_history()

    def test_before_the_first_refresh_the_history_is_read(self):
        self.Mark.search([]).unlink()
        self.assertFalse(self.Turn.search([("profile_id", "=", self.ada.id)]))
        self._assert_as_history()

    def test_where_the_history_ends_is_read_from_an_index(self):
        plan = self._get_plan(WATERMARK, "seqscan")
        self.assertNotIn("Seq Scan on crm_lifecycle_history", plan)

    def test_who_moved_after_the_mark_is_read_from_the_history(self):
        self._refresh()
        self._walk(self.bob, (self.lost, date(2025, 7, 1)))
        self.assertEqual(len(self._kept(self.bob)), 1)
        self._assert_as_history()
        self._refresh()
        self.assertEqual(len(self._kept(self.bob)), 2)
        self._assert_as_history()

    def test_a_move_of_the_past_changes_since_when(self):
        """A replay adds moves that are older than the stored ones."""
        self._refresh()
        self.env.cr.execute(
            "UPDATE crm_lifecycle_history SET date = '2024-01-01' WHERE id = %s",
            [
                self._walk(
                    self.bob,
                    (self.lost, date(2025, 7, 1)),
                    (self.prospect, date(2025, 7, 1)),
                    (self.customer, date(2025, 7, 2)),
                )
                .history_ids.sorted("id")[-1]
                .id
            ],
        )
        self._assert_as_history()
        self._refresh()
        self.assertEqual({row[2] for row in self._kept(self.bob)}, {date(2024, 1, 1)})
        self._assert_as_history()

    def test_the_mark_waits_for_transactions_that_are_open(self):
        self.Turn._refresh()
        mark = self.Mark._get()
        self.assertEqual(mark.upto, 0)
        self.assertTrue(mark.next_id)
        mark.next_moment = datetime(2999, 1, 1)
        self.Turn._mark_transactions_ended()
        self.assertFalse(mark.is_ended)
        mark.next_moment = datetime(2020, 1, 1)
        self.Turn._mark_transactions_ended()
        self.assertTrue(mark.is_ended)
        self.assertFalse(self.Turn._refresh())
        self.assertEqual(mark.upto, mark.next_id)

    def test_where_nothing_moved_nothing_is_counted(self):
        self._refresh()
        with self.assertQueryCount(2):
            self.assertFalse(self.Turn._refresh())

    def test_merged_customers_have_all_moves_at_once(self):
        self._refresh()
        self.ada._merge_from(self.bob)
        self._assert_as_history()
        self.assertEqual(len(self._kept(self.ada)), 5)
        self._refresh()
        self._assert_as_history()

    def test_another_category_has_all_counted_anew(self):
        self._refresh()
        triggers = self.env["ir.cron.trigger"].search_count([])
        self.customer.category = "engaged"
        self.assertFalse(self.Mark._get().upto)
        self.assertGreater(self.env["ir.cron.trigger"].search_count([]), triggers)
        self._assert_as_history()
        self._refresh()
        self.assertFalse(self._kept(self.bob))
        self._assert_as_history()

    def test_deleted_customers_leave_nothing(self):
        self._refresh()
        self.env.cr.execute(
            "DELETE FROM crm_lifecycle_profile WHERE id = %s", [self.bob.id]
        )
        self._assert_as_history()

    def test_the_scheduled_job_follows_the_history(self):
        self.env.flush_all()
        cron = self.env.ref("crm_lifecycle_reports.ir_cron_turn")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(len(self._kept(self.ada)), 3)

    def test_a_run_wakes_the_job(self):
        cron = self.env.ref("crm_lifecycle_reports.ir_cron_turn")
        domain = [("cron_id", "=", cron.id)]
        triggers = self.env["ir.cron.trigger"].search_count(domain)
        self._run()
        self.assertGreater(self.env["ir.cron.trigger"].search_count(domain), triggers)
