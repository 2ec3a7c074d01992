from odoo.tests import tagged

from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestMerge(LifecycleCase):
    def _merge_contacts(self, partners, into):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge(partners.ids, into)
        self.env.invalidate_all()

    def test_a_lead_that_gets_a_customer_takes_its_profile_along(self):
        lead = self._lead(contact_name="Ada")
        self._run()
        profile = self._profile(lead)
        profile.stage_id = self.engaged
        partner = self._partner()
        lead.partner_id = partner
        self.assertEqual(self._profile(partner), profile)
        self.assertFalse(profile.lead_id)
        self.assertEqual(profile.stage_id, self.engaged)
        self.assertEqual(profile.history_ids.partner_id, partner)
        self.assertEqual(profile.history_ids.lead_id, lead)
        self.assertEqual(len(profile.history_ids), 2)

    def test_conversion_by_the_crm_wizard_keeps_the_history(self):
        lead = self._lead(type="lead", contact_name="Ada", email_from="ada@example.com")
        self._run()
        profile = self._profile(lead)
        lead.with_context(lifecycle_test=True)._handle_partner_assignment(
            create_missing=True
        )
        self.assertTrue(lead.partner_id)
        self.assertEqual(profile.partner_id, lead.partner_id)

    def test_a_lead_of_a_known_customer_joins_their_profile(self):
        known = self._customer()
        known.stage_id = self.customer
        lead = self._lead()
        self._run()
        other = self._profile(lead)
        lead.partner_id = known.partner_id
        self.assertFalse(other.exists())
        self.assertEqual(known.stage_id, self.customer)
        self.assertEqual(
            self._moves(known),
            [
                (None, "prospect", "start"),
                ("prospect", "customer", "manual"),
                (None, "prospect", "start"),
                ("prospect", "customer", "convert"),
            ],
        )
        self._run()
        self.assertEqual(known.open_lead_count, 2)

    def test_merged_contacts_keep_both_histories(self):
        """The core deletes rows that violate a unique index, and their history."""
        ada, bob = self._customer("Ada"), self._customer("Bob")
        bob.stage_id = self.customer
        rows = ada.history_ids | bob.history_ids
        bob_partner = bob.partner_id
        self._merge_contacts(ada.partner_id | bob_partner, ada.partner_id)
        self.assertFalse(bob.exists())
        self.assertEqual(rows.exists(), rows)
        self.assertEqual(rows.profile_id, ada)
        self.assertEqual(rows.partner_id, ada.partner_id)
        self.assertEqual(ada.stage_id, self.customer)
        self.assertEqual(self._moves(ada)[-1], ("prospect", "customer", "merge"))
        self._run()
        self.assertEqual(ada.open_lead_count, 2)

    def test_a_merge_into_a_stranger_moves_the_profile(self):
        ada = self._customer("Ada")
        stranger = self._partner("Stranger")
        history = len(ada.history_ids)
        self._merge_contacts(ada.partner_id | stranger, stranger)
        self.assertEqual(ada.partner_id, stranger)
        self.assertEqual(len(ada.history_ids), history)

    def test_a_merge_keeps_the_profiles_of_each_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        ada, bob = self._customer("Ada"), self._partner("Bob", company_id=False)
        self._lead(partner_id=bob.id, company_id=other.id)
        self.env["crm.lifecycle"]._run(other, TODAY)
        self._merge_contacts(ada.partner_id | bob, ada.partner_id)
        profiles = self.env["crm.lifecycle.profile"].search(
            [("partner_id", "=", ada.partner_id.id)]
        )
        self.assertEqual(profiles.company_id, self.company | other)

    def test_merged_leads_keep_both_histories(self):
        leads = self._lead() | self._lead()
        self._run()
        profiles = self._profile(leads[0]) | self._profile(leads[1])
        rows = profiles.history_ids
        head = leads.merge_opportunity()
        kept = self._profile(head)
        self.assertEqual(len(profiles.exists()), 1)
        self.assertEqual(rows.exists(), rows)
        self.assertEqual(rows.profile_id, kept)

    def test_activities_and_messages_follow(self):
        ada, bob = self._customer("Ada"), self._customer("Bob")
        activity = bob.activity_schedule(
            "mail.mail_activity_data_call", user_id=self.salesperson.id
        )
        message = bob.message_post(body="Hello")
        self._merge_contacts(ada.partner_id | bob.partner_id, ada.partner_id)
        self.assertEqual(activity.res_id, ada.id)
        self.assertEqual(message.res_id, ada.id)

    def test_a_contact_that_joins_a_company_joins_its_profile(self):
        acme, bob = self._customer("Acme", is_company=True), self._customer("Bob")
        bob.partner_id.parent_id = acme.partner_id
        self.assertFalse(bob.exists())
        self._run()
        self.assertEqual(acme.open_lead_count, 2)

    def test_a_contact_that_leaves_a_company_starts_anew(self):
        acme = self._customer("Acme", is_company=True)
        bob = self._partner("Bob", parent_id=acme.partner_id.id)
        self._lead(partner_id=bob.id)
        self._run()
        self.assertEqual(acme.open_lead_count, 2)
        bob.parent_id = False
        self._run()
        self.assertEqual(acme.open_lead_count, 1)
        self.assertEqual(self._profile(bob).open_lead_count, 1)

    def test_a_new_salesperson_of_the_contact_is_the_profiles(self):
        profile = self._customer(user_id=self.salesperson.id)
        profile.partner_id.user_id = self.colleague
        self.assertEqual(profile.user_id, self.colleague)
        profile.user_id = self.leader
        profile.partner_id.user_id = self.salesperson
        self.assertEqual(profile.user_id, self.leader)
