"""The visitor of customers leaves."""

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.test_leaver import LeaverCase


@tagged("post_install", "-at_install")
class TestLeaverVisits(LeaverCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.visit = cls.env["crm.lifecycle.visit"].create(
            {"profile_id": cls.profile.id, "user_id": cls.salesperson.id}
        )

    def test_the_visit_of_who_left_was_cancelled(self):
        self.salesperson.action_archive()
        self._assert_users(self.visit.activity_id, self.chief)
        self.assertRecordValues(
            self.visit, [{"state": "planned", "user_id": self.chief.id}]
        )

    def test_without_a_leader_the_visit_stays_planned(self):
        self.team.user_id = False
        self.salesperson.action_archive()
        self._assert_users(self.visit.activity_id, self.env["res.users"])
        self.assertEqual(self.visit.state, "planned")

    def test_an_activity_given_to_a_colleague_takes_its_visit_along(self):
        self.visit.activity_id.user_id = self.colleague
        self.assertEqual(self.visit.user_id, self.colleague)

    def test_the_dialog_hands_planned_visits_over(self):
        bob = self._customer("Bob", user_id=self.salesperson.id)
        done = self.env["crm.lifecycle.visit"].create(
            {"profile_id": bob.id, "user_id": self.salesperson.id}
        )
        done.result = "reached"
        done.action_record()
        handover = (
            self.env["crm.lifecycle.handover"]
            .with_user(self.manager)
            .create(
                {
                    "from_user_id": self.salesperson.id,
                    "to_user_id": self.colleague.id,
                    "hand_activities": False,
                }
            )
        )
        self.assertEqual(handover.visits_count, 1)
        handover.action_hand_over()
        self._assert_users(self.visit.activity_id, self.colleague)
        self.assertEqual(self.visit.user_id, self.colleague)
        self.assertEqual(done.user_id, self.salesperson)
