from odoo.tests import tagged

from .common import VisitCase, day


@tagged("post_install", "-at_install")
class TestArchive(VisitCase):
    """Planned visits of archived customers are cancelled, and come back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.visit = cls._visit(cls, date_due=day(3))

    def test_a_visit_goes_and_comes_back_with_the_customer(self):
        activity = self.visit.activity_id
        self.profile.partner_id.action_archive()
        self.assertEqual(self.visit.state, "cancelled")
        self.assertFalse(activity.active)
        self.profile.partner_id.action_unarchive()
        self.assertEqual(self.visit.state, "planned")
        self.assertEqual(self.visit.activity_id, activity)
        self.assertTrue(activity.active)

    def test_done_and_cancelled_visits_stay_as_they_were(self):
        self.visit.activity_id.unlink()
        self.assertEqual(self.visit.state, "cancelled")
        self.profile.partner_id.action_archive()
        self.profile.partner_id.action_unarchive()
        self.assertEqual(self.visit.state, "cancelled")

    def test_a_visit_planned_meanwhile_stays_the_only_one(self):
        self.profile.partner_id.action_archive()
        later = self._visit(date_due=day(9))
        self.profile.partner_id.action_unarchive()
        self.assertEqual((self.visit | later).mapped("state"), ["cancelled", "planned"])
        self.assertFalse(self.visit.activity_id)

    def test_no_visit_is_planned_with_an_archived_customer(self):
        self.profile.partner_id.action_archive()
        self._tick(60)
        self.assertEqual(self._visits(), self.visit)

    def test_merged_customers_keep_their_visits_and_one_is_planned(self):
        other = self._customer("Bob", user_id=self.salesperson.id)
        theirs = self._visit(other, date_due=day(5))
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        partners = (self.profile | other).partner_id
        wizard._merge(partners.ids, other.partner_id)
        self.env.invalidate_all()
        self.assertEqual(self._visits(other), self.visit | theirs)
        self.assertEqual(
            (self.visit | theirs).mapped("state"), ["planned", "cancelled"]
        )
        self._tick(3)
        self.assertEqual(self._visits(other), self.visit | theirs)
