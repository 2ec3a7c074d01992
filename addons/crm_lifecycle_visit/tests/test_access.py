from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import VisitCase, day


@tagged("post_install", "-at_install")
class TestAccess(VisitCase):
    """Users plan visits only to customers that they may read."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mine = cls._customer("Bob", user_id=cls.salesperson.id)
        cls.profile.user_id = cls.colleague
        cls.profile.partner_id.phone = "+1 555 0100"
        cls.env.flush_all()

    def _model(self):
        self.env.invalidate_all()
        return self.env["crm.lifecycle.visit"].with_user(self.salesperson)

    def test_a_visit_shows_no_customer_that_one_may_not_see(self):
        values = {"profile_id": self.profile.id}
        spec = {"display_name": {}, "profile_id": {}, "phone": {}}
        with self.assertRaises(AccessError):
            self._model().create(values)
        with self.assertRaises(AccessError):
            self._model().create(
                {
                    **values,
                    "stage_id": self.customer.id,
                    "activity_id": self._activity(self.mine).id,
                }
            )
        with self.assertRaises(AccessError):
            self._model().onchange(values, ["profile_id"], spec)
        with self.assertRaises(AccessError):
            self._model().with_context(default_profile_id=self.profile.id).onchange(
                {}, [], spec
            )

    def test_a_visit_is_not_led_to_another_customer_or_activity(self):
        visit = self._model().create({"profile_id": self.mine.id})
        for values in (
            {"profile_id": self.profile.id},
            {"activity_id": self._activity(self.profile).id},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                visit.write(values)

    def _activity(self, profile):
        return profile.activity_schedule(
            "mail.mail_activity_data_call", user_id=self.colleague.id
        )

    def test_a_merge_by_others_leaves_the_planned_visit(self):
        mine = self._visit(self.mine, date_due=day(1))
        theirs = self._visit(user_id=self.colleague.id, date_due=day(2))
        self.env.flush_all()
        self.env.invalidate_all()
        contact = self.mine.partner_id.with_user(self.salesperson)
        contact.parent_id = self.profile.partner_id
        self.assertEqual(theirs.state, "planned")
        self.assertEqual(mine.state, "cancelled")
        self.assertEqual(mine.profile_id, self.profile)
