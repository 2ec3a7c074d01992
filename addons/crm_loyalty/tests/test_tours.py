from odoo.tests import HttpCase, tagged

from .common_tier import TierCase


@tagged("post_install", "-at_install")
class TestTours(TierCase, HttpCase):
    """Browser tours of employees, each with the role that they need."""

    def test_tour_of_an_adjustment_with_four_eyes(self):
        self.company.crm_loyalty_adjust_limit = 100
        approver = self._user("april", "crm_loyalty.group_points_approver")
        self._earn(600, self.program._get_loyalty_today())
        self.start_tour(
            f"/odoo/loyalty.card/{self.card.id}",
            "crm_loyalty_adjust",
            login=self.adjuster.login,
        )
        adjustment = self.env["crm.loyalty.adjustment"].search(
            [("card_id", "=", self.card.id)]
        )
        self.assertRecordValues(
            adjustment,
            [{"state": "waiting", "points": 300, "user_id": self.adjuster.id}],
        )
        self.assertEqual(self.card.points, 600)
        self.start_tour(
            "/odoo/points-adjustments", "crm_loyalty_approve", login=approver.login
        )
        self.env.invalidate_all()
        self.assertRecordValues(
            adjustment, [{"state": "done", "approver_id": approver.id}]
        )
        self.assertEqual(self.card.points, 900)
