from datetime import datetime, time, timedelta

from odoo.tests import new_test_user, tagged

from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestContactFacts(LifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile = cls._customer()
        cls.partner = cls.profile.partner_id
        cls.lead = cls.partner.opportunity_ids

    def _message(self, record, days_ago=1, moment=time(12), **vals):
        return self.env["mail.message"].create(
            {
                "model": record._name,
                "res_id": record.id,
                "message_type": "comment",
                "subtype_id": self.env.ref("mail.mt_comment").id,
                "author_id": self.salesperson.partner_id.id,
                "date": datetime.combine(TODAY - timedelta(days=days_ago), moment),
                **vals,
            }
        )

    def _facts(self):
        self._run()
        return (
            self.profile.last_contact_date,
            self.profile.last_inbound_date,
            self.profile.next_activity_date,
        )

    def test_nothing_said_is_empty(self):
        self.assertEqual(self._facts(), (False, False, False))

    def test_a_message_to_the_customer_is_a_contact(self):
        for record in (self.partner, self.lead, self.profile):
            with self.subTest(record=record._name):
                message = self._message(record)
                yesterday = TODAY - timedelta(days=1)
                self.assertEqual(self._facts(), (yesterday, False, False))
                message.unlink()
                self.assertEqual(self._facts(), (False, False, False))

    def test_internal_notes_and_system_messages_are_not(self):
        note = self.env.ref("mail.mt_note").id
        self._message(self.partner, subtype_id=note)
        self._message(self.partner, is_internal=True)
        self._message(self.partner, message_type="notification")
        self._message(self.partner, message_type="auto_comment")
        self._message(self.partner, message_type="email_outgoing")
        self.assertEqual(self._facts(), (False, False, False))

    def test_a_mail_from_the_customer_is_heard(self):
        self._message(self.lead, 2, message_type="email", author_id=self.partner.id)
        self._message(self.partner, 1)
        self.assertEqual(
            self._facts(),
            (TODAY - timedelta(days=1), TODAY - timedelta(days=2), False),
        )

    def test_a_portal_user_is_a_customer_and_staff_are_not(self):
        portal = new_test_user(self.env, "portia", groups="base.group_portal")
        self._message(self.partner, 2, author_id=portal.partner_id.id)
        self.assertEqual(self._facts()[1], TODAY - timedelta(days=2))

    def test_days_of_messages_are_the_companys(self):
        self.company.lifecycle_tz = "America/New_York"
        self._message(self.partner, 1, time(4, 59))
        self.assertEqual(self._facts()[0], TODAY - timedelta(days=2))
        self._message(self.partner, 1, time(5))
        self.assertEqual(self._facts()[0], TODAY - timedelta(days=1))

    def test_a_meeting_counts_once_it_was(self):
        meeting = self.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": datetime.combine(TODAY + timedelta(days=1), time(9)),
                "stop": datetime.combine(TODAY + timedelta(days=1), time(10)),
                "partner_ids": [(6, 0, self.partner.ids)],
            }
        )
        self.assertFalse(self._facts()[0])
        self._run(TODAY + timedelta(days=1))
        self.assertEqual(self.profile.last_contact_date, TODAY + timedelta(days=1))
        meeting.partner_ids = [(5,)]
        self._run(TODAY + timedelta(days=1))
        self.assertFalse(self.profile.last_contact_date)

    def test_a_meeting_of_the_opportunity_counts(self):
        self.env["calendar.event"].create(
            {
                "name": "Demo",
                "start": datetime.combine(TODAY, time(9)),
                "stop": datetime.combine(TODAY, time(10)),
                "opportunity_id": self.lead.id,
            }
        )
        self.assertEqual(self._facts()[0], TODAY)

    def test_activities_planned_done_and_cancelled(self):
        call = self.env.ref("mail.mail_activity_data_call")
        activity = self.lead.activity_schedule(
            activity_type_id=call.id,
            date_deadline=TODAY + timedelta(days=5),
            user_id=self.salesperson.id,
        )
        self._set_create_date(activity, 2)
        self.assertEqual(self._facts()[2], TODAY + timedelta(days=5))
        activity.action_feedback("Talked")
        activity.date_done = TODAY
        self.assertEqual(self._facts(), (TODAY, False, False))
        other = self.lead.activity_schedule(
            activity_type_id=call.id,
            date_deadline=TODAY + timedelta(days=7),
            user_id=self.salesperson.id,
        )
        self._set_create_date(other, 1)
        self.assertEqual(self._facts()[2], TODAY + timedelta(days=7))
        other.unlink()
        self.assertFalse(self._facts()[2])

    def test_contact_moves_the_follow_up(self):
        self.prospect.follow_up_days = 3
        self.assertEqual(self.profile.follow_up_date, TODAY + timedelta(days=3))
        self._run(TODAY + timedelta(days=2))
        self._message(self.partner, -2)
        self._run(TODAY + timedelta(days=2))
        self.assertEqual(self.profile.follow_up_date, TODAY + timedelta(days=5))
