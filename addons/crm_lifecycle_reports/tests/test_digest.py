from datetime import date, datetime

from odoo.tests import tagged

from .common import ReportCase


@tagged("post_install", "-at_install")
class TestDigest(ReportCase):
    def _value(self, user, what):
        digest = self.env["digest.digest"].create(
            {"name": "Daily", "company_id": self.company.id}
        )
        return digest.with_user(user).with_context(
            start_datetime=datetime(2026, 3, 1, 8), end_datetime=datetime(2026, 3, 2, 8)
        )[f"kpi_lifecycle_{what}_value"]

    def test_figures_of_a_day_as_the_reader(self):
        ada, ben = self._traveller("Ada"), self._traveller("Ben")
        ada.user_id, ben.user_id = self.salesperson, self.colleague
        self._walk(
            ada, (self.customer, date(2026, 3, 1)), (self.risk, date(2026, 3, 2))
        )
        self._walk(
            ben,
            (self.lost, date(2026, 2, 1)),
            (self.customer, date(2026, 3, 1)),
            (self.lost, date(2026, 3, 1)),
        )
        self.assertEqual(self._value(self.leader, "new"), 1)
        self.assertEqual(self._value(self.leader, "reactivated"), 1)
        self.assertEqual(self._value(self.leader, "churned"), 1)
        self.assertEqual(self._value(self.leader, "at_risk"), 0)  # on the day after
        self.assertEqual(self._value(self.salesperson, "churned"), 0)
