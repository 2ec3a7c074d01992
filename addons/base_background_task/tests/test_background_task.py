from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..progress import Cancelled, Progress
from .common import LOGGER, BackgroundTaskCase, task_promote

INTERVAL = "odoo.addons.base_background_task.progress.INTERVAL"


@tagged("post_install", "-at_install")
class TestBackgroundTask(BackgroundTaskCase):
    """Tasks run with the rights of their user, show progress, and can be cancelled."""

    # ------------------------------------------------------------
    # Run
    # ------------------------------------------------------------

    def test_the_scheduled_job_runs_a_task(self):
        task = self._enqueue()
        self.assertEqual(task.state, "waiting")
        self.assertFalse(any(self.partners.mapped("function")))
        with self._collect_notifications() as notifications:
            self._run_job()
        self.assertRecordValues(
            task,
            [
                {
                    "state": "done",
                    "outcome": "3 promoted.",
                    "progress": 100,
                    "has_result": True,
                    "user_id": self.user.id,
                    "company_id": self.company.id,
                }
            ],
        )
        self.assertEqual(self.partners.mapped("function"), ["Director"] * 3)
        self.assertEqual(self.partners.write_uid, self.user)
        self.assertEqual(
            notifications, [(self.user, "Done: Promotion of 3", "success")]
        )
        self.assertEqual(
            task.with_user(self.user).action_open_result(),
            {"res_id": self.partners[0].id},
        )

    def test_a_task_runs_once(self):
        calls = []

        def count(partners, progress, **kwargs):
            calls.append(partners)

        self._enqueue()
        with patch.object(self.registry["res.partner"], "_task_promote", count):
            self._run_job()
            self._run_job()
        self.assertEqual(calls, [self.partners])

    def test_a_user_who_is_away_gets_a_message(self):
        task = self._enqueue()
        self._run_job()
        message = self.env["mail.message"].search(
            [("model", "=", "background.task"), ("res_id", "=", task.id)]
        )
        self.assertEqual(message.subject, "Done: Promotion of 3")
        self.assertEqual(message.partner_ids, self.user.partner_id)

    def test_the_method_has_the_rights_of_the_user(self):
        task = self._enqueue(user=self.colleague)
        with self._collect_notifications() as notifications:
            self._run_job()
        self.assertEqual(task.state, "failed")
        self.assertIn("not allowed to modify", task.error)
        self.assertFalse(any(self.partners.mapped("function")))
        self.assertEqual(
            notifications, [(self.colleague, "Failed: Promotion of 3", "danger")]
        )

    def test_the_task_of_an_archived_user_fails(self):
        task = self._enqueue()
        self.user.active = False
        self._run_job()
        self.assertEqual(task.state, "failed")
        self.assertIn("is archived", task.error)
        self.assertFalse(any(self.partners.mapped("function")))

    def test_an_error_undoes_its_own_batch_and_fails_its_own_task(self):
        first = self._enqueue(self.partners[0])
        second = self._enqueue(self.partners[1])

        def fail_first(partners, progress, **kwargs):
            if partners == self.partners[0]:
                partners.write({"function": "Half way"})
                raise ValueError("boom")
            return task_promote(partners, progress, **kwargs)

        with (
            patch.object(self.registry["res.partner"], "_task_promote", fail_first),
            mute_logger(LOGGER),
            self._collect_notifications() as notifications,
        ):
            self._run_job()
        self.assertEqual(first.state, "failed")
        self.assertIn("ValueError: boom", first.error)
        self.assertFalse(self.partners[0].function)
        self.assertEqual(second.state, "done")
        self.assertEqual(
            [kind for *_rest, kind in notifications], ["danger", "success"]
        )

    def test_only_methods_of_tasks_are_called(self):
        task = self._enqueue()
        task.method = "unlink"
        self._run_job()
        self.assertEqual(task.state, "failed")
        self.assertTrue(self.partners.exists())

    # ------------------------------------------------------------
    # Cancel and start again
    # ------------------------------------------------------------

    def test_a_waiting_task_is_cancelled_at_once(self):
        task = self._enqueue()
        task.with_user(self.user).action_cancel()
        self.assertEqual(task.state, "cancelled")
        self._run_job()
        self.assertFalse(any(self.partners.mapped("function")))

    def test_a_running_task_keeps_its_batches_when_it_is_cancelled(self):
        task = self._enqueue(batch_size=2)
        write = self.registry["res.partner"].write

        def write_and_cancel(partners, vals):
            result = write(partners, vals)
            partners.env["background.task"].sudo().browse(
                task.id
            ).is_cancel_requested = True
            return result

        with (
            patch(INTERVAL, 0),
            patch.object(self.registry["res.partner"], "write", write_and_cancel),
        ):
            self._run_job()
        self.assertEqual(task.state, "cancelled")
        self.assertEqual(
            self.partners.mapped("function"), ["Director", "Director", False]
        )

    def test_cancelling_takes_effect_once(self):
        """What follows, such as storing the end, is not interrupted again."""
        task = self._enqueue()
        task.is_cancel_requested = True
        self.env.flush_all()
        with self.enter_registry_test_mode():
            progress = Progress(task, commit=lambda: None)
            with self.assertRaises(Cancelled):
                progress.begin("Promoting")
            progress(1)

    def test_a_closed_progress_can_not_be_cancelled(self):
        task = self._enqueue()
        task.is_cancel_requested = True
        self.env.flush_all()
        with self.enter_registry_test_mode():
            progress = Progress(task, commit=lambda: None)
            progress.close()
            progress.begin("Promoting")

    def test_users_see_and_cancel_their_own_tasks(self):
        task = self._enqueue()
        self.assertEqual(self.Task.with_user(self.user).search([]), task)
        self.assertFalse(self.Task.with_user(self.colleague).search([]))
        with self.assertRaises(AccessError):
            task.with_user(self.colleague).action_cancel()

    def test_administrators_see_and_cancel_all_tasks(self):
        task = self._enqueue()
        self.assertEqual(self.Task.with_user(self.admin).search([]), task)
        task.with_user(self.admin).action_cancel()
        self.assertEqual(task.state, "cancelled")

    def test_a_user_who_only_reads_a_task_of_another_can_not_cancel_it(self):
        """Another addon may let users read the tasks of others, and no more."""
        task = self._enqueue()
        self.env.ref("base_background_task.background_task_own_rule").unlink()
        with self.assertRaisesRegex(AccessError, "Ask this user"):
            task.with_user(self.colleague).action_cancel()

    def test_no_user_writes_a_task(self):
        task = self._enqueue()
        with self.assertRaises(AccessError):
            task.with_user(self.admin).write({"name": "Other"})
        with self.assertRaises(AccessError):
            self.Task.with_user(self.admin).create(
                {"name": "Other", "model": "res.users", "method": "unlink"}
            )
        with self.assertRaises(AccessError):
            task.with_user(self.user).read(["method"])

    def test_a_task_whose_process_died_is_interrupted_and_starts_again(self):
        task = self._enqueue()
        task.write({"state": "running", "date_start": fields.Datetime.now()})
        mine = task.with_user(self.user)
        self.assertIn("server stopped", mine.progress_text)
        with self._collect_notifications() as notifications:
            self._run_job()
        self.assertEqual(task.state, "interrupted")
        self.assertEqual([kind for *_rest, kind in notifications], ["warning"])
        again = self.Task.browse(mine.action_start_again()["res_id"])
        self.assertNotEqual(again, task)
        self._run_job()
        self.assertEqual(again.state, "done")
        self.assertEqual(self.partners.mapped("function"), ["Director"] * 3)

    def test_a_task_that_is_locked_is_alive(self):
        task = self._enqueue()
        self.assertTrue(task._acquire())
        self.addCleanup(task._release)
        self.assertTrue(task._is_alive())
        self.Task._finish_interrupted()
        self.assertEqual(task.state, "running")
        self.assertFalse(task._acquire(), "acquired twice")

    def test_only_its_own_user_starts_a_task_again(self):
        task = self._enqueue()
        with self.assertRaisesRegex(UserError, "is not finished yet"):
            task.with_user(self.user).action_start_again()
        task.with_user(self.user).action_cancel()
        with self.assertRaisesRegex(UserError, "Only this user can start it again"):
            task.with_user(self.admin).action_start_again()

    # ------------------------------------------------------------
    # Progress
    # ------------------------------------------------------------

    def test_the_time_left_follows_from_the_items_done(self):
        part = self.Task._get_part
        self.assertEqual(part(0, 100, 10, 0), (0.0, None))
        self.assertEqual(part(25, 100, 10, 0), (0.25, 30.0))
        self.assertEqual(part(100, 100, 10, 0), (1.0, 0.0))
        # No item is done yet, but the step took 40 seconds the last time.
        self.assertEqual(part(0, 100, 10, 40), (0.25, 30))
        self.assertEqual(part(0, 100, 99, 40), (0.95, 0))
        text = self.Task._get_time_left_text
        self.assertEqual(text(59), "less than a minute left")
        self.assertEqual(text(60), "about 1 min left")
        self.assertEqual(text(3720), "about 1 h 2 min left")

    def test_progress_is_shown_in_words(self):
        task = self._enqueue()
        self.assertEqual(task.progress_text, "Waiting for its turn")
        task.write({"state": "running", "step": "Promoting"})
        task.write({"done_count": 1200, "total_count": 23570})
        with patch.object(type(task), "_is_alive", return_value=True):
            self.assertEqual(task.progress_text, "Promoting · 1,200 of 23,570")
        self.assertAlmostEqual(task.progress, 5.0912, 3)
        task.is_cancel_requested = True
        with patch.object(type(task), "_is_alive", return_value=True):
            self.assertEqual(task.progress_text, "Cancelling…")

    def test_a_task_that_waits_without_a_worker_says_so(self):
        task = self._enqueue()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE background_task SET create_date = create_date - interval '1h'"
        )
        self.env.invalidate_all()
        self.assertIn("scheduled jobs", task.progress_text)

    def test_a_wizard_that_was_deleted_is_refused(self):
        wizard = self.env["res.config.settings"].create({})
        self.assertEqual(self.Task._ensure_wizard(wizard), wizard)
        wizard.unlink()
        with self.assertRaisesRegex(UserError, "kept for an hour"):
            self.Task._ensure_wizard(wizard)

    def test_old_tasks_are_deleted(self):
        old, young, waiting = (self._enqueue(partner) for partner in self.partners)
        now = fields.Datetime.now()
        old.write({"state": "done", "date_end": now - timedelta(days=91)})
        young.write({"state": "done", "date_end": now - timedelta(days=89)})
        self.Task._gc_tasks()
        self.assertEqual((old | young | waiting).exists(), young | waiting)
