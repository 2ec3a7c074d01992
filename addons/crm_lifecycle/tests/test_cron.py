from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..run import phases
from .common import LifecycleCase


@tagged("post_install", "-at_install")
class TestCron(LifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cron = cls.env.ref("crm_lifecycle.ir_cron_run")
        cls.today = cls.company._lifecycle_today()

    def _trigger(self):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.env.invalidate_all()

    def _runs(self):
        return self.env["crm.lifecycle.run"].search(
            [("company_id", "=", self.company.id)], order="id"
        )

    def test_the_job_looks_at_all_changes_once_a_day(self):
        lead = self._lead()
        self._trigger()
        self.assertEqual(self._profile(lead).stage_id, self.prospect)
        self._trigger()
        self.assertEqual(self._runs().mapped("kind"), ["full"])

    def test_a_reported_change_is_a_quick_run(self):
        self._rule(self.customer, [("won_count", ">", 0)])
        self._trigger()
        lead = self._lead(days_ago=0)
        self._trigger()
        lead.action_set_won()
        self._trigger()
        self.assertEqual(self._runs().mapped("kind"), ["full", "quick", "quick"])
        self.assertEqual(self._profile(lead).stage_id, self.customer)

    def test_a_quick_run_moves_nobody_else(self):
        self._trigger()
        other = self._lead()
        self._trigger()
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        lead = self._lead()
        self._trigger()
        self.assertEqual(self._profile(lead).stage_id, self.engaged)
        self.assertEqual(self._profile(other).stage_id, self.prospect)

    def test_a_lifecycle_activated_later_takes_its_customers_in_quietly(self):
        """After a quick run in between, its first run is still quiet."""
        leads = self._lead() | self._lead()
        self._trigger()
        self._runs().date_start -= timedelta(hours=1)
        other = self.lifecycle.copy({"sequence": 1})
        other.stage_ids.mail_template_id = self.env["mail.template"].create(
            {
                "name": "Welcome",
                "model_id": self.env["ir.model"]._get_id("crm.lifecycle.profile"),
            }
        )
        other.action_activate()
        leads |= self._lead()
        self.env["crm.lifecycle"]._run(self.company, quick=True)
        self._trigger()
        self.assertEqual(self._runs().mapped("kind"), ["full", "quick", "changes"])
        for lead in leads:
            profile = self._profile(lead)
            self.assertEqual(profile.lifecycle_id, other)
            self.assertTrue(all(profile.history_ids.mapped("processed_at")))

    def test_documents_wake_the_job(self):
        triggers = self.env["ir.cron.trigger"].sudo()
        before = triggers.search_count([("cron_id", "=", self.cron.id)])
        self._lead()
        self.assertGreater(
            triggers.search_count([("cron_id", "=", self.cron.id)]), before
        )

    def test_one_company_does_not_hold_up_the_others(self):
        other = self.env["res.company"].create({"name": "Zeta", "sequence": 99})
        works = self.lifecycle.copy({"company_id": other.id})
        works.write({"state": "active", "activation_date": fields.Datetime.now()})
        self._break(self.company)
        self._lead()
        logger = "odoo.addons.crm_lifecycle.models.crm_lifecycle_execution"
        with (
            self.assertLogs(logger, "ERROR") as logs,
            mute_logger("odoo.addons.base.models.ir_cron"),
        ):
            self._trigger()
        self.assertIn("Lifecycle & Co failed", logs.output[0])
        failed = self._runs()[-1:]
        self.assertEqual(failed.state, "failed")
        self.assertIn("out of order", failed.error)
        done = self.env["crm.lifecycle.run"].search([("company_id", "=", other.id)])
        self.assertEqual(done.state, "done")
        # Odoo deactivates a job that fails for a week.
        self.assertFalse(self.cron.failure_count)

    def test_a_company_whose_run_fails_late_does_not_take_all_the_time(self):
        """Regression: the job stopped after it, before the other companies."""
        other = self.env["res.company"].create({"name": "Zeta", "sequence": 99})
        works = self.lifecycle.copy({"company_id": other.id})
        works.write({"state": "active", "activation_date": fields.Datetime.now()})
        self._break(self.company)
        self._lead()
        logger = "odoo.addons.crm_lifecycle.models.crm_lifecycle"
        cron = self.registry["ir.cron"]
        commit = cron._commit_progress

        def commit_late(*args, **kwargs):
            commit(*args, **kwargs)
            return 0

        with (
            mute_logger(logger, "odoo.addons.base.models.ir_cron"),
            patch.object(cron, "_commit_progress", commit_late),
        ):
            for _call in self.env["crm.lifecycle"]._get_companies():
                self._trigger()
        done = self.env["crm.lifecycle.run"].search([("company_id", "=", other.id)])
        self.assertEqual(done.state, "done")

    def _break(self, company):
        """Make runs of a company fail after their facts are refreshed."""
        move = phases.move_customers

        def fail(session, *args, **kwargs):
            if session.company == company:
                raise ValueError("out of order")
            return move(session, *args, **kwargs)

        self.startPatcher(patch.object(phases, "move_customers", fail))
