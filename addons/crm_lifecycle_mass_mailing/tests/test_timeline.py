from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import LifecycleCase


@tagged("post_install", "-at_install")
class TestMailingsOnTheTimeline(LifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile = cls._customer("Ada", user_id=cls.salesperson.id)
        cls.partner = cls.profile.partner_id
        cls.mailing = cls.env["mailing.mailing"].create(
            {
                "subject": "Spring catalogue",
                "mailing_model_id": cls.env["ir.model"]._get_id("res.partner"),
            }
        )

    def _sent(self, record=None, **values):
        record = record or self.partner
        return self.env["mailing.trace"].create(
            {
                "trace_type": "mail",
                "model": record._name,
                "res_id": record.id,
                "mass_mailing_id": self.mailing.id,
                "sent_datetime": "2026-02-20 08:00:00",
                "trace_status": "sent",
                **values,
            }
        )

    def _events(self, record=None):
        record = record or self.partner
        self.env.flush_all()
        events = (
            self.env["crm.lifecycle.profile"]
            .with_user(self.salesperson)
            .get_timeline(record._name, record.id, ["marketing"])["events"]
        )
        return [
            (event["label"], event["title"], event["detail"], event["res_id"])
            for event in events
        ]

    def test_a_salesperson_sees_what_was_sent_and_whether_it_was_read(self):
        trace = self._sent()
        sent = ("Mailing", "Spring catalogue", None, self.partner.id)
        self.assertEqual(self._events(), [sent])
        for status, words in (
            ("open", "Opened"),
            ("reply", "Replied"),
            ("bounce", "Bounced"),
        ):
            trace.trace_status = status
            self.assertEqual(self._events(), [(*sent[:2], words, sent[3])])

    def test_a_click_is_an_event_of_its_own(self):
        self._sent(trace_status="open", links_click_datetime="2026-02-21 08:00:00")
        self.assertEqual(
            [event[:3] for event in self._events()],
            [
                ("Click in a mailing", "Spring catalogue", None),
                ("Mailing", "Spring catalogue", "Opened"),
            ],
        )

    def test_tests_and_mailings_to_come_are_left_out(self):
        self._sent(is_test_trace=True)
        self._sent(sent_datetime=False, trace_status="outgoing")
        self._sent(sent_datetime="2199-01-01 08:00:00")
        self.assertFalse(self._events())

    def test_mailings_to_a_colleagues_lead_are_left_out(self):
        own = self._lead(partner_id=self.partner.id, user_id=self.salesperson.id)
        other = self._lead(partner_id=self.partner.id, user_id=self.colleague.id)
        self._sent(own)
        self._sent(other)
        self.assertEqual([event[3] for event in self._events()], [own.id])
