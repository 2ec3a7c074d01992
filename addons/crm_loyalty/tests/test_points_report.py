from datetime import date

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common_tier import TierCase


@tagged("post_install", "-at_install")
class TestPointsReport(TierCase):
    """The report of outstanding points and their possible cost."""

    def _sums(self, env=None, **by):
        names = ("issued", "spent", "expired", "returned", "adjusted", "outstanding")
        [row] = (env or self.env)["crm.loyalty.points.report"]._read_group(
            [("program_id", "=", self.program.id)],
            [],
            [f"{name}:sum" for name in (*names, "liability", "liability_expected")],
        )
        return dict(zip((*names, "liability", "expected"), row, strict=True))

    def test_points_by_what_became_of_them(self):
        self.program.crm_loyalty_point_value = 0.05
        entry = self._earn(1000, date(2026, 1, 5))
        self._post(self.card, -300, "burn", date(2026, 1, 6))
        self._take_back(entry, 100, date(2026, 1, 7))
        self._post(self.card, 40, "bonus", date(2026, 1, 8))
        self._post(self.card, -40, "adjust", date(2026, 1, 9))
        self._post(self.card, 0, "expire", date(2026, 1, 10), lots=entry)
        sums = self._sums()
        expired = sums["expired"]
        self.assertGreater(expired, 0)
        self.assertEqual(sums["issued"], 1040)
        self.assertEqual(sums["spent"], 300)
        self.assertEqual(sums["returned"], 100)
        self.assertEqual(sums["adjusted"], -40)
        self.assertEqual(sums["outstanding"], self.card.points)
        self.assertAlmostEqual(sums["liability"], self.card.points * 0.05)
        kept = 1 - expired / (expired + 300)
        self.assertAlmostEqual(sums["expected"], sums["liability"] * kept)

    def test_without_any_breakage_all_is_expected(self):
        self.program.crm_loyalty_point_value = 0.05
        self.env.flush_all()
        self._earn(1000, date(2026, 1, 5))
        sums = self._sums()
        self.assertAlmostEqual(sums["expected"], 50)

    def test_the_value_of_a_point_is_proposed_from_the_best_reward(self):
        self.program.reward_ids = [
            Command.clear(),
            Command.create(
                {
                    "reward_type": "discount",
                    "discount_mode": "per_order",
                    "discount": 10,
                    "required_points": 200,
                }
            ),
            Command.create(
                {
                    "reward_type": "discount",
                    "discount_mode": "per_point",
                    "discount": 0.04,
                    "required_points": 1,
                }
            ),
        ]
        self.assertAlmostEqual(self.program.crm_loyalty_point_value, 0.05)

    def test_another_company_does_not_see_them(self):
        self._earn(1000, date(2026, 1, 5))
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self._user("stan", "crm_loyalty.group_points_user", other)
        env = self.env(user=stranger, context={"allowed_company_ids": other.ids})
        self.assertFalse(env["crm.loyalty.points.report"].search([]))

    def test_who_does_not_see_points_does_not_see_the_report(self):
        nobody = self._user("nora", "base.group_user")
        with self.assertRaises(AccessError):
            self.env["crm.loyalty.points.report"].with_user(nobody).search([])
        self._earn(1000, date(2026, 1, 5))
        env = self.env(user=self.reader)
        self.assertEqual(self._sums(env)["outstanding"], 1000)
