"""An error in a run affects no other customers, is shown, and is reported."""

from datetime import timedelta
from unittest.mock import patch

from psycopg2 import errors

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..run import moves, session
from .common import TODAY, LifecycleCase

LOGS = (
    "odoo.addons.crm_lifecycle.models.crm_lifecycle_run",
    "odoo.addons.crm_lifecycle.run.session",
    "odoo.addons.crm_lifecycle.models.crm_lifecycle_execution",
    "odoo.addons.mail.models.mail_mail",
    "odoo.addons.crm_lifecycle.models.crm_lifecycle_playbook_log_worker",
)


@tagged("post_install", "-at_install")
class TestRunFault(LifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broken = cls._rule(cls.lost, [("lost_count", ">", 5)], cls.engaged)
        cls._rule(cls.customer, [("open_lead_count", ">", 0)], cls.engaged)
        cls._rule(cls.engaged, [("open_lead_count", ">", 0)], cls.prospect)
        cls.ada = cls._customer("Ada")
        cls.ada.stage_id = cls.engaged
        cls._break(cls.broken)

    @classmethod
    def _break(cls, record):
        """Set conditions on a field that does not exist, as after an uninstallation."""
        cls.env.flush_all()
        cls.env.cr.execute(
            f"UPDATE {record._table} SET domain = %s WHERE id = %s",
            ["[('no_such_fact', '=', 1)]", record.id],
        )
        cls.env.invalidate_all()

    def _run_kept(self, days=1, **kwargs):
        """Run as the job does, with commits after each batch."""
        self.env.flush_all()
        run = self.env["crm.lifecycle"]._run(
            self.company,
            TODAY + timedelta(days=days),
            checkpoint=lambda done, remaining: None,
            **kwargs,
        )
        self.env.invalidate_all()
        return run

    @mute_logger(*LOGS)
    def test_a_rule_that_cant_be_asked_holds_up_those_who_reach_it(self):
        """Later rules of their stage are not evaluated either."""
        self.ada.stage_id = self.engaged
        bob = self._partner("Bob")
        self._lead(partner_id=bob.id)
        run = self._run_kept()
        self.assertEqual(run.state, "done")
        self.assertEqual(self.ada.stage_id, self.engaged)
        self.assertEqual(self._profile(bob).stage_id, self.engaged)
        self.assertIn(self.broken.name, run.error)
        self.assertIn("choose the conditions again", run.error)
        self.assertTrue(run.left_count)

    @mute_logger(*LOGS)
    def test_they_go_on_once_the_rule_is_mended(self):
        self._run_kept()
        self.assertEqual(self.ada.stage_id, self.engaged)
        self.broken.domain = "[('lost_count', '>', 5)]"
        run = self._run_kept(2)
        self.assertEqual(self.ada.stage_id, self.customer)
        self.assertFalse(run.error)

    @mute_logger(*LOGS)
    def test_a_tag_that_cant_be_asked_stays_where_it_is(self):
        tag = self.env["crm.lifecycle.tag"].create(
            {"name": "Open", "code": "open", "lifecycle_id": self.lifecycle.id}
        )
        self.broken.active = False
        self._run_kept()
        self.assertEqual(self.ada.tag_ids, tag)
        self._break(tag)
        run = self._run_kept(2, full=True)
        self.assertEqual(self.ada.tag_ids, tag)
        self.assertIn("Open", run.error)

    # ------------------------------------------------------------
    # Reports
    # ------------------------------------------------------------

    def _mails(self):
        admin = self.env.ref("base.user_admin").partner_id
        mails = self.env["mail.mail"].search([("recipient_ids", "in", admin.ids)])
        return mails.filtered(lambda mail: self.company.name in mail.subject)

    @mute_logger(*LOGS)
    def test_administrators_are_told_once_when_it_goes_on(self):
        self.env.ref("base.user_admin").email = "admin@example.com"
        for days in (1, 2):
            self._run_kept(days)
            self.assertFalse(self._mails())
        run = self._run_kept(3)
        self.assertEqual(len(self._mails()), 1)
        self.assertIn(self.broken.name, self._mails().body_html)
        self.assertIn(f"/odoo/crm.lifecycle.run/{run.id}", self._mails().body_html)
        self._run_kept(4)
        self.assertEqual(len(self._mails()), 1)

    @mute_logger(*LOGS)
    def test_a_mail_that_cant_be_written_does_no_harm(self):
        Run = self.registry["crm.lifecycle.run"]
        with patch.object(Run, "_mail_administrators", side_effect=ValueError("no")):
            for days in (1, 2, 3):
                run = self._run_kept(days)
        self.assertEqual(run.state, "done")
        self.assertFalse(run.alarmed_at)

    # ------------------------------------------------------------
    # Conflicts
    # ------------------------------------------------------------

    def _assert_tried_again(self, error):
        """Assert that the third attempt succeeds, and moves no customer twice."""
        self.broken.active = False
        count = len(self.ada.history_ids)
        failing = [error("try again"), error("try again")]
        original = moves.move_rows

        def meet(*args):
            if failing:
                raise failing.pop()
            return original(*args)

        with (
            patch.object(moves, "move_rows", meet),
            patch.object(self.env.cr, "rollback", lambda: None),
            patch.object(session.time, "sleep"),
        ):
            run = self._run_kept()
        self.assertEqual(run.state, "done")
        self.assertFalse(failing)
        self.assertEqual(self.ada.stage_id, self.customer)
        self.assertEqual(len(self.ada.history_ids), count + 1)

    @mute_logger(*LOGS)
    def test_a_batch_is_tried_again_after_a_serialization_failure(self):
        self._assert_tried_again(errors.SerializationFailure)

    @mute_logger(*LOGS)
    def test_a_batch_is_tried_again_after_a_lock_timeout(self):
        self._assert_tried_again(errors.LockNotAvailable)

    # ------------------------------------------------------------
    # Mails
    # ------------------------------------------------------------

    def _work_off(self):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("crm_lifecycle.ir_cron_playbook").method_direct_trigger()
        self.env.invalidate_all()

    def _welcome(self, body):
        self.customer.mail_template_id = self.env["mail.template"].create(
            {
                "name": "Welcome",
                "model_id": self.env["ir.model"]._get_id("crm.lifecycle.profile"),
                "subject": "Welcome",
                "body_html": body,
            }
        )
        self.broken.active = False
        for name in ("Cid", "Dot"):
            self._partner(name, email=f"{name}@example.com")

    @mute_logger(*LOGS)
    def test_with_the_mail_server_down_mails_wait_and_customers_move(self):
        self._welcome("<p>Hello</p>")
        self.ada.partner_id.email = "ada@example.com"
        self._run_kept()
        self._work_off()
        mails = self.env["mail.mail"].search(
            [("model", "=", self.ada._name), ("res_id", "=", self.ada.id)]
        )
        self.assertTrue(mails)
        Server = self.registry["ir.mail_server"]
        with patch.object(Server, "_connect__", side_effect=OSError("down")):
            mails.send()
        self.assertEqual(self.ada.stage_id, self.customer)
        self.assertTrue(mails.exists())
        self.assertFalse(mails.filtered(lambda mail: mail.state == "sent"))

    @mute_logger(*LOGS, "odoo.addons.mail.models.mail_render_mixin")
    def test_a_broken_template_fails_its_step_alone(self):
        self._welcome("<p>Hello</p>")
        # Odoo refuses to save such a template, but a field may disappear later.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_template SET body_html = jsonb_build_object('en_US', %s) "
            "WHERE id = %s",
            ["<p t-out='object.no_such_field'/>", self.customer.mail_template_id.id],
        )
        self.env.invalidate_all()
        self.ada.partner_id.email = "ada@example.com"
        self._run_kept()
        self._work_off()
        steps = self.ada.playbook_log_ids
        self.assertEqual(steps.mapped("state"), ["failed"])
        self.assertIn("no_such_field", steps.reason)
        self.assertEqual(self.ada.stage_id, self.customer)
        self.assertTrue(all(self.ada.history_ids.mapped("processed_at")))
