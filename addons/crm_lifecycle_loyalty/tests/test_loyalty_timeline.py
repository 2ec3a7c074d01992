from odoo.tests import freeze_time, new_test_user, tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import LoyaltyLifecycleCase


@tagged("post_install", "-at_install")
class TestLoyaltyTimeline(LoyaltyLifecycleCase):
    """Ledger entries and tiers on the timeline of the customer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile = cls._customer("Ada", user_id=cls.salesperson.id)
        cls.card = cls._card(cls.profile.partner_id)

    def _events(self, user=None):
        self.env.flush_all()
        with freeze_time(f"{TODAY} 12:00"):
            events = (
                self.env["crm.lifecycle.profile"]
                .with_user(user or self.salesperson)
                .get_timeline("res.partner", self.profile.partner_id.id, ["loyalty"])[
                    "events"
                ]
            )
        return [(event["label"], event["title"], event["detail"]) for event in events]

    def test_points_and_tiers_are_told_newest_first(self):
        self._points(self.card, 1000, days_ago=9)
        self._points(self.card, -2.5, days_ago=3, kind="burn")
        events = self._events()
        self.assertEqual(events[0], ("Spent", "-2.5", None))
        self.assertIn(("Earned", "+1000", None), events)
        self.assertIn(("Tier", "Gold", "Upgrade"), events)

    def test_the_reason_is_told_to_staff(self):
        with freeze_time(f"{TODAY} 10:00"):
            self.card._post_points(5, "adjust", reason="Complaint 17")
        self.assertIn(("Adjusted", "+5", "Complaint 17"), self._events())

    def test_points_to_come_and_of_others_are_left_out(self):
        other = self._card(self._partner("Bob"))
        self._points(other, 10, days_ago=1)
        self._points(self.card, 10, days_ago=-3)
        self.assertFalse([event for event in self._events() if event[0] == "Earned"])

    def test_who_sees_no_points_sees_none_here(self):
        self._points(self.card, 10, days_ago=1)
        user = new_test_user(
            self.env,
            "no_points",
            groups="base.group_user",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        profile = self.profile.with_user(user)
        self.assertIsNone(profile._timeline_points(None))
        self.assertIsNone(profile._timeline_tiers(None))
