"""Mails that can't be stored: the disk of the database, or of the files, is full.

The job finishes all other work, reports the failure with its reason, and the next call
catches up on it.
"""

import errno
from datetime import date
from unittest.mock import patch

from psycopg2.errors import DiskFull

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_lifecycle.tests.test_playbook import PlaybookCase
from odoo.addons.crm_lifecycle_reports.tests.common import ReportCase
from odoo.addons.crm_loyalty.tests.common import LedgerCase

FULL = OSError(errno.ENOSPC, "No space left on device")


def fail_for(name, error):
    """Return a `create` of mails that fails for mails to one recipient."""

    def create(mails, vals_list):
        if any(name in str(vals) for vals in vals_list):
            raise error
        return create.original(mails, vals_list)

    return create


class FullDisk:
    """Mixin for a test case: the disk is full when a mail is written."""

    def _fill(self, name, error):
        Mail = self.env.registry["mail.mail"]
        create = fail_for(name, error)
        create.original = Mail.create
        filled = patch.object(Mail, "create", create)
        filled.start()
        self.addCleanup(filled.stop)
        return filled


@tagged("post_install", "-at_install")
class TestPlaybookFullDisk(FullDisk, PlaybookCase):
    def test_a_mail_that_finds_no_place_fails_alone_and_is_made_up_for(self):
        for error in (FULL, DiskFull("could not extend file")):
            with self.subTest(error=error), self.env.cr.savepoint() as savepoint:
                self._check(error)
                savepoint.rollback()
                self.env.invalidate_all()

    def _check(self, error):
        self.risk.mail_template_id = self.env["mail.template"].create(
            {
                "name": "Sorry",
                "model_id": self.env["ir.model"]._get_id("crm.lifecycle.profile"),
                "subject": "Sorry, {{ object.display_name }}",
                "email_to": "{{ object.partner_id.email }}",
            }
        )
        self.profile.partner_id.email = "ada@example.com"
        other = self._customer("Bob", email="bob@example.com")
        filled = self._fill("Ada", error)
        for profile in (self.profile, other):
            self._move(profile, self.risk)
        with mute_logger("odoo.addons.crm_lifecycle.models.crm_lifecycle_playbook_log"):
            steps = self._work()
        mails = steps.filtered(lambda step: step.kind == "mail")
        states = {step.profile_id: step for step in mails}
        self.assertEqual(states[other].state, "done")
        self.assertEqual(states[self.profile].state, "failed")
        self.assertIn(str(error.args[-1]), states[self.profile].reason)
        filled.stop()
        states[self.profile].action_retry()
        self.assertEqual(states[self.profile].state, "done")


@tagged("post_install", "-at_install")
class TestReminderFullDisk(FullDisk, LedgerCase):
    def test_a_reminder_that_finds_no_place_keeps_nobody_elses_back(self):
        self.program.write(
            {
                "crm_loyalty_expiry_policy": "days",
                "crm_loyalty_expiry_days": 5,
                "crm_loyalty_expiry_reminder": True,
            }
        )
        ada, bob = self._card(10), self._card(10)
        ada.partner_id.name, bob.partner_id.email = "Full Ada", "bob@example.com"
        filled = self._fill("Full Ada", FULL)
        Mail = self.env["mail.mail"]
        before = Mail.search([])
        with mute_logger("odoo.addons.crm_loyalty.models.loyalty_card_expiry"):
            (ada | bob)._send_expiry_reminder()
        self.assertEqual(len(Mail.search([]) - before), 1)
        self.assertEqual(self.program._get_cards_to_remind(), ada)
        filled.stop()
        (ada | bob)._send_expiry_reminder()
        self.assertFalse(self.program._get_cards_to_remind())


@tagged("post_install", "-at_install")
class TestReportFullDisk(ReportCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for user in cls.salesperson | cls.leader:
            user.email = f"{user.login}@example.com"
        cls.mailing = cls.env["crm.lifecycle.mailing"].create(
            {
                "name": "Monday",
                "company_id": cls.company.id,
                "lifecycle_id": cls.lifecycle.id,
                "user_ids": [Command.set((cls.salesperson | cls.leader).ids)],
            }
        )

    def test_a_report_whose_file_finds_no_place_is_not_said_to_be_sent(self):
        """Odoo continues silently when a file can't be written."""
        Attachment = self.env.registry["ir.attachment"]
        left = [1]  # space for one file
        write = Attachment._file_write

        def write_or_not(attachments, content, checksum):
            if left:
                left.pop()
                return write(attachments, content, checksum)
            return f"00/{checksum}"

        day = date(2026, 3, 2)
        with (
            patch.object(Attachment, "_file_write", write_or_not),
            mute_logger(
                "odoo.addons.crm_lifecycle_documents.models.crm_lifecycle_mailing",
                "odoo.addons.base.models.ir_attachment",
            ),
        ):
            deliveries = self.mailing._send(day)
        self.assertEqual(sorted(deliveries.mapped("state")), ["failed", "sent"])
        failed = deliveries.filtered(lambda delivery: delivery.state == "failed")
        self.assertIn("disk", failed.error)
        self.mailing._send(day)
        self.assertEqual(set(deliveries.mapped("state")), {"sent"})
