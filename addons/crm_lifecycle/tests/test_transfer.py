from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestTransfer(LifecycleCase):
    """Several lifecycles, and customers who move from one to another."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.business = cls.env["crm.lifecycle"].create(
            {
                "name": "Businesses",
                "company_id": cls.company.id,
                "sequence": 1,
                "domain": "[('partner_id.is_company', '=', True)]",
                "stage_ids": [
                    (0, 0, {"name": name, "code": name, "category": category})
                    for name, category in [
                        ("visitor", "prospect"),
                        ("client", "customer"),
                        ("partner", "customer"),
                        ("gone", "lost"),
                    ]
                ],
            }
        )
        cls.business.write({"state": "active", "activation_date": "2026-01-01"})

    def _stage(self, code):
        return self.business.stage_ids.filtered(lambda stage: stage.code == code)

    def _transfer(self, profiles, user=None, **values):
        wizard = (
            self.env["crm.lifecycle.transfer"]
            .with_user(user or self.salesperson)
            .with_context(active_model="crm.lifecycle.profile", active_ids=profiles.ids)
            .create(
                {
                    "lifecycle_id": self.business.id,
                    "reason": "They buy for a firm",
                    **values,
                }
            )
        )
        wizard.action_transfer()
        return wizard

    def test_each_customer_is_in_the_first_lifecycle_that_takes_them(self):
        firm = self._customer("Firm", is_company=True)
        person = self._customer("Person")
        self.assertEqual(firm.lifecycle_id, self.business)
        self.assertEqual(person.lifecycle_id, self.lifecycle)
        self.business.sequence = 99
        self._run(full=True)
        self.assertEqual(firm.lifecycle_id, self.lifecycle)

    def test_stages_are_mapped_by_category_in_a_run(self):
        for before, after in [
            (self.customer, "client"),
            (self.lost, "gone"),
            (self.risk, "visitor"),  # no stage of that category there
            (self.engaged, "visitor"),
        ]:
            with self.subTest(stage=before.name):
                profile = self._customer(before.name)
                profile.stage_id = before
                profile.partner_id.is_company = True
                self._run(full=True)
                self.assertEqual(profile.lifecycle_id, self.business)
                self.assertEqual(profile.stage_id.code, after)

    def test_stages_are_mapped_the_same_by_hand(self):
        profiles = self.env["crm.lifecycle.profile"]
        for stage in self.lifecycle.stage_ids:
            profile = self._customer(stage.name)
            if profile.stage_id != stage:
                profile.stage_id = stage
            profiles |= profile
        self._transfer(profiles)
        self.assertEqual(
            profiles.mapped("stage_id.code"), ["visitor", "client", "gone"]
        )
        self.assertEqual(
            [profile.stage_id.code for profile in profiles],
            ["visitor", "visitor", "client", "visitor", "gone"],
        )
        row = profiles[2].history_ids.sorted("id")[-1]
        self.assertEqual(
            (row.origin, row.reason, row.user_id, row.lifecycle_id),
            ("manual", "They buy for a firm", self.salesperson, self.business),
        )

    def test_the_next_run_puts_back_whom_the_lifecycle_does_not_take(self):
        profile = self._customer()
        self._transfer(profile)
        self.assertEqual(profile.lifecycle_id, self.business)
        self._run()
        self.assertEqual(profile.lifecycle_id, self.lifecycle)

    def test_a_pinned_customer_stays(self):
        profile = self._customer()
        self._transfer(profile, pinned_until=TODAY)
        self._run()
        self.assertEqual(profile.lifecycle_id, self.business)

    def test_the_wizard_tells_where_they_go(self):
        profile = self._customer()
        firm = self._customer("Firm", is_company=True)
        wizard = self.env["crm.lifecycle.transfer"].new(
            {
                "profile_ids": (profile | firm).ids,
                "lifecycle_id": self.business.id,
            }
        )
        self.assertIn("visitor", wizard.targets)
        self.assertIn("In the lifecycle already", wizard.targets)

    def test_who_is_there_already_stays_as_they_are(self):
        firm = self._customer("Firm", is_company=True)
        moves = self._moves(firm)
        self._transfer(firm)
        self.assertEqual(self._moves(firm), moves)

    def test_a_lifecycle_that_does_not_run_is_refused(self):
        profile = self._customer()
        self.business.action_archive()
        with self.assertRaisesRegex(UserError, "“Businesses” is not active"):
            self._transfer(profile)

    def test_a_lifecycle_of_another_company_is_refused(self):
        profile = self._customer()
        other = self.env["res.company"].create({"name": "Other"})
        self.business.company_id = other
        with self.assertRaisesRegex(UserError, "a lifecycle of Other"):
            profile._lifecycle_transfer(self.business, "why")

    def test_a_colleagues_customer_is_not_moved(self):
        profile = self._customer()
        profile.user_id = self.colleague
        with self.assertRaises(AccessError):
            self._transfer(profile)

    def test_a_write_of_a_strange_stage_is_refused_as_before(self):
        profile = self._customer().with_user(self.salesperson)
        forged = profile.with_context(lifecycle_transfer=self.business.id)
        with self.assertRaisesRegex(UserError, "customer's own lifecycle"):
            forged.stage_id = self._stage("client")
