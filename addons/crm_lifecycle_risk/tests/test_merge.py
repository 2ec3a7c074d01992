from odoo.tests import tagged

from .common import RiskCase


@tagged("post_install", "-at_install")
class TestMerge(RiskCase):
    def test_merged_customers_keep_their_cases_and_one_is_open(self):
        other = self._customer("Bob", user_id=self.salesperson.id)
        self._go(self.risk)
        mine = self._cases()
        self._move(other, self.customer)
        self._go(self.risk, self.lost, self.risk, profile=other)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge(
            (self.profile.partner_id | other.partner_id).ids, self.profile.partner_id
        )
        self.env.invalidate_all()
        self.assertEqual(self._cases().mapped("state"), ["lost", "open"])
        self.assertEqual(self._cases()[1], mine)
        self.assertEqual(len(mine.activity_ids), 2)
