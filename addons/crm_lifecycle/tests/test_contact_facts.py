from datetime import datetime, time, timedelta

from odoo.fields import Command
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

    def _meeting(self, **vals):
        """Create a meeting with the customer yesterday at nine."""
        yesterday = TODAY - timedelta(days=1)
        return self.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": datetime.combine(yesterday, time(9)),
                "stop": datetime.combine(yesterday, time(10)),
                "partner_ids": [Command.set(self.partner.ids)],
                **vals,
            }
        )

    def _all_day(self, first, last, **vals):
        """Create an all-day meeting between two days, counted from `TODAY`."""
        first, last = (TODAY + timedelta(days=day) for day in (first, last))
        return self._meeting(
            allday=True,
            start_date=first,
            stop_date=last,
            start=datetime.combine(first, time(8)),
            stop=datetime.combine(last, time(18)),
            **vals,
        )

    def _days_of_contact(self, *days):
        """Return the last contact as of some days, all counted from `TODAY`."""
        found = []
        for day in days:
            self._run(TODAY + timedelta(days=day))
            date = self.profile.last_contact_date
            found.append(date and (date - TODAY).days)
        return found

    def test_a_meeting_that_the_customer_declined_counted(self):
        meeting = self._meeting()
        self.assertEqual(self._facts()[0], TODAY - timedelta(days=1))
        meeting.attendee_ids.do_decline()
        self.assertFalse(self._facts()[0])
        meeting.attendee_ids.do_accept()
        self.assertEqual(self._facts()[0], TODAY - timedelta(days=1))
        meeting.attendee_ids.do_decline()
        self.assertFalse(self._facts()[0])
        meeting.attendee_ids.unlink()
        self.assertEqual(self._facts()[0], TODAY - timedelta(days=1))

    def test_one_of_two_contacts_declined_and_the_meeting_took_place(self):
        child = self._partner("Grace", parent_id=self.partner.id)
        meeting = self._meeting(
            partner_ids=[Command.set((self.partner | child).ids)],
            opportunity_id=self.lead.id,
        )
        meeting.attendee_ids.filtered(lambda a: a.partner_id == child).do_decline()
        self.assertEqual(self._facts()[0], TODAY - timedelta(days=1))
        meeting.attendee_ids.do_decline()
        self.assertFalse(self._facts()[0])

    def test_a_declined_meeting_of_the_opportunity_counted(self):
        """The salesperson came, and so did a consultant; the customer did not."""
        consultant = self._partner("Consultant")
        guests = self.partner | self.salesperson.partner_id | consultant
        meeting = self._meeting(
            partner_ids=[Command.set(guests.ids)], opportunity_id=self.lead.id
        )
        self.assertEqual(self._facts()[0], TODAY - timedelta(days=1))
        by_partner = meeting.attendee_ids.grouped("partner_id")
        by_partner[self.partner].do_decline()
        self.assertFalse(self._facts()[0])

    def test_a_declined_meeting_of_a_lead_without_contact_counted(self):
        lead = self._lead()
        guest = self._partner("Visitor")
        meeting = self._meeting(
            partner_ids=[Command.set((guest | self.salesperson.partner_id).ids)],
            opportunity_id=lead.id,
        )
        guests = meeting.attendee_ids.filtered(lambda a: a.partner_id == guest)
        guests.do_decline()
        self._run()
        self.assertFalse(self._profile(lead).last_contact_date)
        guests.do_accept()
        self._run()
        self.assertEqual(
            self._profile(lead).last_contact_date, TODAY - timedelta(days=1)
        )

    def test_an_all_day_meeting_counted_on_the_day_before(self):
        """Its start is 8 o'clock in no time zone, which is another day in some."""
        for tz in ("Pacific/Pago_Pago", "UTC", "Asia/Shanghai", "Pacific/Kiritimati"):
            with self.subTest(tz=tz):
                self.company.lifecycle_tz = tz
                meeting = self._all_day(1, 1)
                self.assertEqual(self._days_of_contact(0, 1, 2), [False, 1, 1])
                meeting.unlink()
                self.assertEqual(self._days_of_contact(2), [False])

    def test_a_meeting_of_three_days_counted_on_its_first(self):
        begin = datetime.combine(TODAY + timedelta(days=10), time(9))
        self._all_day(0, 2)
        self._meeting(start=begin, stop=begin + timedelta(days=2))
        self.assertEqual(
            self._days_of_contact(0, 1, 2, 3, 9, 10, 11, 12, 13),
            [0, 1, 2, 2, 2, 10, 11, 12, 12],
        )

    def test_a_meeting_until_midnight_counted_on_the_next_day(self):
        self._meeting(
            start=datetime.combine(TODAY, time(22)),
            stop=datetime.combine(TODAY + timedelta(days=1), time(0)),
        )
        self.assertEqual(self._days_of_contact(1), [0])

    def test_a_rebuild_finds_what_the_runs_of_the_days_have_found(self):
        self._all_day(0, 2)
        self._meeting().attendee_ids.do_decline()
        self.assertEqual(self._days_of_contact(0, 1), [0, 1])
        run = self._run(TODAY + timedelta(days=1), full=True)
        self.assertEqual(run.refreshed_count, 0)

    def test_the_timeline_showed_a_declined_meeting(self):
        meeting = self._meeting()
        self._all_day(-3, -3, name="Fair")

        def show():
            rows = self.profile._get_timeline(10)
            return {row["title"]: row for row in rows if row["label"] == "Meeting"}

        self.assertEqual(set(show()), {"Visit", "Fair"})
        self.assertTrue(show()["Fair"]["is_day"])
        meeting.attendee_ids.do_decline()
        self.assertEqual(set(show()), {"Fair"})

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
