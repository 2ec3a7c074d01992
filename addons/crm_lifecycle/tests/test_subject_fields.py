from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import LifecycleCase


@tagged("post_install", "-at_install")
class TestSubjectFields(LifecycleCase):
    """Stage and facts on contacts and leads, without columns of their own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls._customer("Ada", user_id=cls.salesperson.id)
        cls.bob = cls._customer("Bob", user_id=cls.colleague.id)
        cls.bob.stage_id = cls.engaged
        cls.stranger = cls._partner("Stranger")
        cls.partners = cls.ada.partner_id | cls.bob.partner_id | cls.stranger
        cls.inside = [("id", "in", cls.partners.ids)]
        cls.env.flush_all()
        cls.env.invalidate_all()

    def test_a_contact_shows_its_stage(self):
        self.assertEqual(
            [partner.lifecycle_stage_id for partner in self.partners],
            [self.prospect, self.engaged, self.env["crm.lifecycle.stage"]],
        )

    def test_a_contact_person_shows_the_stage_of_the_company(self):
        company = self.ada.partner_id
        person = self._partner("Person", parent_id=company.id)
        self.assertEqual(person.lifecycle_stage_id, self.prospect)
        found = self.env["res.partner"].search(
            [("lifecycle_stage_id", "=", self.prospect.id), ("id", "=", person.id)]
        )
        self.assertEqual(found, person)

    def test_contacts_are_searched_by_stage(self):
        Partner = self.env["res.partner"]
        for condition, expected in [
            (("lifecycle_stage_id", "=", self.engaged.id), self.bob.partner_id),
            (("lifecycle_stage_id.code", "=", "prospect"), self.ada.partner_id),
            (("lifecycle_stage_id", "ilike", "engag"), self.bob.partner_id),
            (("lifecycle_stage_id", "=", False), self.stranger),
            (("lifecycle_stage_id", "!=", False), self.partners - self.stranger),
            (
                ("lifecycle_stage_id", "!=", self.engaged.id),
                self.ada.partner_id | self.stranger,
            ),
            (("lifecycle_profile_id", "=", False), self.stranger),
            (("lifecycle_profile_id", "=", self.bob.id), self.bob.partner_id),
            (
                ("lifecycle_profile_id", "!=", self.bob.id),
                self.partners - self.bob.partner_id,
            ),
            (("lifecycle_category", "=", "engaged"), self.bob.partner_id),
            (("lifecycle_first_seen_date", "=", False), self.stranger),
        ]:
            with self.subTest(condition=condition):
                found = Partner.search([*self.inside, condition])
                self.assertEqual(found.sorted("id"), expected.sorted("id"))
                self.assertEqual(
                    self.partners.filtered_domain([condition]).sorted("id"),
                    expected.sorted("id"),
                )

    def test_contacts_are_grouped_and_sorted_by_stage(self):
        Partner = self.env["res.partner"]
        groups = Partner._read_group(self.inside, ["lifecycle_stage_id"], ["__count"])
        self.assertEqual(
            dict(groups),
            {self.prospect: 1, self.engaged: 1, self.env["crm.lifecycle.stage"]: 1},
        )
        months = Partner._read_group(
            self.inside, ["lifecycle_first_seen_date:month"], ["__count"]
        )
        self.assertEqual(sorted(count for _month, count in months), [1, 2])
        self.assertEqual(
            Partner.search(self.inside, order="lifecycle_stage_id, id").mapped("name"),
            ["Ada", "Bob", "Stranger"],
        )

    def test_the_web_client_may_sort_and_group(self):
        description = self.env["res.partner"].fields_get(
            ["lifecycle_stage_id", "lifecycle_stage_date", "lifecycle_profile_id"],
            ["sortable", "groupable", "searchable"],
        )
        for name, attributes in description.items():
            with self.subTest(name=name):
                self.assertTrue(all(attributes.values()), attributes)

    def test_a_salesperson_sees_no_stage_of_others_customers(self):
        partners = self.partners.with_user(self.salesperson)
        self.assertEqual(
            [partner.lifecycle_stage_id.id for partner in partners],
            [self.prospect.id, False, False],
        )
        Partner = partners.browse()
        self.assertFalse(
            Partner.search([*self.inside, ("lifecycle_stage_id", "=", self.engaged.id)])
        )
        groups = Partner._read_group(self.inside, ["lifecycle_stage_id"], ["__count"])
        self.assertEqual(
            {stage.id: count for stage, count in groups},
            {self.prospect.id: 1, False: 2},
        )

    def test_each_company_shows_its_own_stage(self):
        other = self.env["res.company"].create({"name": "Other"})
        user = new_test_user(
            self.env,
            "two",
            groups="sales_team.group_sale_salesman_all_leads",
            company_id=self.company.id,
            company_ids=[Command.set((self.company | other).ids)],
        )
        self.ada.partner_id.company_id = False
        partner = self.ada.partner_id.with_user(user)
        here = partner.with_context(allowed_company_ids=self.company.ids)
        there = partner.with_context(allowed_company_ids=other.ids)
        self.assertEqual(here.lifecycle_stage_id, self.prospect)
        self.assertFalse(there.lifecycle_stage_id)
        self.assertFalse(
            there.search([*self.inside, ("lifecycle_stage_id", "!=", False)])
        )

    def test_a_lead_shows_the_stage_of_its_customer_or_its_own(self):
        known = self.ada.partner_id.opportunity_ids
        alone = self._lead()
        self._run()
        self.assertEqual(known.lifecycle_stage_id, self.prospect)
        self.assertEqual(alone.lifecycle_profile_id, self._profile(alone))
        self._profile(alone).stage_id = self.customer
        Lead = self.env["crm.lead"]
        inside = [("id", "in", (known | alone).ids)]
        self.assertEqual(
            Lead.search([*inside, ("lifecycle_stage_id", "=", self.customer.id)]), alone
        )
        self.assertEqual(
            Lead.search([*inside, ("lifecycle_stage_id", "!=", self.customer.id)]),
            known,
        )
        self.assertEqual(
            dict(Lead._read_group(inside, ["lifecycle_stage_id"], ["__count"])),
            {self.prospect: 1, self.customer: 1},
        )
        self.assertEqual(
            Lead.search(inside, order="lifecycle_stage_id desc").mapped("id"),
            [alone.id, known.id],
        )

    def test_one_search_serves_a_whole_list(self):
        self.env.invalidate_all()
        self.partners.mapped("name")
        self.partners.commercial_partner_id.mapped("name")
        with self.assertQueryCount(2):
            self.partners.mapped("lifecycle_profile_id.stage_id.id")

    def test_contacts_have_no_column_of_ours_but_what_they_object_to(self):
        """The objection is entered by the person, and no run writes it."""
        self.env.cr.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_name = 'res_partner' AND column_name LIKE 'lifecycle%'"
        )
        self.assertEqual(self.env.cr.fetchall(), [("lifecycle_objection_date",)])
