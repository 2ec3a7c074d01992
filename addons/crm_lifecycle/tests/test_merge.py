from datetime import timedelta

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

    # ------------------------------------------------------------
    # The stronger claim
    # ------------------------------------------------------------

    def _customer_since(self, name, days, *stages, **vals):
        """Return a customer first seen some days ago, in the last of some stages."""
        partner = self._partner(name, **vals)
        self._lead(days, partner_id=partner.id)
        self._run()
        profile = self._profile(partner)
        for number, stage in enumerate(stages):
            profile._lifecycle_move(
                stage,
                origin="rule",
                as_of=TODAY - timedelta(days=days - number - 1),
                quiet=True,
            )
        self.env.flush_all()
        return profile

    def test_an_old_customer_merged_into_a_younger_duplicate_stays_one(self):
        mail = self.env["mail.template"].create(
            {
                "name": "Welcome",
                "model_id": self.env["ir.model"]._get_id("crm.lifecycle.profile"),
            }
        )
        self.customer.mail_template_id = mail
        old = self._customer_since("Old", 400, self.customer)
        old.write({"decision": "reinvest", "user_id": self.salesperson.id})
        since, rows = old.stage_date, old.history_ids
        young = self._customer("Young")
        rows |= young.history_ids
        self._merge_contacts((old | young).partner_id, young.partner_id)
        self.assertEqual(young.stage_id, self.customer)
        self.assertEqual(young.stage_date, since)
        self.assertEqual(young.decision, "reinvest")
        self.assertEqual(young.user_id, self.salesperson)
        self.assertEqual(young.first_seen_date, TODAY - timedelta(days=400))
        self.assertLess(rows, young.history_ids)
        self.assertEqual(self._moves(young)[-1], ("prospect", "customer", "merge"))
        self.assertFalse(young.history_ids.filtered(lambda row: not row.processed_at))
        self._run()
        self.assertEqual(young.stage_id, self.customer)
        self.assertFalse(young.playbook_log_ids)

    def test_a_customer_comes_before_an_older_prospect(self):
        prospect = self._customer_since("Old", 400, self.engaged)
        customer = self._customer_since("Young", 10, self.customer)
        since = customer.stage_date
        prospect._merge_from(customer)
        self.assertEqual(prospect.stage_id, self.customer)
        self.assertEqual(prospect.stage_date, since)
        self.assertEqual(prospect.first_seen_date, TODAY - timedelta(days=400))

    def test_of_two_customers_the_longer_lived_keeps_the_stage(self):
        for into, days in (("old", (400, 10)), ("young", (10, 400))):
            with self.subTest(into=into):
                one = self._customer_since("One", days[0], self.customer)
                two = self._customer_since("Two", days[1], self.risk)
                old = one if days[0] > days[1] else two
                stage, since = old.stage_id, old.stage_date
                one._merge_from(two)
                self.assertEqual((one.stage_id, one.stage_date), (stage, since))

    def test_a_stage_of_another_lifecycle_comes_with_its_lifecycle(self):
        other = self.lifecycle.copy({"name": "Other", "state": "active"})
        stage = other.stage_ids.filtered(lambda item: item.code == "customer")
        old = self._customer_since("Old", 400)
        old._lifecycle_move(
            stage, origin="switch", as_of=TODAY, quiet=True, is_transfer=True
        )
        young = self._customer("Young")
        young._merge_from(old)
        self.assertEqual(young.stage_id, stage)
        self.assertEqual(young.lifecycle_id, other)

    def test_three_customers_become_the_oldest(self):
        profiles = [
            self._customer_since(str(days), days, self.engaged)
            for days in (10, 400, 100)
        ]
        since = profiles[1].stage_date
        partners = self.env["res.partner"].union(
            *(profile.partner_id for profile in profiles)
        )
        self._merge_contacts(partners, profiles[0].partner_id)
        self.assertEqual(profiles[0].stage_date, since)
        merges = profiles[0].history_ids.filtered(lambda row: row.merge_id == row)
        self.assertEqual(len(merges), 2)

    def test_a_pending_move_of_the_other_life_sends_nothing(self):
        """The younger one entered the stage today, and its steps are not done yet."""
        action = self.env["ir.actions.server"].create(
            {
                "name": "Color",
                "model_id": self.env["ir.model"]._get_id("crm.lifecycle.profile"),
                "state": "code",
                "code": "record.write({'color': 5})",
            }
        )
        self.customer.enter_action_ids = action
        old = self._customer_since("Old", 400, self.customer)
        young = self._customer("Young")
        young._lifecycle_move(self.customer, origin="rule", as_of=TODAY)
        self.assertTrue(young.history_ids.filtered(lambda row: not row.processed_at))
        old._merge_from(young)
        Log = self.env["crm.lifecycle.playbook.log"]
        for row in old.history_ids.filtered(lambda row: not row.processed_at):
            Log._process_move(row.id)
        self.assertEqual(old.color, 0)
        self.assertEqual(old.playbook_log_ids.mapped("state"), ["skipped"])

    def test_followers_and_meetings_follow(self):
        ada, bob = self._customer("Ada"), self._customer("Bob")
        bob.message_subscribe(self.salesperson.partner_id.ids)
        meeting = self.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": "2026-03-01 08:00:00",
                "stop": "2026-03-01 09:00:00",
                "res_model_id": self.env["ir.model"]._get_id(bob._name),
                "res_id": bob.id,
            }
        )
        ada._merge_from(bob)
        self.assertIn(self.salesperson.partner_id, ada.message_partner_ids)
        self.assertEqual(meeting.res_id, ada.id)

    def test_the_company_of_a_merged_contact_is_counted_again(self):
        acme = self._customer("Acme", is_company=True)
        beta = self._customer("Beta", is_company=True)
        bob = self._partner("Bob", parent_id=acme.partner_id.id)
        ada = self._partner("Ada", parent_id=beta.partner_id.id)
        self._lead(partner_id=bob.id)
        self._run()
        self.assertEqual(acme.open_lead_count, 2)
        self._merge_contacts(ada | bob, ada)
        self._run()
        self.assertEqual(acme.open_lead_count, 1)
        self.assertEqual(beta.open_lead_count, 2)

    # ------------------------------------------------------------
    # A lead of the wrong customer
    # ------------------------------------------------------------

    def _state(self, profile):
        return (
            profile.stage_id,
            profile.stage_date,
            self._moves(profile),
            profile.history_ids.merge_id,
        )

    def test_a_lead_of_the_wrong_customer_goes_whole_to_the_right_one(self):
        lead = self._lead(20)
        self._run()
        profile = self._profile(lead)
        wrong, right = self._partner("Wrong"), self._partner("Right")
        lead.partner_id = wrong
        profile.stage_id = self.customer
        before = self._state(profile)
        lead.partner_id = right
        self.assertEqual(self._profile(right), profile)
        self.assertEqual(self._state(profile), before)
        self.assertEqual(profile.history_ids.partner_id, right)
        self.assertFalse(self._profile(wrong))
        self._run()
        self.assertFalse(self._profile(wrong))

    def test_a_wrong_customer_is_as_if_the_lead_had_never_been_theirs(self):
        """Once the lead's stage won the merge, once the customer's did."""
        for days, stage in ((100, self.engaged), (5, self.prospect)):
            with self.subTest(days=days):
                wrong = self._customer_since("Wrong", 50, self.engaged)
                before = self._state(wrong)
                lead = self._lead(days)
                self._run()
                mine = self._profile(lead)
                mine._lifecycle_move(
                    stage,
                    origin="rule",
                    as_of=TODAY - timedelta(days=days - 2),
                    quiet=True,
                )
                theirs = self._state(mine)
                lead.partner_id = wrong.partner_id
                self.assertFalse(mine.exists())
                right = self._partner("Right")
                lead.partner_id = right
                self.assertEqual(self._state(wrong), before)
                self.assertEqual(self._state(self._profile(right)), theirs)
                self._run()
                self.assertEqual(self._state(wrong), before)
                self.assertEqual(wrong.open_lead_count, 1)
                self.assertEqual(self._profile(right).open_lead_count, 1)

    def test_a_lead_without_a_customer_again_is_a_lead_again(self):
        wrong = self._customer_since("Wrong", 50, self.customer)
        lead = self._lead(5)
        self._run()
        lead.partner_id = wrong.partner_id
        lead.partner_id = False
        self.assertEqual(self._profile(lead).stage_id, self.prospect)
        self.assertEqual(wrong.stage_id, self.customer)
