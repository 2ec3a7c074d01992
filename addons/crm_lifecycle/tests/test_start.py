from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from odoo.addons.base_background_task.progress import Progress

from ..models import crm_lifecycle_background as work
from ..run import phases as run_work
from ..run import replay
from .common import TODAY, LifecycleCase
from .test_preview import get_checksums
from .test_template import CRM, KNOWN


@tagged("post_install", "-at_install")
class TestStart(LifecycleCase):
    """Setting up a lifecycle step by step, as a manager of Sales."""

    def setUp(self):
        super().setUp()
        self.startPatcher(
            patch.object(type(self.company), "_lifecycle_today", lambda company: TODAY)
        )
        # Independent of the other installed addons: only leads provide facts.
        self.known = CRM
        self.startPatcher(
            patch.object(
                type(self.env["crm.lifecycle.template"]),
                "_get_known_facts",
                lambda template: set(self.known),
            )
        )
        self.lifecycle.action_archive()
        self.partner = self._partner("Ada <b>")
        self._lead(days_ago=70, partner_id=self.partner.id).action_set_won()
        self.env["crm.lead"].search(
            [("partner_id", "=", self.partner.id)]
        ).date_closed = TODAY - timedelta(days=60)

    def _start(self, **vals):
        return (
            self.env["crm.lifecycle.start"]
            .with_user(self.manager)
            .create({"template_code": "nurture", **vals})
        )

    def _set(self, start, code, value):
        start.line_ids.filtered(lambda line: line.code == code).value = value

    def test_thresholds_come_with_the_template(self):
        self.known = KNOWN["sale"]
        form = Form(self.env["crm.lifecycle.start"].with_user(self.manager))
        form.template_code = "growth"
        start = form.save()
        follow_up = start.line_ids.filtered("is_follow_up")[:1]
        self.assertRecordValues(
            start.line_ids[:3] | follow_up,
            [
                {
                    "label": "Silent after no order for",
                    "value": 30,
                    "unit": "days",
                    "default_value": 30,
                },
                {
                    "label": "Churned after no order for",
                    "value": 90,
                    "unit": "days",
                    "default_value": 90,
                },
                {
                    "label": "Loyal from",
                    "value": 4,
                    "unit": "purchase_days",
                    "default_value": 4,
                },
                {
                    "label": "Follow up in stage “Prospect” after",
                    "value": 3,
                    "unit": "days",
                    "default_value": 3,
                },
            ],
        )

    def _get_thresholds(self, code, known):
        self.known = known
        lines = self._start(template_code=code).line_ids
        return lines.filtered(lambda line: not line.is_follow_up).mapped("code")

    def test_thresholds_are_those_of_what_is_installed(self):
        """Without tickets, no threshold asks for the days of tickets."""
        sale = [
            *("silent_days", "churn_days", "lost_days"),
            *("loyal_orders", "loyal_months"),
        ]
        tickets = ["complaint_days", "low_rating", "recovery_days"]
        self.assertEqual(self._get_thresholds("activity", KNOWN["crm"]), [])
        self.assertEqual(self._get_thresholds("activity", KNOWN["sale"]), sale)
        self.assertEqual(
            self._get_thresholds("activity", KNOWN["sale and tickets"]), sale + tickets
        )
        self.assertEqual(
            self._get_thresholds("nurture", KNOWN["crm"]), ["dormant_days", "lost_days"]
        )

    def test_a_threshold_that_another_is_compared_with_is_shown_along(self):
        """Only tags use the days of silence, only rules those of churn."""
        template = self.env["crm.lifecycle.template"]._get("activity")
        with patch.dict(template, tags=[]), patch.dict(template["blank"], tags=[]):
            shown = self._get_thresholds("activity", KNOWN["sale"])
        self.assertEqual(shown[:2], ["silent_days", "churn_days"])

    def test_what_is_not_shown_keeps_its_usual_number(self):
        """Rules that are added with tickets later use it."""
        self.known = KNOWN["sale"]
        start = self._start(template_code="activity")
        self._set(start, "churn_days", 60)
        template = self.env["crm.lifecycle.template"]._get(
            "activity", start._get_values()
        )
        names = [rule["name"]["en_US"] for rule in template["rules"]]
        self.assertIn("A ticket is open for 7 days", names)
        self.assertIn("No order for 60 days", names)

    def test_thresholds_go_into_rules_and_stages(self):
        start = self._start()
        self._set(start, "dormant_days", 45)
        self._set(start, "follow_up.nurture", 5)
        lifecycle = self.env["crm.lifecycle"].browse(start.action_start()["res_id"])
        self.assertEqual(lifecycle.state, "draft")
        rules = lifecycle.rule_ids.filtered(lambda rule: "45d" in (rule.domain or ""))
        self.assertIn("No contact for 45 days", rules.mapped("name"))
        self.assertFalse(lifecycle.rule_ids.filtered(lambda rule: "90" in rule.domain))
        stage = lifecycle.stage_ids.filtered(lambda stage: stage.code == "nurture")
        self.assertEqual(stage.follow_up_days, 5)

    def test_the_bounds_of_a_threshold(self):
        start = self._start()
        self._set(start, "lost_days", 1096)
        for value in (1, 1095):
            self._set(start, "dormant_days", value)
            start.step = "template"
            start.action_next()
        for value in (-1, 0, 1096):
            self._set(start, "dormant_days", value)
            with self.assertRaisesRegex(UserError, "from 1 to 1095"):
                start.action_next()

    def test_silent_comes_before_churned(self):
        self.known = KNOWN["sale"]
        start = self._start(template_code="growth")
        self._set(start, "silent_days", 89)
        start.action_next()
        self._set(start, "silent_days", 90)
        with self.assertRaisesRegex(UserError, "less than “Churned after no order"):
            start.action_next()

    def test_going_back_keeps_what_was_entered(self):
        start = self._start()
        start.action_next()
        self._set(start, "dormant_days", 45)
        action = start.action_next()
        self.assertEqual((action["res_id"], start.step), (start.id, "preview"))
        start.action_back()
        self.assertEqual(start.step, "thresholds")
        start.action_back()
        self.assertEqual(
            start.line_ids.filtered(lambda x: x.value == 45).code, "dormant_days"
        )

    def test_the_preview_names_customers_and_writes_nothing(self):
        start = self._start()
        start.action_next()
        before = get_checksums(self.env)
        start.action_next()
        self.assertEqual(get_checksums(self.env), before)
        self.assertIn("Ada &lt;b&gt;", start.result)
        self.assertIn("First opportunity won", start.result)
        self.assertFalse(self._profile(self.partner))

    def test_without_a_past_the_history_begins_today(self):
        start = self._start(step="activate", replay_months=0)
        start.action_activate()
        profile = self._profile(self.partner)
        self.assertEqual(profile.lifecycle_id.name, "Five stages and dormancy")
        self.assertEqual(profile.lifecycle_id.state, "active")
        self.assertEqual(profile.stage_id.code, "maintain")
        self.assertEqual(set(profile.history_ids.mapped("date")), {TODAY})
        self.assertFalse(profile.history_ids.filtered(lambda row: not row.processed_at))

    def test_with_a_past_the_history_has_its_days(self):
        start = self._start(step="activate", replay_months=3, replay_step="day")
        with patch.object(work, "SMALL_REPLAY", 100):
            action = start.action_activate()
        profile = self._profile(self.partner)
        self.assertEqual(
            action["domain"], [("lifecycle_id", "=", profile.lifecycle_id.id)]
        )
        self.assertEqual(
            [
                (row.date, row.to_stage_id.code)
                for row in profile.history_ids.sorted("id")
            ],
            [
                (TODAY - timedelta(days=70), "acquire"),
                (TODAY - timedelta(days=60), "maintain"),
            ],
        )
        self.assertEqual(set(profile.history_ids.mapped("origin")), {"replay"})

    def _work(self, action):
        """Have the scheduled job do the work that an action shows; return the task."""
        self.assertEqual(action["res_model"], "background.task")
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref(
                "base_background_task.ir_cron_run_tasks"
            ).method_direct_trigger()
        self.env.invalidate_all()
        return self.env["background.task"].browse(action["res_id"])

    def test_a_long_past_is_brought_in_in_the_background(self):
        start = self._start(step="activate", replay_months=3, replay_step="day")
        action = start.action_activate()
        self.assertFalse(self._profile(self.partner))
        self.assertFalse(start.active_lifecycle_ids)
        task = self._work(action)
        self.assertRecordValues(
            task,
            [{"state": "done", "user_id": self.manager.id}],
        )
        self.assertIn("is active", task.outcome)
        profile = self._profile(self.partner)
        self.assertEqual(profile.stage_id.code, "maintain")
        self.assertEqual(set(profile.history_ids.mapped("origin")), {"replay"})
        self.assertEqual(
            task.with_user(self.manager).action_open_result()["domain"],
            [["lifecycle_id", "=", profile.lifecycle_id.id]],
        )

    def _activate_by_the_month(self):
        """Activate with a short past, but in the background."""
        start = self._start(step="activate", replay_months=3, replay_step="month")
        with patch.object(work, "SMALL_REPLAY", 0):
            return start.action_activate()

    def test_an_activation_tells_what_it_does_to_its_end(self):
        steps = []
        begin = Progress.begin

        def note(progress, step, total=0, expected=0.0):
            steps.append((step, total))
            return begin(progress, step, total, expected)

        action = self._activate_by_the_month()
        with patch.object(Progress, "begin", note):
            self.assertEqual(self._work(action).state, "done")
        self.assertEqual(
            steps,
            [
                ("Collecting changes", 0),
                ("Refreshing facts", 1),
                ("Replaying the past", 4),
                ("Writing the history", 0),
                ("Collecting changes", 0),
                ("Refreshing facts", 1),
                ("Evaluating rules", 0),
                ("Noting the next reviews", 0),
            ],
        )

    def test_an_activation_is_cancelled_wherever_it_is(self):
        """Both during the replay and after it."""
        for module, name in (
            (replay, "replay_day"),
            (replay, "publish"),
            (run_work, "collect_batch"),
        ):
            original = getattr(module, name)
            action = self._activate_by_the_month()

            def method(session, *args, original=original, task_id=action["res_id"]):
                result = original(session, *args)
                session.env.cr.execute(
                    "UPDATE background_task SET is_cancel_requested = TRUE "
                    "WHERE id = %s",
                    [task_id],
                )
                return result

            with (
                self.subTest(method=name),
                patch("odoo.addons.base_background_task.progress.INTERVAL", 0),
                patch.object(module, name, method),
            ):
                self.assertEqual(self._work(action).state, "cancelled")
                self.assertFalse(self._profile(self.partner).stage_id)
                self.assertFalse(
                    self.env["crm.lifecycle"]._get_active(self.company),
                )

    def test_a_cancelled_activation_changes_nothing(self):
        self.lifecycle.action_unarchive()
        self.lifecycle.action_activate()
        start = self._start(step="activate", replay_months=3, replay_step="day")
        action = start.action_activate()
        before = get_checksums(self.env)
        self.env["background.task"].browse(action["res_id"]).is_cancel_requested = True
        task = self._work(action)
        self.assertEqual(task.state, "cancelled")
        after = get_checksums(self.env)
        for sums in (before, after):  # the task itself, and its notice
            for table in ("background_task", "ir_cron_trigger", "mail_message"):
                sums.pop(table)
        self.assertEqual(after, before)
        self.assertEqual(self.lifecycle.state, "active")

    def test_a_long_preview_is_made_in_the_background(self):
        start = self._start(step="thresholds")
        with patch.object(work, "SMALL_PREVIEW", 0):
            action = start.action_next()
        self.assertFalse(start.result)
        task = self._work(action)
        self.assertEqual(task.state, "done")
        self.assertIn("First opportunity won", start.result)
        action = task.with_user(self.manager).action_open_result()
        self.assertEqual((action["res_id"], start.step), (start.id, "preview"))
        self.assertFalse(self._profile(self.partner))

    def test_how_long_a_replay_lasts_is_told_by_its_days(self):
        Lifecycle = self.env["crm.lifecycle"]
        for months, step, is_long in (
            (0, "day", False),
            (1, "day", False),
            (2, "day", True),
            (8, "week", False),
            (9, "week", True),
            (40, "month", False),
            (41, "month", True),
        ):
            with self.subTest(months=months, step=step):
                self.assertEqual(
                    Lifecycle._is_replay_long(self.company, months, step), is_long
                )
        with patch.object(work, "SMALL_RUN", 0):
            self.assertTrue(Lifecycle._is_replay_long(self.company, 0, "month"))

    def test_what_was_entered_long_ago_is_to_be_entered_again(self):
        start = self._start(step="activate", replay_months=12, replay_step="day")
        action = start.action_activate()
        start.sudo().unlink()
        task = self._work(action)
        self.assertEqual(task.state, "failed")
        self.assertIn("kept for an hour", task.error)

    def test_months_of_the_past_have_bounds(self):
        for months in (-1, 121):
            with self.assertRaisesRegex(UserError, "between 0 and 120"):
                self._start(replay_months=months)

    def test_it_takes_the_place_of_the_active_one_or_stands_behind_it(self):
        for is_replacing in (True, False):
            self.lifecycle.action_unarchive()
            self.lifecycle.action_activate()
            start = self._start(is_replacing=is_replacing, replay_months=0)
            self.assertEqual(start.active_lifecycle_ids, self.lifecycle)
            start.step = "thresholds"
            start.action_next()
            self.assertEqual("First opportunity won" in start.result, is_replacing)
            with self.env.cr.savepoint() as savepoint:
                start.action_activate()
                self.assertEqual(
                    self.lifecycle.state, "archived" if is_replacing else "active"
                )
                taken = self._profile(self.partner).lifecycle_id
                self.assertEqual(taken != self.lifecycle, is_replacing)
                self.env.flush_all()
                savepoint.rollback()
            self.env.invalidate_all()

    def test_the_app_opens_with_how_to_begin_until_a_lifecycle_is_active(self):
        Lifecycle = self.env["crm.lifecycle"].with_user(self.salesperson)
        self.assertEqual(
            Lifecycle._get_first_action()["tag"], "crm_lifecycle.onboarding"
        )
        self.lifecycle.action_unarchive()
        self.lifecycle.action_activate()
        action = Lifecycle._get_first_action()
        self.assertEqual(action["res_model"], "crm.lifecycle.profile")

    def test_a_salesperson_does_not_set_up(self):
        with self.assertRaises(AccessError):
            self.env["crm.lifecycle.start"].with_user(self.leader).create({})

    def test_settings_tell_what_runs(self):
        settings = self.env["res.config.settings"].create({})
        self.assertFalse(settings.lifecycle_active_names)
        self.lifecycle.action_unarchive()
        self.lifecycle.action_activate()
        run = self._run()
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.lifecycle_active_names, "Test lifecycle")
        self.assertEqual(settings.lifecycle_last_run_id, run)
        self.assertEqual(settings.lifecycle_last_run_state, "done")
        self.env.ref("crm_lifecycle.ir_cron_run").active = False
        settings = self.env["res.config.settings"].create({})
        self.assertFalse(settings.lifecycle_is_scheduled)
