from datetime import date

from odoo.tests import tagged

from odoo.addons.crm_lifecycle_reports.tests.common import ReportCase

MODELS = ("stage", "growth", "customer")


@tagged("post_install", "-at_install")
class TestTierDimension(ReportCase):
    def test_each_report_is_told_by_tier(self):
        program = self.env["loyalty.program"].create(
            {"name": "Card", "program_type": "loyalty", "company_id": self.company.id}
        )
        gold = self.env["crm.loyalty.tier"].create(
            {"name": "Gold", "program_id": program.id, "threshold": 10}
        )
        ada, bob = (
            self._walk(
                self._traveller(name),
                (self.prospect, date(2025, 1, 5)),
                (self.customer, date(2025, 1, 20)),
            )
            for name in ("Ada", "Bob")
        )
        self.env.cr.execute(
            "UPDATE crm_lifecycle_profile SET loyalty_tier_id = %s WHERE id = %s",
            [gold.id, ada.id],
        )
        self.env.invalidate_all()
        for name in MODELS:
            with self.subTest(model=name):
                groups = self.env[f"crm.lifecycle.{name}.report"]._read_group(
                    [("profile_id", "in", (ada | bob).ids)],
                    ["loyalty_tier_id"],
                    ["profile_id:recordset"],
                )
                tiers = {tier: profiles for tier, profiles in groups}
                self.assertEqual(tiers[gold], ada)
                self.assertEqual(tiers[self.env["crm.loyalty.tier"]], bob)
