from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_lifecycle_reports.tests.common import ReportCase

LOGGER = "odoo.addons.crm_lifecycle_documents.models.crm_lifecycle_mailing"
MONDAY, TUESDAY, NEXT = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 9)


@tagged("post_install", "-at_install")
class TestMailing(ReportCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ben = cls._traveller("Ben")
        cls.ben.user_id = cls.colleague
        cls._walk(
            cls.ben, (cls.customer, date(2026, 2, 1)), (cls.lost, date(2026, 2, 25))
        )
        for user in cls.salesperson | cls.colleague | cls.leader:
            user.email = f"{user.login}@example.com"
        cls.mailing = cls.env["crm.lifecycle.mailing"].create(
            {
                "name": "Monday",
                "company_id": cls.company.id,
                "lifecycle_id": cls.lifecycle.id,
                "user_ids": [Command.set((cls.salesperson | cls.leader).ids)],
                "next_date": MONDAY,
            }
        )

    def _run_cron(self, today):
        Company = type(self.env["res.company"])
        cron = self.env.ref("crm_lifecycle_documents.ir_cron_mailing")
        self.env["crm.lifecycle.mailing"].search([]).filtered(
            lambda mailing: mailing != self.mailing
        ).active = False
        with (
            patch.object(Company, "_lifecycle_today", lambda company: today),
            self.enter_registry_test_mode(),
        ):
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def _mails(self):
        return self.env["mail.mail"].search([("subject", "like", "Lifecycle & Co:")])

    def test_one_mail_each_and_none_twice(self):
        self._run_cron(MONDAY)
        mails = self._mails()
        self.assertEqual(
            set(mails.mapped("email_to")),
            {user.email_formatted for user in self.salesperson | self.leader},
        )
        self.assertEqual(len(mails.attachment_ids), 2)
        self.assertEqual(self.mailing.next_date, NEXT)
        self.assertRecordValues(
            self.mailing.delivery_ids[:1],
            [{"date_from": date(2026, 2, 23), "date_to": date(2026, 3, 1)}],
        )
        self._run_cron(TUESDAY)
        self.mailing.next_date = MONDAY
        self._run_cron(TUESDAY)
        self.assertEqual(len(self._mails()), 2)

    def test_what_is_attached_is_what_the_recipient_may_see(self):
        self._run_cron(MONDAY)
        told = {
            mail.email_to: mail.attachment_ids.raw.decode() for mail in self._mails()
        }
        self.assertIn("Ben", told[self.leader.email_formatted])
        self.assertNotIn("Ben", told[self.salesperson.email_formatted])

    @mute_logger(LOGGER)
    def test_a_failure_blocks_nobody_and_is_told(self):
        self.salesperson.sudo().email = False
        self._run_cron(MONDAY)
        self.assertEqual(self._mails().email_to, self.leader.email_formatted)
        failed = self.mailing.delivery_ids.filtered(lambda d: d.state == "failed")
        self.assertEqual(failed.user_id, self.salesperson)
        self.assertIn("no email address", failed.error)
        self.assertEqual(self.mailing.failed_count, 1)
        # Retried; sent deliveries are not sent again.
        self.assertEqual(self.mailing.next_date, MONDAY)
        self.salesperson.email = "sally@example.com"
        self._run_cron(TUESDAY)
        self.assertEqual(len(self._mails()), 2)
        self.assertEqual(self.mailing.failed_count, 0)
        self.assertEqual(self.mailing.next_date, NEXT)

    @mute_logger(LOGGER)
    def test_what_fails_for_good_is_left_to_a_person(self):
        self.salesperson.email = False
        for _attempt in range(3):
            self._run_cron(MONDAY)
        self.assertEqual(self.mailing.next_date, NEXT)
        self.assertEqual(self.mailing.failed_count, 1)

    def test_the_leader_gets_what_nobody_is_chosen_for(self):
        with self.assertRaisesRegex(ValidationError, "Nobody would get"):
            self.mailing.user_ids = False
        self.mailing.team_id = self.env["crm.team"].create(
            {"name": "North", "user_id": self.leader.id, "company_id": self.company.id}
        )
        self.mailing.user_ids = False
        self.assertEqual(self.mailing._get_recipients(), self.leader)

    def test_only_managers_schedule(self):
        with self.assertRaises(AccessError):
            self.mailing.with_user(self.leader).name = "Mine"
        self.mailing.with_user(self.manager).name = "Ours"
        with self.assertRaises(AccessError):
            self.mailing.with_user(self.manager).delivery_ids.create({})

    def test_mails_in_the_language_chosen(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.mailing.lang = "zh_CN"
        name, doc, _content = self.mailing._get_document(
            self.leader, date(2026, 2, 23), date(2026, 3, 1)
        )
        self.assertEqual(doc.env.lang, "zh_CN")
        self.assertIn("2026-02-23", name)

    def test_who_left_the_company_gets_nothing(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.leader.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        with self.assertRaises(UserError):
            self.mailing._get_document(self.leader, MONDAY, MONDAY)
