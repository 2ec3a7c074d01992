from datetime import datetime

from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestDigest(TransactionCase):
    """Liability of outstanding points at the end of a digest's period."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "Points & Co"})
        cls.env.user.company_ids |= cls.company
        cls.program = cls.env["loyalty.program"].create(
            {
                "name": "Card",
                "program_type": "loyalty",
                "company_id": cls.company.id,
                "crm_loyalty_point_value": 0.5,
            }
        )
        cls.card = cls.env["loyalty.card"].create(
            {
                "program_id": cls.program.id,
                "partner_id": cls.env["res.partner"].create({"name": "Ada"}).id,
            }
        )
        for points, day in ((100, "2026-02-01"), (-40, "2026-03-01")):
            cls.card.points += points
            cls.env.flush_all()
            cls.env.cr.execute(
                "UPDATE crm_loyalty_entry SET date = %s WHERE id = "
                "(SELECT MAX(id) FROM crm_loyalty_entry WHERE card_id = %s)",
                [day, cls.card.id],
            )
        cls.env.invalidate_all()

    def _value(self, end, groups="crm_loyalty.group_points_user"):
        user = new_test_user(
            self.env,
            f"reader {end}",
            groups=groups,
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        digest = self.env["digest.digest"].create(
            {"name": "Daily", "company_id": self.company.id}
        )
        return (
            digest.with_user(user)
            .with_company(self.company)
            .with_context(start_datetime=datetime(2026, 1, 1, 8), end_datetime=end)
            .kpi_loyalty_liability_value
        )

    def test_the_balance_before_the_end_counts(self):
        self.assertEqual(self._value(datetime(2026, 2, 1, 8)), 0)
        self.assertEqual(self._value(datetime(2026, 3, 1, 8)), 50)
        self.assertEqual(self._value(datetime(2026, 3, 2, 8)), 30)

    def test_others_are_told_nothing(self):
        with self.assertRaises(AccessError):
            self._value(datetime(2026, 3, 2, 8), groups="base.group_user")
