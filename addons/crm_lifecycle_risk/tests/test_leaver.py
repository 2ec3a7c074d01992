"""The owner of a case leaves."""

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.test_leaver import LeaverCase


@tagged("post_install", "-at_install")
class TestLeaverCases(LeaverCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case = cls.env["crm.lifecycle.risk.case"].create(
            {"profile_id": cls.profile.id, "user_id": cls.salesperson.id}
        )
        cls.todo = cls._todo(cls.case)
        cls.bob = cls._customer("Bob", user_id=cls.salesperson.id)
        cls.closed = cls.env["crm.lifecycle.risk.case"].create(
            {"profile_id": cls.bob.id, "user_id": cls.salesperson.id}
        )
        cls.closed.action_set_saved()

    def test_the_case_of_who_left_was_lost(self):
        self.assertFalse(self._sees(self.chief))
        self.salesperson.action_archive()
        self._assert_users(self.todo, self.chief)
        self.assertEqual(self.case.user_id, self.chief)
        self.assertEqual(self.closed.user_id, self.salesperson)
        self.assertTrue(self._sees(self.chief))

    def _sees(self, user):
        Case = self.env["crm.lifecycle.risk.case"].with_user(user)
        return bool(Case.search([("id", "in", (self.case | self.closed).ids)]))

    def test_the_dialog_hands_open_cases_over(self):
        handover = (
            self.env["crm.lifecycle.handover"]
            .with_user(self.manager)
            .create(
                {
                    "from_user_id": self.salesperson.id,
                    "to_user_id": self.colleague.id,
                }
            )
        )
        self.assertEqual(handover.cases_count, 1)
        handover.action_hand_over()
        self.assertEqual(self.case.user_id, self.colleague)
        self.assertEqual(self.closed.user_id, self.salesperson)
        self._assert_users(self.todo, self.colleague)
