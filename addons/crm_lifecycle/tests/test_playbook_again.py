"""Failed steps, repeated visits, and moves that trigger moves."""

from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models.crm_lifecycle_playbook_log_worker import MAX_CHAIN
from .common import TODAY
from .test_playbook import STEP_LOGGER, PlaybookCase


@tagged("post_install", "-at_install")
class TestRetry(PlaybookCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broken = cls._action("record.no_such_field", name="Broken")
        cls.counting = cls._action(name="Count")
        cls.engaged.enter_action_ids = cls.broken | cls.counting

    def _fail(self):
        self._move(self.profile, self.engaged)
        with mute_logger(STEP_LOGGER):
            steps = self._work()
        self.assertEqual(steps.mapped("state"), ["failed", "done"])
        return steps[0].with_user(self.manager)

    def test_the_step_alone_is_done_again(self):
        step = self._fail()
        self.broken.code = "record.write({'note': 'Mended'})"
        answer = step.action_retry()
        self.assertEqual(answer["params"]["type"], "success")
        self.assertRecordValues(
            step,
            [
                {
                    "state": "done",
                    "reason": False,
                    "retry_user_id": self.manager.id,
                }
            ],
        )
        self.assertRecordValues(self.profile, [{"color": 1, "note": "<p>Mended</p>"}])

    def test_what_was_done_is_not_done_again(self):
        step = self._fail()
        self.broken.code = self.counting.code
        step.action_retry()
        step.action_retry()
        step.search([("profile_id", "=", self.profile.id)]).action_retry()
        self.assertEqual(self.profile.color, 2)

    def test_it_may_fail_again_and_says_how(self):
        step = self._fail()
        self.broken.code = "raise UserError('Not on a Sunday')"
        with mute_logger(STEP_LOGGER):
            answer = step.action_retry()
        self.assertEqual(answer["params"]["type"], "danger")
        self.assertEqual((step.state, step.reason), ("failed", "Not on a Sunday"))

    def test_for_whom_has_left_it_is_skipped(self):
        step = self._fail()
        self._move(self.profile, self.customer)
        step.action_retry()
        self.assertEqual(step.state, "skipped")
        self.assertIn("left the stage", step.reason)

    def test_a_step_taken_out_of_the_playbook_is_set_aside(self):
        step = self._fail()
        self.engaged.enter_action_ids -= self.broken
        answer = step.action_retry()
        self.assertEqual(answer["params"]["type"], "warning")
        self.assertEqual(step.state, "skipped")
        self.assertIn("no such step", step.reason)

    def test_an_email_skipped_for_want_of_an_address_goes_out_later(self):
        self.engaged.enter_action_ids = False
        self.engaged.mail_template_id = self._template()
        self.profile.partner_id.email = False
        self._move(self.profile, self.engaged)
        step = self._work().with_user(self.manager)
        self.assertEqual(step.state, "skipped")
        self.profile.partner_id.email = "ada@example.com"
        step.action_retry()
        self.assertEqual(step.state, "done")
        self.assertEqual(len(self._mails(self.profile)), 1)

    def test_only_administrators_of_sales_try_again(self):
        step = self._fail()
        for user in (self.salesperson, self.leader):
            with self.assertRaises(AccessError):
                step.with_user(user).action_retry()
        stranger = self.env["res.company"].create({"name": "Stranger"})
        user = new_test_user(
            self.env,
            "stan",
            groups="sales_team.group_sale_manager",
            company_id=stranger.id,
            company_ids=[Command.set(stranger.ids)],
        )
        with self.assertRaises(AccessError):
            step.with_user(user).with_context(
                allowed_company_ids=stranger.ids
            ).action_retry()
        self.assertEqual(step.state, "failed")

    def test_failures_are_counted_where_people_look(self):
        step = self._fail()
        records = (self.profile, self.engaged, self.lifecycle)
        for record in records:
            record = record.with_user(self.manager)
            with self.subTest(record=record):
                self.assertEqual(record.failed_step_count, 1)
                action = record.action_open_failed_steps()
                self.assertEqual(
                    step.search(action["domain"]).filtered(
                        lambda item: item.state == "failed"
                    ),
                    step,
                )
        self.assertFalse(self.prospect.failed_step_count)
        self.broken.code = "pass"
        step.action_retry()
        self.env.invalidate_all()
        self.assertFalse(any(record.failed_step_count for record in records))

    def test_failures_are_counted_in_one_query_for_a_list(self):
        self._fail()
        profiles = self.profile | self._customer("Bob") | self._customer("Cid")
        self.env.invalidate_all()
        with self.assertQueryCount(1):
            self.assertEqual(profiles.mapped("failed_step_count"), [1, 0, 0])


@tagged("post_install", "-at_install")
class TestReentry(PlaybookCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engaged.write(
            {
                "enter_action_ids": cls._action().ids,
                "activity_plan_id": cls._plan().id,
                "mail_template_id": cls._template().id,
            }
        )

    def _visit(self, begin, end):
        """Stay in the stage between two days; return the steps of the entry."""
        for stage, number in ((self.engaged, begin), (self.customer, end)):
            self.profile._lifecycle_move(
                stage, origin="rule", as_of=TODAY + timedelta(days=number)
            )
            steps = self._work()
            if stage == self.engaged:
                entry = steps
        return entry.filtered(lambda step: step.kind != "close")

    def test_every_time_is_how_it_begins(self):
        for begin in (0, 10):
            self.assertEqual(
                set(self._visit(begin, begin + 1).mapped("state")), {"done"}
            )
        self.assertEqual(self.profile.color, 2)
        self.assertEqual(len(self._mails(self.profile)), 2)

    def test_once_ever(self):
        self.engaged.reentry_mode = "once"
        self._visit(0, 1)
        for begin in (10, 400):
            steps = self._visit(begin, begin + 1)
            self.assertEqual(steps.mapped("state"), ["skipped"] * 3)
            self.assertIn("once for each customer", steps[0].reason)
        self.assertEqual(self.profile.color, 1)
        self.assertEqual(len(self._mails(self.profile)), 1)
        self.assertFalse(self._activities(self.profile))

    def test_again_after_days_counts_from_the_end_of_the_visit(self):
        self.engaged.write({"reentry_mode": "after_days", "reentry_days": 30})
        self._visit(0, 5)
        for begin, state in ((34, "skipped"), (35, "done"), (64, "skipped")):
            with self.subTest(day=begin):
                steps = self._visit(begin, begin)
                self.assertEqual(set(steps.mapped("state")), {state})
        self.assertEqual(self.profile.color, 2)
        self.assertIn("30 days later", steps[0].reason)

    def test_a_quiet_visit_has_not_had_the_playbook(self):
        self.engaged.reentry_mode = "once"
        self.profile._lifecycle_move(self.engaged, origin="import", as_of=TODAY)
        self.profile._lifecycle_move(self.customer, origin="replay", as_of=TODAY)
        self.assertEqual(set(self._visit(1, 2).mapped("state")), {"done"})
        self.assertEqual(set(self._visit(3, 4).mapped("state")), {"skipped"})

    def test_what_failed_or_was_skipped_is_still_to_be_done(self):
        self.engaged.reentry_mode = "once"
        self.profile.partner_id.email = False
        self._visit(0, 1)
        self.profile.partner_id.email = "ada@example.com"
        steps = self._visit(2, 3)
        self.assertEqual(
            {step.kind: step.state for step in steps},
            {"enter": "skipped", "plan": "skipped", "mail": "done"},
        )

    def test_another_stage_counts_for_itself(self):
        """The same action in two stages is two steps."""
        self.engaged.reentry_mode = self.risk.reentry_mode = "once"
        self.risk.enter_action_ids = self.engaged.enter_action_ids
        self._visit(0, 1)
        self._move(self.profile, self.risk)
        self._work()
        self.assertEqual(self.profile.color, 2)

    def test_another_customer_counts_for_themselves(self):
        self.engaged.reentry_mode = "once"
        self._visit(0, 1)
        other = self._customer("Bob", user_id=self.salesperson.id)
        self._move(other, self.engaged)
        self._work()
        self.assertEqual(other.color, 1)

    def test_after_a_merge_the_past_of_both_counts(self):
        self.engaged.reentry_mode = "once"
        self._visit(0, 1)
        other = self._customer("Bob", user_id=self.salesperson.id)
        other._merge_from(self.profile)
        self._move(other, self.engaged)
        self.assertIn("skipped", self._work().mapped("state"))
        self.assertEqual(other.color, 0)

    def test_actions_on_exit_run_each_time(self):
        self.engaged.write(
            {
                "reentry_mode": "once",
                "enter_action_ids": False,
                "exit_action_ids": self._action().ids,
            }
        )
        self._visit(0, 1)
        self._visit(2, 3)
        self.assertEqual(self.profile.color, 2)


@tagged("post_install", "-at_install")
class TestFill(PlaybookCase):
    """Stages that are only passed through are neither entered nor left."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lifecycle.skip_policy = "fill"
        for stage in (cls.prospect, cls.engaged, cls.customer):
            cls._mark(stage)

    @classmethod
    def _mark(cls, stage):
        """Add an action on entry and an action on exit."""
        for name, word in (("enter_action_ids", "in"), ("exit_action_ids", "out")):
            stage[name] = cls._action(name=f"{word} {stage.code}")

    def _names(self, steps):
        return steps.mapped("name")

    def test_the_stage_really_left_is_left(self):
        self._move(self.profile, self.customer)
        self.assertEqual(
            self._moves(self.profile)[-2:],
            [("prospect", "engaged", "rule"), ("engaged", "customer", "rule")],
        )
        steps = self._work()
        self.assertEqual(self._names(steps), ["out prospect", "in customer"])
        self.assertEqual(steps.stage_id, self.prospect | self.customer)

    def test_the_exit_alone_wakes_the_worker(self):
        (self.engaged | self.customer).write(
            {"enter_action_ids": False, "exit_action_ids": False}
        )
        self._move(self.profile, self.customer)
        self.assertEqual(self._names(self._work()), ["out prospect"])

    def test_a_second_jump_leaves_where_it_began(self):
        loyal = self.env["crm.lifecycle.stage"].create(
            [
                {
                    "lifecycle_id": self.lifecycle.id,
                    "name": name,
                    "code": name,
                    "category": "loyal",
                    "sequence": 10 + sequence,
                }
                for sequence, name in enumerate(("loyal", "fan"))
            ]
        )
        self._move(self.profile, self.customer, loyal[1])
        self.assertEqual(
            self._names(self._work()),
            ["out prospect", "in customer", "out customer"],
        )

    def test_without_a_jump_nothing_changes(self):
        self._move(self.profile, self.engaged)
        self.assertEqual(self._names(self._work()), ["out prospect", "in engaged"])
        self._move(self.profile, self.customer)
        self.assertEqual(self._names(self._work()), ["out engaged", "in customer"])


@tagged("post_install", "-at_install")
class TestChain(PlaybookCase):
    """Two stages with actions that move the customer to each other."""

    def _send_on(self, stage, target):
        stage.enter_action_ids = self._action(
            state="lifecycle_move", lifecycle_stage_id=target.id
        )

    def test_moves_back_and_forth_come_to_an_end(self):
        self._send_on(self.engaged, self.customer)
        self._send_on(self.customer, self.engaged)
        self._move(self.profile, self.engaged)
        begun = len(self.profile.history_ids)
        with mute_logger(STEP_LOGGER):
            for _call in range(3 * MAX_CHAIN):
                self._work()
        self.assertFalse(self._waiting())
        self.assertEqual(len(self.profile.history_ids) - begun, MAX_CHAIN)
        failed = self.env["crm.lifecycle.playbook.log"].search(
            [("profile_id", "=", self.profile.id), ("state", "=", "failed")]
        )
        self.assertEqual(len(failed), 1)
        self.assertIn("in a circle", failed.reason)
        self.assertIn("“Customer”", failed.reason)

    def test_two_customers_who_send_each_other_come_to_an_end(self):
        other = self._customer("Bob")
        for stage, target in (
            (self.engaged, self.customer),
            (self.customer, self.engaged),
        ):
            stage.enter_action_ids = self._action(
                f"""
for profile in env['crm.lifecycle.profile'].browse({(self.profile | other).ids}):
    if profile != record:
        profile.write({{'stage_id': {target.id}}})
"""
            )
        self._move(self.profile, self.engaged)
        with mute_logger(STEP_LOGGER):
            for _call in range(4 * MAX_CHAIN):
                self._work()
        self.assertFalse(self._waiting())
        self.assertLessEqual(len((self.profile | other).history_ids), 3 + 2 * MAX_CHAIN)

    def test_a_move_by_somebody_begins_anew(self):
        self._send_on(self.engaged, self.customer)
        for _round in range(MAX_CHAIN + 2):
            self._move(self.profile, self.engaged)
            self._work()
        self.assertEqual(self.profile.stage_id, self.customer)

    def test_whoever_has_mended_the_actions_may_try_again(self):
        self._send_on(self.engaged, self.customer)
        self._send_on(self.customer, self.engaged)
        self._move(self.profile, self.engaged)
        with mute_logger(STEP_LOGGER):
            for _call in range(3 * MAX_CHAIN):
                self._work()
        failed = self.env["crm.lifecycle.playbook.log"].search(
            [("profile_id", "=", self.profile.id), ("state", "=", "failed")]
        )
        self.assertEqual(self.profile.stage_id, self.engaged)
        self.customer.enter_action_ids = False
        failed.with_user(self.manager).action_retry()
        self.assertEqual(failed.state, "done")
        self.assertEqual(self.profile.stage_id, self.customer)


@tagged("post_install", "-at_install")
class TestBlacklist(PlaybookCase):
    def _greet(self, profile=None, **vals):
        profile = profile or self.profile
        self.engaged.mail_template_id = self._template(**vals)
        self._move(profile, self.prospect)
        self._work()
        self._move(profile, self.engaged)
        return self._work()

    def _refuse(self, *emails):
        for email in emails:
            self.env["mail.blacklist"]._add(email)

    def test_who_has_refused_gets_no_email(self):
        self._refuse("ADA@example.com")
        step = self._greet()
        self.assertEqual(step.state, "skipped")
        self.assertIn("blacklist", step.reason)
        self.assertFalse(self._mails(self.profile))

    def test_who_has_thought_better_of_it_gets_them_again(self):
        self._refuse("ada@example.com")
        self.env["mail.blacklist"]._remove("ada@example.com")
        self.assertEqual(self._greet().state, "done")

    def test_a_lead_may_refuse_as_well(self):
        lead = self._lead(email_from="Bob <bob@example.com>")
        self._run()
        self._refuse("bob@example.com")
        self.assertIn("blacklist", self._greet(self._profile(lead)).reason)

    def test_the_others_get_it_all_the_same(self):
        self._refuse("ada@example.com", "gone@example.com")
        step = self._greet(
            use_default_to=False,
            partner_to=str(self.profile.partner_id.id),
            email_to="Eve <eve@example.com>, gone@example.com",
            email_cc="gone@example.com, sue@example.com",
        )
        self.assertEqual(step.state, "done")
        mail = self._mails(self.profile)
        self.assertFalse(mail.recipient_ids)
        self.assertIn("eve@example.com", mail.email_to)
        self.assertEqual(mail.email_cc, "sue@example.com")
        self.assertNotIn("gone", mail.email_to)
