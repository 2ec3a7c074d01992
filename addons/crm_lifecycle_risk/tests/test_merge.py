from odoo.tests import tagged

from ..risk_check import RiskCheck
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
        self.assertEqual(self._cases().mapped("state"), ["cancelled", "lost", "open"])
        self.assertEqual(self._cases()[2], mine)
        self.assertEqual(len(mine.activity_ids), 2)

    def test_an_older_open_case_replaces_that_of_the_customer_who_remains(self):
        other = self._customer("Bob", user_id=self.salesperson.id)
        Case = self.env["crm.lifecycle.risk.case"]
        older = Case.create({"profile_id": other.id})
        newer = Case.create({"profile_id": self.profile.id})
        self.env.flush_all()
        self.profile._merge_from(other)
        self.assertEqual((older.profile_id, older.state), (self.profile, "open"))
        self.assertEqual((newer.profile_id, newer.state), (self.profile, "cancelled"))

    def test_no_customer_is_saved_by_a_merge(self):
        """A younger customer at risk is merged into one who is not."""
        RiskCheck(self.company).run()
        old = self._customer("Bob", user_id=self.salesperson.id)
        self._move(old, self.customer)
        self.env.cr.execute(
            "UPDATE crm_lifecycle_profile SET first_seen_date = '2024-01-01' "
            "WHERE id = %s",
            [old.id],
        )
        self.env.invalidate_all()
        self._go(self.risk)
        case = self._cases()
        RiskCheck(self.company).run()
        self.assertTrue(self.profile.risk_since)
        old._merge_from(self.profile)
        self.assertEqual(old.stage_id, self.customer)
        self._work()
        RiskCheck(self.company).run()
        self._run()
        self._work()
        self.assertEqual(case.profile_id, old)
        self.assertEqual(case.state, "open")
        self.assertFalse(old.risk_since)
