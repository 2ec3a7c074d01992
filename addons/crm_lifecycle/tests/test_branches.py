from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestBranches(LifecycleCase):
    """A parent company's lifecycle serves its branches where it says so."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch, cls.other = cls.env["res.company"].create(
            [
                {
                    "name": "Branch",
                    "parent_id": cls.company.id,
                    "lifecycle_tz": "UTC",
                    "lifecycle_hold_days": 0,
                },
                {"name": "Other", "lifecycle_tz": "UTC"},
            ]
        )
        cls.env.user.company_ids |= cls.branch | cls.other
        cls.clerk, cls.head = (
            new_test_user(
                cls.env,
                login,
                groups=group,
                company_id=cls.branch.id,
                company_ids=[Command.set(cls.branch.ids)],
            )
            for login, group in (
                ("clerk", "sales_team.group_sale_salesman_all_leads"),
                ("head", "sales_team.group_sale_manager"),
            )
        )
        cls.ada = cls._partner("Ada", company_id=False)
        cls._rule(cls.engaged, [("open_lead_count", ">", 0)], cls.prospect)

    def _lead_in(self, company):
        lead = self._lead(partner_id=self.ada.id, company_id=company.id)
        self.assertEqual(lead.company_id, company)
        return lead

    def _profile_in(self, company):
        return self.env["crm.lifecycle.profile"].search(
            [("partner_id", "=", self.ada.id), ("company_id", "=", company.id)]
        )

    def _run_company(self, company):
        self.env.flush_all()
        run = self.env["crm.lifecycle"]._run(company, TODAY)
        self.env.invalidate_all()
        return run

    def test_a_lifecycle_runs_in_no_branch_unless_it_says_so(self):
        self.assertNotIn(self.lifecycle, self.lifecycle._get_active(self.branch))
        self.assertNotIn(self.branch, self.env["crm.lifecycle"]._get_companies())
        self._lead_in(self.branch)
        self._run_company(self.branch)
        self.assertFalse(self._profile_in(self.branch).stage_id)

    def test_a_lifecycle_serves_its_branches(self):
        """Each company has a customer of its own, in the same stages."""
        self.lifecycle.serves_branches = True
        for company in (self.company, self.branch, self.other):
            self._lead_in(company)
            self._run_company(company)
        self.assertEqual(self._profile_in(self.company).stage_id, self.engaged)
        self.assertEqual(self._profile_in(self.branch).stage_id, self.engaged)
        self.assertFalse(self._profile_in(self.other).stage_id)
        companies = self.env["crm.lifecycle"]._get_companies()
        self.assertIn(self.branch, companies)
        self.assertNotIn(self.other, companies)

    def test_a_branch_takes_part_from_the_next_run_on(self):
        """A run of today has already found nothing to do for its customers."""
        self._lead_in(self.branch)
        self._run_company(self.branch)
        self.assertFalse(self._profile_in(self.branch).stage_id)
        self.lifecycle.serves_branches = True
        self.assertTrue(self.env["crm.lifecycle"]._is_run_due(self.branch))
        self._run_company(self.branch)
        self.assertEqual(self._profile_in(self.branch).stage_id, self.engaged)

    def test_a_branch_may_have_a_lifecycle_of_its_own_before(self):
        own = self.lifecycle.copy({"company_id": self.branch.id, "sequence": 1})
        own.write({"state": "active", "activation_date": "2026-01-01"})
        self.lifecycle.serves_branches = True
        self._lead_in(self.branch)
        self._run_company(self.branch)
        self.assertEqual(self._profile_in(self.branch).lifecycle_id, own)

    def test_salespeople_of_a_branch_move_their_customers(self):
        self.lifecycle.serves_branches = True
        self._lead_in(self.branch)
        self._run_company(self.branch)
        profile = self._profile_in(self.branch)
        mine = profile.with_user(self.clerk).with_context(
            allowed_company_ids=self.branch.ids
        )
        self.assertEqual(mine.stage_id.name, "Engaged")
        self.assertIn(self.customer, mine._read_group_stage_ids(mine.stage_id, []))
        mine.stage_id = self.customer
        self.assertEqual(profile.stage_id, self.customer)

    def test_managers_of_a_branch_read_the_lifecycle_and_do_not_change_it(self):
        lifecycle = self.lifecycle.with_user(self.head).with_context(
            allowed_company_ids=self.branch.ids
        )
        with self.assertRaises(AccessError):
            lifecycle.read(["name"])
        self.lifecycle.serves_branches = True
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(lifecycle.name, "Test lifecycle")
        self.assertTrue(lifecycle.stage_ids.mapped("name"))
        self.assertTrue(lifecycle.rule_ids.mapped("name"))
        with self.assertRaises(AccessError):
            lifecycle.name = "Mine"

    def test_a_lifecycle_with_customers_in_a_branch_stays_with_its_company(self):
        self.lifecycle.serves_branches = True
        self._lead_in(self.branch)
        self._run_company(self.branch)
        with self.assertRaisesRegex(ValidationError, "has customers in Branch"):
            self.lifecycle.company_id = self.other


@tagged("post_install", "-at_install")
class TestSubsidiaries(LifecycleCase):
    """A parent customer shows how many of its subsidiaries are customers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.group = cls._partner("Group", is_company=True, user_id=cls.leader.id)
        cls.north = cls._partner(
            "North", is_company=True, parent_id=cls.group.id, user_id=cls.leader.id
        )
        cls.harbour = cls._partner(
            "Harbour",
            is_company=True,
            parent_id=cls.north.id,
            user_id=cls.salesperson.id,
        )
        # A company that is no customer, and a contact, which is part of the group.
        cls._partner("Idle", is_company=True, parent_id=cls.group.id)
        ann = cls._partner("Ann", parent_id=cls.group.id)
        for partner in (cls.group, cls.north, cls.harbour, ann):
            cls._lead(partner_id=partner.id)
        cls._run()

    def test_subsidiaries_at_any_depth_count(self):
        counts = [
            self._profile(partner).subsidiary_count
            for partner in (self.group, self.north, self.harbour)
        ]
        self.assertEqual(counts, [2, 1, 0])
        action = self._profile(self.group).action_open_subsidiaries()
        found = self.env["crm.lifecycle.profile"].search(action["domain"])
        self.assertEqual(found.partner_id, self.north | self.harbour)

    def test_only_those_that_the_user_may_see_count(self):
        profile = self._profile(self.group)
        profile.user_id = self.salesperson
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(profile.with_user(self.salesperson).subsidiary_count, 1)
        self.assertEqual(profile.with_user(self.leader).subsidiary_count, 2)

    def test_a_list_takes_one_query(self):
        profiles = self.env["crm.lifecycle.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        profiles.mapped("partner_id")
        self.env.flush_all()
        with self.assertQueryCount(1):
            profiles.mapped("subsidiary_count")

    def test_a_circle_of_parents_is_no_endless_loop(self):
        """Odoo refuses one, but SQL of another system may leave it."""
        self.env.cr.execute(
            "UPDATE res_partner SET parent_id = %s WHERE id = %s",
            [self.harbour.id, self.group.id],
        )
        self.env.invalidate_all()
        self.assertEqual(self._profile(self.north).subsidiary_count, 2)
