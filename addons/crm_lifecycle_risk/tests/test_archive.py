from odoo.tests import tagged

from ..risk_check import RiskCheck
from .common import RiskCase


@tagged("post_install", "-at_install")
class TestArchive(RiskCase):
    """Cases of archived customers are cancelled, neither saved nor lost."""

    def test_an_open_case_goes_and_comes_back_with_the_customer(self):
        self._go(self.risk)
        case = self._cases()
        case.state = "planned"
        activity = case.activity_ids
        self.profile.partner_id.action_archive()
        self.assertEqual(case.state, "cancelled")
        self.assertFalse(case.date_closed)
        self.assertFalse(activity.active)
        RiskCheck(self.company).run()
        self.assertEqual(case.state, "cancelled")
        self.profile.partner_id.action_unarchive()
        self.assertEqual(case.state, "planned")
        self.assertTrue(activity.active)

    def test_a_closed_case_stays_closed(self):
        self._go(self.risk, self.lost)
        case = self._cases()
        self.profile.partner_id.action_archive()
        self.profile.partner_id.action_unarchive()
        self.assertEqual(case.state, "lost")

    def test_a_case_opened_meanwhile_stays_the_only_one(self):
        self._go(self.risk)
        old = self._cases()
        self.profile.partner_id.action_archive()
        new = self._case()
        self.profile.partner_id.action_unarchive()
        self.assertEqual((old | new).mapped("state"), ["cancelled", "open"])
