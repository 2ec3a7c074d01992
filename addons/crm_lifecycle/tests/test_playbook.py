"""What a move triggers: activities, emails and server actions, once each."""

from datetime import date, timedelta
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_cron import IrCron

from ..models import crm_lifecycle_playbook_log_worker
from .common import TODAY, LifecycleCase

STEP_LOGGER = "odoo.addons.crm_lifecycle.models.crm_lifecycle_playbook_log_worker"


class PlaybookCase(LifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cron = cls.env.ref("crm_lifecycle.ir_cron_playbook")
        cls.model = cls.env["ir.model"]._get("crm.lifecycle.profile")
        # Ignore the moves that other data of the database left unprocessed.
        cls.env["crm.lifecycle.history"].search(
            [("processed_at", "=", False)]
        )._set_processed()
        cls.profile = cls._customer(
            "Ada", user_id=cls.salesperson.id, email="ada@example.com"
        )

    @classmethod
    def _customer(cls, name="Ada", user_id=False, **vals):
        profile = super()._customer(name, **vals)
        profile.user_id = user_id
        return profile

    @classmethod
    def _action(cls, code="record.write({'color': record.color + 1})", **vals):
        return cls.env["ir.actions.server"].create(
            {
                "name": "Count",
                "model_id": cls.model.id,
                "state": "code",
                "code": code,
                **vals,
            }
        )

    @classmethod
    def _plan(cls, *lines, **vals):
        return cls.env["mail.activity.plan"].create(
            {
                "name": "Welcome",
                "res_model": "crm.lifecycle.profile",
                "company_id": cls.company.id,
                "template_ids": [
                    Command.create(
                        {
                            "activity_type_id": cls.env.ref(
                                "mail.mail_activity_data_call"
                            ).id,
                            "delay_count": 2,
                            "delay_from": "after_plan_date",
                            **line,
                        }
                    )
                    for line in lines or [{"summary": "Call"}]
                ],
                **vals,
            }
        )

    @classmethod
    def _template(cls, **vals):
        return cls.env["mail.template"].create(
            {
                "name": "Welcome",
                "model_id": cls.model.id,
                "subject": "Welcome, {{ object.display_name }}",
                "body_html": "<p>Good to see you.</p>",
                **vals,
            }
        )

    def _move(self, profile, *stages, **kwargs):
        for stage in stages:
            profile._lifecycle_move(stage, origin="rule", as_of=TODAY, **kwargs)

    def _work(self, succeeds=True):
        """Run the scheduled job; return the new steps, oldest first."""
        Log = self.env["crm.lifecycle.playbook.log"]
        before = Log.search([])
        self.env.flush_all()
        with self.enter_registry_test_mode():
            result = self.cron.method_direct_trigger()
        self.assertEqual(result is True, succeeds)
        self.env.invalidate_all()
        return (Log.search([]) - before).sorted("id")

    def _log(self, steps):
        return [(step.kind, step.name, step.state) for step in steps]

    def _activities(self, profile):
        return self.env["mail.activity"].search(
            [("res_model", "=", profile._name), ("res_id", "=", profile.id)]
        )

    def _mails(self, profile):
        return self.env["mail.mail"].search(
            [
                ("model", "=", profile._name),
                ("res_id", "=", profile.id),
                ("is_notification", "=", False),
            ]
        )

    def _waiting(self):
        return self.env["crm.lifecycle.history"].search([("processed_at", "=", False)])


@tagged("post_install", "-at_install")
class TestPlaybook(PlaybookCase):
    # ------------------------------------------------------------
    # Kinds of steps
    # ------------------------------------------------------------

    def test_actions_run_on_exit_and_on_entry(self):
        self.prospect.exit_action_ids = self._action("record.write({'note': 'Left'})")
        self.engaged.enter_action_ids = self._action(name="Count in")
        self._move(self.profile, self.engaged)
        steps = self._work()
        self.assertEqual(
            self._log(steps), [("exit", "Count", "done"), ("enter", "Count in", "done")]
        )
        self.assertRecordValues(self.profile, [{"color": 1, "note": "<p>Left</p>"}])
        self.assertRecordValues(
            steps[0],
            [
                {
                    "history_id": self.profile.history_ids.sorted("id")[-1].id,
                    "profile_id": self.profile.id,
                    "company_id": self.company.id,
                    "key": f"exit:{self.prospect.exit_action_ids.id}",
                    "reason": False,
                }
            ],
        )
        self.assertTrue(steps[0].history_id.processed_at)

    def test_a_plan_is_scheduled_for_the_salesperson(self):
        self.engaged.activity_plan_id = self._plan(
            {"summary": "Call"},
            {
                "summary": "Look over",
                "responsible_type": "other",
                "responsible_id": self.leader.id,
                "delay_count": 1,
                "delay_unit": "weeks",
            },
        )
        self._move(self.profile, self.engaged)
        steps = self._work()
        self.assertEqual(
            self._log(steps), [("plan", "Call", "done"), ("plan", "Look over", "done")]
        )
        self.assertRecordValues(
            steps.activity_id.sorted("id"),
            [
                {
                    "res_id": self.profile.id,
                    "summary": "Call",
                    "user_id": self.salesperson.id,
                    "date_deadline": TODAY + timedelta(days=2),
                },
                {
                    "res_id": self.profile.id,
                    "summary": "Look over",
                    "user_id": self.leader.id,
                    "date_deadline": TODAY + timedelta(days=7),
                },
            ],
        )

    def test_without_a_salesperson_what_they_would_do_is_skipped(self):
        self.engaged.activity_plan_id = self._plan(
            {"summary": "Call"},
            {
                "summary": "Look over",
                "responsible_type": "other",
                "responsible_id": self.leader.id,
            },
        )
        self.profile.user_id = False
        self._move(self.profile, self.engaged)
        steps = self._work()
        self.assertEqual(steps.mapped("state"), ["skipped", "done"])
        self.assertIn("no salesperson", steps[0].reason)
        self.assertEqual(self._activities(self.profile).summary, "Look over")

    def test_another_companys_plan_is_skipped(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.engaged.activity_plan_id = self._plan(company_id=other.id)
        self._move(self.profile, self.engaged)
        self.assertEqual(self._work().state, "skipped")
        self.assertFalse(self._activities(self.profile))

    def test_an_email_is_queued_in_the_language_of_the_customer(self):
        template = self._template()
        self.env["res.lang"]._activate_lang("zh_CN")
        template.with_context(lang="zh_CN").subject = "欢迎"
        self.profile.partner_id.lang = "zh_CN"
        self.engaged.mail_template_id = template
        self._move(self.profile, self.engaged)
        self.assertEqual(self._log(self._work()), [("mail", "Welcome", "done")])
        self.assertRecordValues(
            self._mails(self.profile),
            [
                {
                    "state": "outgoing",
                    "subject": "欢迎",
                    "recipient_ids": self.profile.partner_id.ids,
                    "author_id": self.salesperson.partner_id.id,
                }
            ],
        )

    def test_an_email_goes_where_the_template_says(self):
        for values, partners in [
            ({"use_default_to": False}, self.profile.partner_id),
            (
                {
                    "use_default_to": False,
                    "partner_to": "{{ object.user_id.partner_id.id }}",
                },
                self.salesperson.partner_id,
            ),
        ]:
            with self.subTest(values=values):
                self.engaged.mail_template_id = self._template(**values)
                self._move(self.profile, self.engaged)
                self._work()
                mails = self._mails(self.profile)
                self.assertEqual(mails.recipient_ids, partners)
                mails.unlink()
                self._move(self.profile, self.prospect)

    def test_an_email_to_nobody_is_skipped(self):
        """Nor is it sent to the customer if the template has another recipient."""
        self.profile.user_id = False
        for values in (
            {},
            {"use_default_to": False},
            {
                "use_default_to": False,
                "partner_to": "{{ object.user_id.partner_id.id or '' }}",
            },
        ):
            with self.subTest(values=values):
                self.profile.partner_id.email = (
                    "ada@example.com" if "partner_to" in values else False
                )
                self.engaged.mail_template_id = self._template(**values)
                self._move(self.profile, self.engaged)
                step = self._work()
                self.assertEqual(step.state, "skipped")
                self.assertIn("no email", step.reason)
                self.assertFalse(self._mails(self.profile))
                self._move(self.profile, self.prospect)

    def test_a_lead_without_contact_gets_the_email(self):
        lead = self._lead(email_from="Bob <bob@example.com>")
        self._run()
        profile = self._profile(lead)
        self.engaged.mail_template_id = self._template()
        self._move(profile, self.engaged)
        self.assertEqual(self._work().state, "done")
        self.assertIn("bob@example.com", self._mails(profile).email_to)

    # ------------------------------------------------------------
    # Closing
    # ------------------------------------------------------------

    def test_open_activities_are_closed_on_leaving(self):
        self.engaged.activity_plan_id = self._plan(
            {"summary": "Call"}, {"summary": "Write"}
        )
        self._move(self.profile, self.engaged)
        done, opened = self._work().activity_id.sorted("id")
        own = self.profile.activity_schedule(
            "mail.mail_activity_data_todo", summary="Mine", user_id=self.salesperson.id
        )
        done.action_feedback("Called")
        self._move(self.profile, self.customer)
        step = self._work()
        self.assertEqual(self._log(step), [("close", "Close open activities", "done")])
        self.assertEqual(step.reason, "No longer due: Write")
        self.assertFalse(opened.exists())
        self.assertTrue(done.exists().date_done)
        self.assertEqual(self._activities(self.profile), own)

    def test_activities_are_closed_though_the_plan_was_taken_away(self):
        self.engaged.activity_plan_id = self._plan()
        self._move(self.profile, self.engaged)
        self._work()
        self.engaged.activity_plan_id = False
        self._move(self.profile, self.customer)
        self._work()
        self.assertFalse(self._activities(self.profile))

    def test_activities_are_closed_though_stages_were_passed_through(self):
        self.lifecycle.skip_policy = "fill"
        self.prospect.activity_plan_id = self._plan()
        self._move(self.profile, self.risk, self.prospect)
        self._work()
        self.assertTrue(self._activities(self.profile))
        self._move(self.profile, self.customer)
        self._work()
        self.assertFalse(self._activities(self.profile))

    def test_activities_are_closed_after_a_merge(self):
        self.engaged.activity_plan_id = self._plan()
        self._move(self.profile, self.engaged)
        steps = self._work()
        other = self._customer("Bob")
        other._merge_from(self.profile)
        self.assertEqual(steps.profile_id, other)
        self.assertEqual(self._activities(other), steps.activity_id)
        self._move(other, self.customer)
        self._work()
        self.assertFalse(self._activities(other))

    # ------------------------------------------------------------
    # Repetition and errors
    # ------------------------------------------------------------

    def test_each_step_happens_once(self):
        self.engaged.write(
            {
                "enter_action_ids": self._action().ids,
                "activity_plan_id": self._plan().id,
                "mail_template_id": self._template().id,
            }
        )
        self._move(self.profile, self.engaged)
        self.assertEqual(len(self._work()), 3)
        self.assertFalse(self._work())
        # Not even if a row becomes pending again.
        row = self.profile.history_ids.sorted("id")[-1]
        self.env.cr.execute(
            "UPDATE crm_lifecycle_history SET processed_at = NULL WHERE id = %s",
            [row.id],
        )
        self.env.invalidate_all()
        self.assertFalse(self._work())
        self.assertTrue(row.processed_at)
        self.assertEqual(self.profile.color, 1)
        self.assertEqual(len(self._activities(self.profile)), 1)
        self.assertEqual(len(self._mails(self.profile)), 1)

    def test_a_failing_step_is_recorded_and_the_others_go_on(self):
        self.engaged.enter_action_ids = (
            self._action("record.write({'color': 7})\nrecord.no_such_field", sequence=1)
            | self._action("raise UserError('Not on a Sunday')", sequence=2)
            | self._action("env.cr.execute('SELECT nothing')", sequence=3)
            | self._action(sequence=4)
        )
        self.engaged.activity_plan_id = self._plan()
        other = self._customer("Bob")
        self._move(self.profile | other, self.engaged)
        with mute_logger(STEP_LOGGER, "odoo.sql_db"):
            steps = self._work()
        self.assertEqual(
            steps.filtered(lambda step: step.profile_id == self.profile).mapped(
                "state"
            ),
            ["failed", "failed", "failed", "done", "done"],
        )
        self.assertIn("no_such_field", steps[0].reason)
        self.assertEqual(steps[1].reason, "Not on a Sunday")
        self.assertIn("nothing", steps[2].reason)
        self.assertEqual((self.profile | other).mapped("color"), [1, 1])
        self.assertFalse(self._waiting())

    def test_a_move_that_breaks_off_holds_up_nobody_else(self):
        self.engaged.enter_action_ids = self._action()
        other = self._customer("Bob")
        self._move(self.profile, self.engaged)
        self._move(other, self.engaged)
        bad = self.profile.history_ids.sorted("id")[-1]
        Log = type(self.env["crm.lifecycle.playbook.log"])
        get_steps = Log._get_steps

        def break_off(model, row):
            if row == bad:
                raise ValueError("broken")
            return get_steps(model, row)

        with (
            patch.object(Log, "_get_steps", break_off),
            mute_logger(STEP_LOGGER, "odoo.addons.base.models.ir_cron"),
        ):
            self._work(succeeds=False)
        self.assertEqual(self._waiting(), bad)
        self.assertEqual(other.color, 1)
        self._work()
        self.assertFalse(self._waiting())

    def test_a_move_is_tried_again_where_somebody_else_was_in_between(self):
        """The whole move is retried; what preceded the conflict is rolled back."""
        self.engaged.enter_action_ids = self._action(sequence=1)
        self.engaged.mail_template_id = self._template()
        self._move(self.profile, self.engaged)
        Log = type(self.env["crm.lifecycle.playbook.log"])
        perform = Log._perform_mail
        collisions = [SerializationFailure()]

        def collide(model, row, template):
            if collisions:
                raise collisions.pop()
            return perform(model, row, template)

        with patch.object(Log, "_perform_mail", collide):
            steps = self._work()
        self.assertEqual(steps.mapped("state"), ["done", "done"])
        self.assertEqual(self.profile.color, 1)
        self.assertEqual(len(self._mails(self.profile)), 1)

    def test_more_moves_than_a_batch_holds(self):
        self.engaged.enter_action_ids = self._action()
        profiles = self.profile
        for number in range(6):
            profiles |= self._customer(f"Customer {number}")
        self._move(profiles, self.engaged)
        with patch.object(crm_lifecycle_playbook_log_worker, "BATCH", 3):
            steps = self._work()
        self.assertEqual(len(steps), 7)
        self.assertEqual(steps.history_id.ids, sorted(steps.history_id.ids))
        self.assertEqual(set(profiles.mapped("color")), {1})
        self.assertFalse(self._waiting())

    def test_what_time_does_not_allow_is_left_to_the_next_call(self):
        self.engaged.enter_action_ids = self._action()
        other = self._customer("Bob")
        self._move(self.profile | other, self.engaged)
        with patch.object(IrCron, "_commit_progress", lambda *args, **kwargs: 0):
            self.env["crm.lifecycle.playbook.log"]._cron_process()
        self.assertEqual(len(self._waiting()), 1)
        self._work()
        self.assertFalse(self._waiting())
        self.assertEqual((self.profile | other).mapped("color"), [1, 1])

    # ------------------------------------------------------------
    # Skipped steps
    # ------------------------------------------------------------

    def test_quiet_moves_do_nothing(self):
        self._fill_engaged()
        self._move(self.profile, self.engaged, quiet=True)
        imported = self._customer("Bob")
        imported._lifecycle_move(self.engaged, origin="import")
        replayed = self._customer("Cid")
        replayed._lifecycle_move(self.engaged, origin="replay", as_of=TODAY)
        self.assertFalse(self._waiting())
        self.assertFalse(self._work())
        self.assertFalse(self._activities(self.profile))

    def test_a_move_wakes_the_worker_once(self):
        triggers = self._triggers()
        self._move(self.profile, self.engaged)
        self.assertFalse(self._triggers() - triggers)
        self.customer.enter_action_ids = self._action()
        self._move(self.profile, self.customer)
        self._move(self._customer("Bob"), self.customer)
        self.assertEqual(len(self._triggers() - triggers), 1)

    def test_who_has_left_again_is_not_welcomed(self):
        self._fill_engaged()
        self._move(self.profile, self.engaged, self.customer)
        steps = self._work()
        self.assertEqual(set(steps.mapped("state")), {"skipped"})
        self.assertIn("left the stage", steps[0].reason)
        self.assertEqual(self.profile.color, 0)
        self.assertFalse(self._activities(self.profile))
        self.assertFalse(self._mails(self.profile))
        self.assertFalse(self._waiting())

    def test_who_is_back_is_welcomed_once(self):
        self._fill_engaged()
        self._move(self.profile, self.engaged, self.customer, self.engaged)
        self.assertEqual(self._work().mapped("state"), ["skipped"] * 3 + ["done"] * 3)
        self.assertEqual(self.profile.color, 1)

    def test_archived_and_deleted_customers_are_skipped(self):
        self._fill_engaged()
        gone = self._customer("Bob")
        self._move(self.profile | gone, self.engaged)
        gone.unlink()
        self.profile.sudo().active = False
        steps = self._work()
        self.assertEqual(steps.mapped("state"), ["skipped"] * 6)
        self.assertEqual(
            set(steps.mapped("reason")),
            {"The customer is archived.", "The customer's profile is gone."},
        )
        self.assertFalse(self._waiting())

    def _triggers(self):
        return self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)])

    def _fill_engaged(self):
        self.engaged.write(
            {
                "enter_action_ids": self._action().ids,
                "activity_plan_id": self._plan().id,
                "mail_template_id": self._template().id,
            }
        )

    # ------------------------------------------------------------
    # Moves by steps
    # ------------------------------------------------------------

    def test_a_step_may_move_the_customer_on(self):
        """The rest of the entry is skipped, and the new move has its own steps."""
        self.engaged.enter_action_ids = self._action(
            state="lifecycle_move", lifecycle_stage_id=self.customer.id
        )
        self.engaged.mail_template_id = self._template()
        self.customer.enter_action_ids = self._action()
        self._move(self.profile, self.engaged)
        first, mail = self._work()
        self.assertEqual((first.state, mail.state), ("done", "skipped"))
        self.assertEqual(self.profile.stage_id, self.customer)
        self.assertEqual(len(self._waiting()), 1)
        self.assertEqual(self._work().state, "done")
        self.assertEqual(self.profile.color, 1)
        self.assertEqual(
            self._moves(self.profile)[-2:],
            [("prospect", "engaged", "rule"), ("engaged", "customer", "manual")],
        )

    def test_a_step_may_delete_the_customer(self):
        self.engaged.enter_action_ids = self._action("record.unlink()", sequence=1)
        self.engaged.mail_template_id = self._template()
        self._move(self.profile, self.engaged)
        self.assertEqual(self._work().mapped("state"), ["done", "skipped"])
        self.assertFalse(self.profile.exists())
        self.assertFalse(self._waiting())

    # ------------------------------------------------------------
    # Cost and access
    # ------------------------------------------------------------

    def test_moves_without_playbook_cost_no_query_per_customer(self):
        partners = self.env["res.partner"].create(
            [
                {"name": f"Customer {number}", "company_id": self.company.id}
                for number in range(54)
            ]
        )
        self.env["crm.lead"].create(
            [
                {
                    "name": "Lead",
                    "partner_id": partner.id,
                    "company_id": self.company.id,
                }
                for partner in partners
            ]
        )
        self._run(date(2030, 1, 1))
        profiles = self.env["crm.lifecycle.profile"].search(
            [("partner_id", "in", partners.ids)]
        )
        counts = []
        for members in (profiles[:2], profiles[2:4], profiles[4:]):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            members._lifecycle_move(self.engaged, origin="rule", as_of=TODAY)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(len(profiles[4:]), 50)
        self.assertEqual(counts[2], counts[1])
        self.assertFalse(self._waiting())

    def test_staff_read_the_steps_of_their_customers_and_write_none(self):
        self.engaged.enter_action_ids = self._action()
        other = self._customer("Bob", user_id=self.colleague.id)
        self._move(self.profile | other, self.engaged)
        steps = self._work()
        own = steps.filtered(lambda step: step.profile_id == self.profile)
        Log = self.env["crm.lifecycle.playbook.log"]
        self.assertEqual(Log.with_user(self.salesperson).search([]) & steps, own)
        self.assertEqual(Log.with_user(self.leader).search([]) & steps, steps)
        for user in (self.salesperson, self.manager):
            with self.assertRaises(AccessError):
                own.with_user(user).write({"state": "failed"})
            with self.assertRaises(AccessError):
                own.with_user(user).unlink()
        clerk = new_test_user(self.env, "clerk", groups="base.group_user")
        with self.assertRaises(AccessError):
            Log.with_user(clerk).search([])

    def test_another_companys_steps_stay_there(self):
        self.engaged.enter_action_ids = self._action()
        self._move(self.profile, self.engaged)
        steps = self._work()
        stranger = self.env["res.company"].create({"name": "Stranger"})
        user = new_test_user(
            self.env,
            "stan",
            groups="sales_team.group_sale_manager",
            company_id=stranger.id,
            company_ids=[Command.set(stranger.ids)],
        )
        seen = steps.with_user(user).with_context(allowed_company_ids=stranger.ids)
        self.assertFalse(seen.search([]) & steps)

    def test_the_history_stays_refused(self):
        self.engaged.enter_action_ids = self._action()
        self._move(self.profile, self.engaged)
        with self.assertRaises(UserError):
            self._waiting().sudo().write({"processed_at": "2026-03-02 12:00:00"})
