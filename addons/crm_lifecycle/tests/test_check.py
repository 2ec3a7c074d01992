from unittest.mock import patch

from odoo.tests import tagged

from ..run import check
from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestCheck(LifecycleCase):
    """The weekly check finds and repairs facts that differ from the documents."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada, cls.ben = cls._customer("Ada Check"), cls._customer("Ben Check")
        # No document has changed since.
        for table in ("crm_lead", "res_partner"):
            cls.env.cr.execute(f"UPDATE {table} SET write_date = '2020-01-01'")
        cls.env.invalidate_all()

    def _falsify(self, profile, **values):
        self.env.flush_all()
        for name, value in values.items():
            self.env.cr.execute(
                f"UPDATE crm_lifecycle_profile SET {name} = %s WHERE id = %s",
                [value, profile.id],
            )
        self.env.invalidate_all()

    def test_a_check_without_differences(self):
        run = self.env["crm.lifecycle.run"]._check_facts(self.company, TODAY)
        self.assertEqual(run.kind, "check")
        self.assertEqual(run.state, "done")
        self.assertEqual(run.profile_count, 2)
        self.assertEqual(run.difference_count, 0)
        self.assertFalse(run.differences)

    def test_a_wrong_fact_is_repaired_counted_and_shown(self):
        self._falsify(self.ada, open_lead_count=7)
        self._run()  # no document has changed
        self.assertEqual(self.ada.open_lead_count, 7)
        run = self.env["crm.lifecycle.run"]._check_facts(self.company, TODAY)
        self.assertEqual(self.ada.open_lead_count, 1)
        self.assertEqual(run.difference_count, 1)
        self.assertIn("Open", run.differences)
        self.assertIn(self.ada.display_name, run.differences)
        self.assertNotIn(self.ben.display_name, run.differences)

    def test_the_next_run_evaluates_the_rules_again(self):
        self._rule(self.customer, [("open_lead_count", ">", 0)])
        self._run()
        self._falsify(self.ada, open_lead_count=0)
        self.env["crm.lifecycle.run"]._check_facts(self.company, TODAY)
        self._run(quick=True)
        self.assertEqual(self.ada.stage_id, self.customer)

    def test_each_week_checks_another_part(self):
        with patch.object(check, "SAMPLE_SIZE", 1):
            runs = [
                self.env["crm.lifecycle.run"]._check_facts(
                    self.company, TODAY.fromordinal(TODAY.toordinal() + days)
                )
                for days in (0, 7)
            ]
        self.assertEqual([run.profile_count for run in runs], [1, 1])

    def test_administrators_get_a_mail(self):
        self.env.ref("base.user_admin").email = "admin@example.com"
        self._falsify(self.ada, open_lead_count=7)
        Mail = self.env["mail.mail"].sudo()
        before = Mail.search([])
        self.env.flush_all()
        with (
            self.enter_registry_test_mode(),
            patch.object(
                type(self.env["res.company"]), "_lifecycle_today", lambda company: TODAY
            ),
        ):
            self.env.ref("crm_lifecycle.ir_cron_check").method_direct_trigger()
        mails = Mail.search([]) - before
        self.assertTrue(mails)
        self.assertIn(self.ada.display_name, mails[0].body_html)
