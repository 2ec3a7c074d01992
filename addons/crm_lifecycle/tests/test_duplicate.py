from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import LifecycleCase


@tagged("post_install", "-at_install")
class TestDuplicate(LifecycleCase):
    """Customers with the same address are found before they hurt."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls._customer("Ada", email="Ada <ada@example.com>")
        cls.booking = cls._customer("ada", email="ADA@example.com ")
        cls.salesperson.group_ids |= cls.env.ref("base.group_partner_manager")

    def _rows(self, user=None, **vals):
        Duplicate = self.env["crm.lifecycle.duplicate"].with_user(user or self.env.user)
        domain = [(name, "=", value) for name, value in vals.items()]
        return Duplicate.search([("company_id", "=", self.company.id), *domain])

    def test_two_customers_with_the_same_email_are_found(self):
        self.assertEqual(self.ada.duplicate_ids, self.booking.partner_id)
        self.assertEqual(self.booking.duplicate_ids, self.ada.partner_id)
        self.assertEqual(self.ada.duplicate_count, 1)
        rows = self._rows()
        self.assertEqual(rows.profile_id, self.ada | self.booking)
        self.assertEqual(rows.mapped("value"), ["ada@example.com"] * 2)
        self.assertEqual(rows.mapped("kind"), ["email"] * 2)

    def test_the_same_number_in_two_formats_is_found(self):
        be = self.env.ref("base.be").id
        one = self._customer("Bob", phone="+32 470 12 34 56", country_id=be)
        two = self._customer("Robert", phone="0470/123456", country_id=be)
        self.assertEqual(one.duplicate_ids, two.partner_id)
        self.assertEqual(self._rows(kind="phone").profile_id, one | two)

    def test_an_address_that_contacts_of_one_company_share_is_no_duplicate(self):
        acme = self._customer("Acme", is_company=True, email="info@acme.example")
        for name in ("Bob", "Eve"):
            self._partner(name, parent_id=acme.partner_id.id, email="info@acme.example")
        self.assertFalse(acme.duplicate_ids)
        self.assertFalse(self._rows(value="info@acme.example"))

    def test_a_booking_of_a_companys_contact_is_found(self):
        acme = self._customer("Acme", is_company=True)
        bob = self._partner(
            "Bob", parent_id=acme.partner_id.id, email="bob@acme.example"
        )
        again = self._customer("bob", email="bob@acme.example")
        self.assertEqual(acme.duplicate_ids, again.partner_id)
        self.assertEqual(again.duplicate_ids, bob)

    def test_customers_of_different_companies_are_none(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids |= other
        self.env["crm.lifecycle.profile"].with_company(other).create(
            {
                "partner_id": self._partner(
                    "Zoe", company_id=False, email="z@z.example"
                ).id
            }
        )
        zoe = self._customer("Zoe", email="z@z.example")
        self.assertFalse(zoe.duplicate_ids)

    def test_archived_customers_are_none(self):
        self.booking.partner_id.action_archive()
        self.env.invalidate_all()
        self.assertFalse(self.ada.duplicate_ids)
        self.assertFalse(self._rows())

    def test_customers_without_an_address_are_none(self):
        self._customer("Bob")
        self._customer("Eve")
        self.assertEqual(len(self._rows()), 2)

    def test_many_customers_cost_one_query(self):
        profiles = self.ada | self.booking
        for number in range(8):
            profiles |= self._customer(f"Ada {number}", email="ada@example.com")
        self.env.flush_all()
        (self.ada | self.booking).mapped("duplicate_count")
        self.env.invalidate_all()
        self.ada.duplicate_count  # noqa: B018 warms up the registry
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.ada.mapped("duplicate_count")
        one = self.env.cr.sql_log_count - before
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        profiles.mapped("duplicate_count")
        self.assertLessEqual(self.env.cr.sql_log_count - before, one)
        self.assertEqual(set(profiles.mapped("duplicate_count")), {9})

    def test_the_index_answers_for_one_customer(self):
        query = self.env["crm.lifecycle.duplicate"]._get_pairs(self.ada, "email")
        plan = self._get_plan(query, "seqscan", "hashjoin", "mergejoin")
        self.assertIn("res_partner_lifecycle_email_idx", plan)

    def test_a_salesperson_merges_them_with_odoos_wizard(self):
        action = self.ada.with_user(self.salesperson).action_merge_duplicates()
        partners = (self.ada | self.booking).partner_id
        self._merge(action, self.salesperson)
        self.env.invalidate_all()
        self.assertEqual(len(partners.exists()), 1)
        self.assertEqual(len((self.ada | self.booking).exists()), 1)

    def test_the_list_merges_all_contacts_with_the_address_of_a_row(self):
        action = self._rows(self.salesperson)[0].action_merge()
        self._merge(action, self.salesperson)
        self.assertFalse(self._rows())

    def _merge(self, action, user):
        """Confirm the wizard that the action opens."""
        Wizard = self.env[action["res_model"]].with_user(user)
        (self.ada | self.booking).partner_id.email = "ada@example.com"
        with Form(Wizard.with_context(**action["context"])) as form:
            self.assertEqual(
                set(form.partner_ids.ids), set((self.ada | self.booking).partner_id.ids)
            )
        form.record.action_merge()

    def test_who_may_not_merge_contacts_may_not_here(self):
        colleague = self.colleague
        colleague.group_ids -= self.env.ref("base.group_partner_manager")
        with self.assertRaises(AccessError):
            self.ada.with_user(colleague).action_merge_duplicates()
        with self.assertRaises(AccessError):
            self._rows(colleague)[0].action_merge()

    def test_the_list_has_only_customers_whom_the_user_may_see(self):
        self.booking.user_id = self.colleague
        self.env.flush_all()
        self.assertEqual(self._rows(self.salesperson).profile_id, self.ada)
        self.assertEqual(len(self._rows(self.leader)), 2)
