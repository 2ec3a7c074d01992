from datetime import date

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import LifecycleCase


@tagged("post_install", "-at_install")
class TestPurchaseTimeline(LifecycleCase):
    """The timeline of a customer shows purchases of an older system."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls._partner("Ada", company_id=False)
        cls.bob = cls._partner("Bob")
        cls.contact = cls._partner("Contact", parent_id=cls.ada.id)
        other = cls.env["res.company"].create({"name": "Other"})
        cls.env["crm.lifecycle.purchase.import"].create(
            [
                {
                    "name": name,
                    "partner_id": partner.id,
                    "company_id": company.id,
                    "date": day,
                    "amount": amount,
                    "currency_id": company.currency_id.id,
                }
                for name, partner, company, day, amount in (
                    ("S1", cls.ada, cls.company, date(2025, 1, 31), 100),
                    ("R1", cls.ada, cls.company, date(2025, 3, 1), -30),
                    ("S2", cls.contact, cls.company, date(2025, 2, 1), 20),
                    ("S3", cls.bob, cls.company, date(2025, 2, 2), 7),
                    ("S4", cls.ada, other, date(2025, 2, 3), 5),
                    ("S5", cls.ada, cls.company, date(2199, 1, 1), 9),
                )
            ]
        )
        cls._run()
        cls.profile = cls._profile(cls.ada)
        cls.profile.user_id = cls.salesperson
        cls.env.flush_all()
        cls.env.invalidate_all()

    def _events(self, user, kinds=("sale",)):
        events = self.profile.with_user(user)._get_timeline(20, kinds)
        return [
            (event["label"], event["title"], event["amount"], event["currency_id"])
            for event in events
            if event["res_model"] == "crm.lifecycle.purchase.import"
        ]

    def test_imported_purchases_and_returns_are_events(self):
        currency = self.company.currency_id.id
        self.assertEqual(
            self._events(self.salesperson),
            [
                ("Return", "R1", -30, currency),
                ("Purchase", "S2", 20, currency),
                ("Purchase", "S1", 100, currency),
            ],
        )

    def test_record_rules_limit_the_events(self):
        """A company may restrict the rows that salespeople read further."""
        rule = self.env.ref(
            "crm_lifecycle_purchase.crm_lifecycle_purchase_import_personal_rule"
        )
        rule.domain_force = [("name", "=", "S1")]
        for user, names in (
            (self.salesperson, ["S1"]),
            (self.leader, ["R1", "S2", "S1"]),
        ):
            self.assertEqual([event[1] for event in self._events(user)], names)
