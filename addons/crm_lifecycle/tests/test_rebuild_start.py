"""The wizard that rebuilds a history, by its roles and in a browser."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, HttpCase, tagged

from ..models import crm_lifecycle_background as work
from ..run import replay
from .common import TODAY
from .test_rebuild import HISTORY, RebuildCase


@tagged("post_install", "-at_install")
class TestRebuildStart(RebuildCase):
    def setUp(self):
        super().setUp()
        self._make_customers()
        self._activate()
        self.mine = self.lifecycle.with_user(self.manager)

    def _start(self, **vals):
        return (
            self.env["crm.lifecycle.rebuild.start"]
            .with_user(self.manager)
            .create(
                {
                    "lifecycle_id": self.lifecycle.id,
                    "company_id": self.company.id,
                    "months": 3,
                    "step": "month",
                    **vals,
                }
            )
        )

    def _work(self, action):
        self.assertEqual(action["res_model"], "background.task")
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref(
                "base_background_task.ir_cron_run_tasks"
            ).method_direct_trigger()
        self.env.invalidate_all()
        return self.env["background.task"].browse(action["res_id"])

    def test_it_proposes_a_precision_and_estimates_the_time(self):
        action = self.mine.action_rebuild_history()
        Start = self.env["crm.lifecycle.rebuild.start"].with_user(self.manager)
        form = Form(Start.with_context(**action["context"]))
        self.assertEqual(form.step, "day")
        self.assertEqual(form.date_to, TODAY)
        form.months = 3
        self.assertEqual(form.date_from.isoformat(), "2025-12-02")
        self.assertIn("14 customers", form.estimate)
        with patch.object(replay, "SECONDS_PER_CUSTOMER", 2):
            form = Form(Start.with_context(**action["context"]))
            self.assertEqual(form.step, "month")
            self.assertIn("6 minutes", form.estimate)
            form.step = "day"
            self.assertIn("3 hours", form.estimate)

    def test_the_estimate_follows_customers_and_days(self):
        self.assertEqual(replay.get_default_step(2469, 13), "month")
        self.assertEqual(replay.get_default_step(100, 12), "day")
        # As measured: 388 s
        self.assertAlmostEqual(
            replay.estimate_seconds(2469, 13, "day"), 388, delta=388 * 0.1
        )

    def test_the_preview_shows_what_goes_and_what_comes(self):
        before = self._digest()
        start = self._start()
        start.action_preview()
        self.assertEqual(self._digest(), before)
        for text in ("What stays", "Removed", "Added", "for 30 days"):
            self.assertIn(text, start.result)

    def test_names_of_stages_are_escaped(self):
        self._make_returned()
        self.lost.name = "<b>Lost</b>"
        start = self._start()
        start.action_preview()
        self.assertIn("&lt;b&gt;Lost&lt;/b&gt;", start.result)
        self.assertNotIn("<b>Lost", start.result)

    def test_it_rebuilds_and_undoes(self):
        expected = self._get_fresh_rows()
        before = self._digest()
        self._start().action_rebuild()
        self.env.invalidate_all()
        self.assertEqual(self._read_history(), expected)
        self.assertIn("was rebuilt", self.mine.rebuild_note)
        self.mine.action_undo_rebuild()
        self.env.invalidate_all()
        self.assertEqual(self._digest(), before)
        self.assertFalse(self.mine.rebuild_id)
        with self.assertRaisesRegex(UserError, "no rebuild"):
            self.mine.action_undo_rebuild()

    def _get_fresh_rows(self):
        with self.env.cr.savepoint() as savepoint:
            self._rebuild()
            rows = self._read_history()
            savepoint.rollback()
        self.env.invalidate_all()
        return rows

    def _read_history(self):
        return self._read(HISTORY)

    def test_a_long_rebuild_and_its_undo_run_in_the_background(self):
        before = self._digest()
        with patch.object(work, "SMALL_REPLAY", 0):
            preview = self._start()
            task = self._work(preview.action_preview())
            self.assertEqual(task.state, "done")
            self.assertIn("What stays", preview.result)
            task = self._work(self._start().action_rebuild())
        self.assertEqual(task.state, "done", task.error)
        self.assertIn("The history is rebuilt", task.outcome)
        self.assertEqual(task.user_id, self.manager)
        self.assertNotEqual(self._digest(), before)
        with patch.object(
            type(self.env["crm.lifecycle"]), "_is_undo_long", lambda *args: True
        ):
            task = self._work(self.mine.action_undo_rebuild())
        self.assertIn("The rebuild is undone", task.outcome)
        self.assertEqual(self._digest(), before)

    def test_a_cancelled_rebuild_changes_nothing(self):
        before = self._digest()
        with patch.object(work, "SMALL_REPLAY", 0):
            action = self._start().action_rebuild()
        task = self.env["background.task"].browse(action["res_id"])
        original = replay.replay_day

        def cancel(session):
            task.is_cancel_requested = True
            task.flush_recordset()
            return original(session)

        with patch.object(replay, "replay_day", cancel):
            self._work(action)
        self.assertEqual(task.state, "cancelled")
        self.assertEqual(self._digest(), before)

    def test_only_managers_rebuild(self):
        with self.assertRaises(AccessError):
            self.lifecycle.with_user(self.leader).action_rebuild_history()
        with self.assertRaises(AccessError):
            self.env["crm.lifecycle.rebuild.start"].with_user(self.leader).create(
                {"lifecycle_id": self.lifecycle.id, "months": 1}
            )
        self._rebuild()
        with self.assertRaises(AccessError):
            self.lifecycle.with_user(self.leader).action_undo_rebuild()

    def test_months_have_bounds(self):
        for months in (0, 121):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                self._start(months=months)

    def test_a_draft_has_no_history_to_rebuild(self):
        draft = self.lifecycle.copy()
        with self.assertRaisesRegex(UserError, "not active"):
            draft.with_user(self.manager).action_rebuild_history()


@tagged("post_install", "-at_install")
class TestRebuildTour(RebuildCase, HttpCase):
    def test_a_manager_rebuilds_a_history_and_undoes_it(self):
        partners = self._make_customers()
        self._activate()
        self._set_today(TODAY + timedelta(days=4))
        self._profile(partners[5])._lifecycle_move(self.lost, origin="manual")
        before = self._digest()
        self.env.flush_all()
        self.start_tour(
            f"/odoo/action-crm_lifecycle.crm_lifecycle_action/{self.lifecycle.id}",
            "crm_lifecycle_rebuild",
            login=self.manager.login,
        )
        self.env.invalidate_all()
        rebuild = self.env["crm.lifecycle.rebuild"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(rebuild.state, "undone")
        self.assertEqual(self._digest(), before)
