"""Health of customers by their ratings and tickets."""

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.test_health import HealthCase


@tagged("post_install", "-at_install")
class TestServiceHealth(HealthCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._write(stage_id=cls.customer.id)

    def test_a_ticket_that_is_open_for_long_is_a_sign(self):
        self._check_bounds(
            ("good", "watch"),
            "A ticket is open for 7 days or more",
            "ticket_oldest_open_date",
            [self._ago(days) for days in (6, 7, 8)],
        )
        self._settings("ticket").is_enabled = False
        self._check("good")

    def test_a_low_rating_is_a_sign(self):
        low = "The last rating is at most 2 of 5"
        fair = "The last rating is at most 3 of 5"
        for rating, level, reasons in (
            (0, "good", ()),
            (1, "at_risk", (low, fair)),
            (2, "at_risk", (low, fair)),
            (2.1, "watch", (fair,)),
            (3, "watch", (fair,)),
            (3.1, "good", ()),
        ):
            with self.subTest(rating=rating):
                self._write(rating_last=rating)
                self._check(level, *reasons)
        self._settings("rating_fair").is_enabled = False
        self._write(rating_last=2)
        self._check("at_risk", low)
        self._settings("rating_low").threshold = 1
        self._check("good")

    def test_a_rating_has_at_most_five_stars(self):
        sign = self._settings("rating_low")
        for value in (0, 6):
            with self.assertRaisesRegex(ValidationError, "from 1 to 5"):
                sign.threshold = value
