"""Reminders list all points that are about to expire, each at most twice."""

from odoo.tests import tagged

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestReminder(LedgerCase):
    def setUp(self):
        super().setUp()
        self.program.write(
            {
                "crm_loyalty_expiry_policy": "days",
                "crm_loyalty_expiry_days": 60,
                "crm_loyalty_expiry_reminder": True,
            }
        )
        self.card = self._card(10)

    def _remind(self):
        """Run the job for the program; return the texts of the mails."""
        before = self.env["mail.mail"].search([])
        for card in self.program._get_cards_to_remind():
            card._send_expiry_reminder()
        return (self.env["mail.mail"].search([]) - before).mapped("body_html")

    def test_reminders_are_sent_thirty_and_seven_days_ahead_once_each(self):
        sent = {}
        for day in (29, 30, 31, 52, 53, 54, 60, 61):
            self._on(day)
            sent[day] = len(self._remind())
            self.assertFalse(self._remind())
        self.assertEqual(sent, {29: 0, 30: 1, 31: 0, 52: 0, 53: 1, 54: 0, 60: 0, 61: 0})

    def test_a_reminder_lists_all_lots_that_expire(self):
        """Regression: only the next expiry was shown."""
        self._on(10)
        self.card._post_points(7, "bonus")
        self._on(20)
        self.card._post_points(3, "bonus")
        self._on(50)
        [body] = self._remind()
        for text in ("10 points", "7 points", "3 points", "05/01/2026", "05/11/2026"):
            self.assertIn(text, body)
        self.assertIn("20 points", body)

    def test_who_has_spent_them_is_not_reminded(self):
        self.card._post_points(-10, "burn")
        self._on(53)
        self.assertFalse(self._remind())

    def test_who_has_no_address_is_told_once_there_is_one(self):
        self.card.partner_id.email = False
        self._on(53)
        self.assertFalse(self._remind())
        self.card.partner_id.email = "ada@example.com"
        self.assertEqual(len(self._remind()), 1)

    def test_a_reminder_comes_again_for_points_that_were_kept_alive(self):
        self.program.crm_loyalty_expiry_policy = "activity"
        self._on(53)
        self.assertEqual(len(self._remind()), 1)
        self.card._post_points(-1, "burn")
        self.assertFalse(self._remind())
        self._on(83)
        self.assertEqual(len(self._remind()), 1)

    def test_the_scheduled_job_leaves_programmes_without_reminders_alone(self):
        self.program.crm_loyalty_expiry_reminder = False
        self._on(53)
        before = self.env["mail.mail"].search_count([])
        with self.enter_registry_test_mode():
            self.env.ref("crm_loyalty.ir_cron_remind").method_direct_trigger()
        self.assertEqual(self.env["mail.mail"].search_count([]), before)
