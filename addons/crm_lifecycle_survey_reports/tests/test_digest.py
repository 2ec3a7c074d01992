from datetime import datetime

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from odoo.addons.crm_lifecycle_survey.tests.common import SurveyCase


@tagged("post_install", "-at_install")
class TestDigest(SurveyCase):
    """The NPS of a digest's period, from the answers that the user may read."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # March 1, 2 and 3. The customer of Cole is a detractor.
        for name, number, score, user in (
            ("Ada", -1, 10, cls.salesperson),
            ("Bob", 0, 9, cls.salesperson),
            ("Cyd", 0, 2, cls.colleague),
            ("Dan", 1, 0, cls.salesperson),
        ):
            profile = cls._customer(name, email=f"{name}@example.com")
            profile.user_id = user
            cls._answer(profile.partner_id, number, nps=score)

    def _value(self, user):
        digest = self.env["digest.digest"].create(
            {"name": "Daily", "company_id": self.company.id}
        )
        return digest.with_user(user).with_context(
            start_datetime=datetime(2026, 3, 1, 8), end_datetime=datetime(2026, 3, 3, 8)
        )["kpi_lifecycle_nps_value"]

    def test_nps_of_the_days_of_the_period(self):
        """Two promoters and one detractor of three: 100 x (2 - 1) / 3."""
        self.assertAlmostEqual(self._value(self.leader), 100 / 3, 1)

    def test_own_customers_alone(self):
        self.assertEqual(self._value(self.salesperson), 100)

    def test_others_are_told_nothing(self):
        other = new_test_user(self.env, "ida", groups="base.group_user")
        with self.assertRaises(AccessError):
            self._value(other)
