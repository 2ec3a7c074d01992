import contextlib
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..models import crm_lifecycle_background as work
from ..run import phases
from ..run.session import Session
from ..wizard import crm_lifecycle_profile_move as many
from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestBackground(LifecycleCase):
    """Runs and moves of many customers as background tasks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Task = cls.env["background.task"]
        cls.cron = cls.env.ref("base_background_task.ir_cron_run_tasks")
        cls.profiles = cls.env["crm.lifecycle.profile"].create(
            [
                {
                    "partner_id": cls._partner(f"Customer {index}").id,
                    "user_id": cls.salesperson.id,
                }
                for index in range(5)
            ]
        )

    def _work(self):
        """Run the scheduled job for the pending work."""
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.env.invalidate_all()

    def _start_move(self, profiles=None, user=None, stage=None, reason="They called"):
        profiles = (self.profiles if profiles is None else profiles).with_user(
            user or self.salesperson
        )
        action = profiles._start_move(stage or self.engaged, reason)
        return self.Task.browse(action["res_id"])

    @contextlib.contextmanager
    def _notices(self):
        """Collect the notifications of users: ``[(user, title, type)]``."""
        notices = []

        def note(users, kind, message, **kwargs):
            if kind == "background_task/finished":
                notices.append((users, message["title"], message["type"]))

        with patch.object(type(self.env["res.users"]), "_bus_send", note):
            yield notices

    # ------------------------------------------------------------
    # Execution
    # ------------------------------------------------------------

    def test_a_salesperson_moves_many_in_the_background(self):
        task = self._start_move()
        self.assertEqual(task.state, "waiting")
        self.assertEqual(self.profiles.stage_id, self.prospect)
        with self._notices() as notices:
            self._work()
        self.assertEqual(task.state, "done")
        self.assertEqual(task.outcome, "5 customers moved.")
        self.assertEqual(self.profiles.stage_id, self.engaged)
        row = self.profiles[0].history_ids.sorted("id")[-1]
        self.assertEqual(row.reason, "They called")
        self.assertEqual(row.user_id, self.salesperson)
        self.assertEqual(
            notices,
            [(self.salesperson, "Done: Move of 5 customers to Engaged", "success")],
        )

    def test_work_is_done_once(self):
        self._start_move()
        self._work()
        self._work()
        for profile in self.profiles:
            self.assertEqual(len(profile.history_ids), 2)

    def test_those_who_can_not_move_are_named_and_the_others_moved(self):
        self.lifecycle.skip_policy = "forbid"
        self.profiles[:3].stage_id = self.engaged
        task = self._start_move(stage=self.customer)
        self._work()
        self.assertEqual(task.state, "done")
        self.assertEqual(self.profiles[:3].stage_id, self.customer)
        self.assertEqual(self.profiles[3:].stage_id, self.prospect)
        self.assertIn("3 customers moved.", task.outcome)
        self.assertIn("2 could not be moved:", task.outcome)
        self.assertIn("Customer 3 can't move to “Customer”", task.outcome)

    def test_rights_are_those_of_the_user_when_the_work_is_done(self):
        """Customers who were assigned to a colleague meanwhile stay where they are."""
        task = self._start_move()
        self.profiles[4].user_id = self.colleague
        self._work()
        self.assertEqual(self.profiles[:4].stage_id, self.engaged)
        self.assertEqual(self.profiles[4].stage_id, self.prospect)
        self.assertIn("4 customers moved.", task.outcome)

    def test_nobody_starts_a_move_of_customers_who_are_not_theirs(self):
        with self.assertRaises(AccessError):
            self._start_move(user=self.colleague)

    def test_a_run_of_many_customers_goes_to_the_background(self):
        lead = self._lead(partner_id=self._partner("New").id)
        with patch.object(work, "SMALL_RUN", 3):
            action = self.lifecycle.with_user(self.manager).action_run()
        self.assertEqual(action["res_model"], "background.task")
        task = self.Task.browse(action["res_id"])
        self._work()
        self.assertEqual(task.state, "done")
        self.assertEqual(self._profile(lead.partner_id).stage_id, self.prospect)
        shown = task.with_user(self.manager).action_open_result()
        run = self.env["crm.lifecycle.run"].browse(shown["res_id"])
        self.assertEqual(run.state, "done")
        self.assertIn("6 customers seen", task.outcome)

    def test_a_run_of_few_customers_is_done_at_once(self):
        action = self.lifecycle.with_user(self.manager).action_run()
        self.assertEqual(action["res_model"], "crm.lifecycle.run")
        run = self.env["crm.lifecycle.run"].browse(action["res_id"])
        self.assertEqual(run.state, "done")

    def test_a_first_run_is_as_big_as_the_contacts_and_leads_are_many(self):
        size = self.env["crm.lifecycle"]._get_run_size
        self.env["crm.lifecycle.profile"].search([]).unlink()
        for _index in range(9):
            self._lead()
        partners = self.env["res.partner"].search_count(
            [("company_id", "in", [False, self.company.id])]
        )
        self.assertEqual(size(self.company, 5), 6)
        self.assertEqual(size(self.company, 10000), max(9, partners))
        self._run()
        self.assertEqual(size(self.company, 10000), 9)

    def _wizard(self):
        return (
            self.env["crm.lifecycle.profile.move"]
            .with_user(self.salesperson)
            .create(
                {
                    "profile_ids": [Command.set(self.profiles.ids)],
                    "stage_id": self.customer.id,
                    "reason": "They called",
                }
            )
        )

    def test_the_move_of_many_chosen_customers_goes_to_the_background(self):
        with patch.object(many, "SMALL_MOVE", 4):
            action = self._wizard().action_move()
        self.assertEqual(action["res_model"], "background.task")
        self._work()
        self.assertEqual(self.profiles.stage_id, self.customer)

    def test_the_move_of_few_is_done_at_once(self):
        with patch.object(many, "SMALL_MOVE", 5):
            self._wizard().action_move()
        self.assertEqual(self.profiles.stage_id, self.customer)

    def test_a_move_that_is_refused_is_not_even_started(self):
        self.lifecycle.skip_policy = "forbid"
        with (
            patch.object(many, "SMALL_MOVE", 4),
            self.assertRaisesRegex(UserError, "Still missing: Engaged"),
        ):
            self._wizard().action_move()
        self.assertFalse(self.Task.search([]))

    # ------------------------------------------------------------
    # Cancellation
    # ------------------------------------------------------------

    def _cancelling(self, cls, name, task):
        """Cancel the task as its user right after a method has done its work."""
        original = getattr(cls, name)

        def method(records, *args, **kwargs):
            result = original(records, *args, **kwargs)
            records.env.cr.execute(
                "UPDATE background_task SET is_cancel_requested = TRUE WHERE id = %s",
                [task.id],
            )
            return result

        return patch.object(cls, name, method)

    def test_a_move_that_is_cancelled_keeps_what_is_done(self):
        task = self._start_move()
        Profile = type(self.env["crm.lifecycle.profile"])
        with (
            patch.object(work, "MOVE_BATCH", 2),
            patch("odoo.addons.base_background_task.progress.INTERVAL", 0),
            self._cancelling(Profile, "_move_some", task),
        ):
            self._work()
        self.assertEqual(task.state, "cancelled")
        stages = self.profiles.mapped("stage_id.code")
        self.assertEqual(self.profiles[:2].stage_id, self.engaged, stages)
        self.assertEqual(self.profiles[2:].stage_id, self.prospect)

    def test_a_run_that_is_cancelled_says_so_and_the_next_does_the_rest(self):
        lead = self._lead(partner_id=self._partner("New").id)
        self._rule(self.engaged, [("open_lead_count", ">", 0)])
        with patch.object(work, "SMALL_RUN", 0):
            action = self.lifecycle.with_user(self.manager).action_run()
        task = self.Task.browse(action["res_id"])
        with (
            patch("odoo.addons.base_background_task.progress.INTERVAL", 0),
            self._cancelling(phases, "collect_batch", task),
        ):
            self._work()
        self.assertEqual(task.state, "cancelled")
        run = self.env["crm.lifecycle.run"].search([], limit=1)
        self.assertEqual((run.state, run.error), ("cancelled", False))
        self.assertFalse(self._profile(lead.partner_id))
        self.env["crm.lifecycle"]._run(self.company)
        self.env.invalidate_all()
        self.assertEqual(self._profile(lead.partner_id).stage_id, self.engaged)

    def test_somebody_elses_work_is_a_managers_to_cancel(self):
        task = self._start_move()
        with self.assertRaises(AccessError):
            task.with_user(self.colleague).action_cancel()
        task.with_user(self.manager).action_cancel()
        self.assertEqual(task.state, "cancelled")

    def test_a_manager_sees_the_tasks_of_lifecycles_alone(self):
        mine, other = self._start_move(), self._start_move()
        other.kind = "other"
        self.assertEqual(self.Task.with_user(self.manager).search([]), mine)
        self.assertEqual(self.Task.with_user(self.salesperson).search([]), mine | other)
        with self.assertRaises(AccessError):
            other.with_user(self.manager).action_cancel()

    # ------------------------------------------------------------
    # Progress
    # ------------------------------------------------------------

    def test_a_run_tells_its_steps(self):
        steps = []
        original = Session.begin_phase

        def begin(session, step, total=0):
            steps.append((step, total))
            return original(session, step, total)

        self._lead(partner_id=self._partner("New").id)
        with patch.object(Session, "begin_phase", begin):
            self._run(checkpoint=lambda done, remaining: None)
        self.assertEqual(
            steps,
            [
                ("collect", 0),
                ("refresh", 6),
                ("evaluate", 0),
                ("move", 1),
                ("review", 0),
            ],
        )

    def test_a_run_in_shards_tells_how_many_have_ended(self):
        run = self.env["crm.lifecycle.run"]._start(self.company, TODAY)
        shards = run._create_shards(4)
        self.assertEqual(run.progress_text, "Shards · 0 of 4")
        shards[0].state = "done"
        self.assertEqual(run.progress_text, "Shards · 1 of 4")
        self.assertEqual(run.progress, 25)
        shards.state = "done"
        self.assertNotIn("Shards", run.progress_text or "")

    def test_a_run_that_nobody_watches_costs_nothing_more(self):
        run = self._run()
        self.assertFalse(run.step)
