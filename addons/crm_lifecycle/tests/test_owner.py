from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools.translate import code_translations

from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestOwner(LifecycleCase):
    """Customers keep their salesperson, unless the user may write them.

    Ada is Cole's customer, Sally the user who tries. Lea leads Cole's team.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["crm.team"].create(
            {
                "name": "Team",
                "company_id": cls.company.id,
                "user_id": cls.leader.id,
                "member_ids": [Command.set(cls.colleague.ids)],
            }
        )
        cls.ada = cls._customer("Ada", user_id=cls.colleague.id)
        cls.pin = TODAY + timedelta(days=30)
        cls.lead = cls._lead(user_id=cls.salesperson.id)
        cls._run()
        cls.source = cls._profile(cls.lead)
        cls.source.write(
            {
                "user_id": cls.salesperson.id,
                "pinned_until": cls.pin,
                "note": "<p>mine</p>",
            }
        )
        (cls.ada | cls.source).flush_recordset()

    def _as(self, record, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        return record.with_user(user or self.salesperson)

    def _todos(self, profiles=None):
        """Return the activities on profiles: ``{(profile, user)}``."""
        activities = self.env["mail.activity"].search(
            [
                ("res_model", "=", "crm.lifecycle.profile"),
                ("res_id", "in", (profiles or self.ada).ids),
            ]
        )
        return {(activity.res_id, activity.user_id) for activity in activities}

    def _due(self, *profiles):
        return {
            (profile.id, user)
            for profile in profiles
            for user in self.colleague | self.leader
        }

    # ------------------------------------------------------------
    # A changed salesperson of the contact
    # ------------------------------------------------------------

    def test_a_colleagues_customer_stays_theirs(self):
        self._as(self.ada.partner_id).user_id = self.salesperson
        self.assertEqual(self.ada.partner_id.user_id, self.salesperson)
        self.assertEqual(self.ada.user_id, self.colleague)
        self.assertFalse(self._as(self.ada).has_access("read"))
        self.assertEqual(self._todos(), self._due(self.ada))

    def test_nobody_is_asked_twice(self):
        for _time in range(2):
            self._as(self.ada.partner_id).user_id = self.salesperson
        self.assertEqual(
            self.env["mail.activity"].search_count(
                [
                    ("res_model", "=", "crm.lifecycle.profile"),
                    ("res_id", "=", self.ada.id),
                ]
            ),
            2,
        )

    def test_a_colleagues_customer_is_not_made_free(self):
        self._as(self.ada.partner_id).user_id = False
        self.assertEqual(self.ada.user_id, self.colleague)
        self.assertEqual(self._todos(), self._due(self.ada))

    def test_a_contact_without_a_salesperson_gives_no_customer_away(self):
        self.ada.partner_id.user_id = False
        self.ada.user_id = self.colleague
        self._as(self.ada.partner_id).user_id = self.salesperson
        self.assertEqual(self.ada.user_id, self.colleague)
        self.assertEqual(self._todos(), self._due(self.ada))

    def test_many_contacts_at_once(self):
        bob = self._customer("Bob", user_id=self.colleague.id)
        own = self._customer("Own", user_id=self.salesperson.id)
        free = self._customer("Free")
        free.user_id = False
        contacts = (self.ada | bob | own | free).partner_id
        self._as(contacts).write({"user_id": self.leader.id})
        self.assertEqual((self.ada | bob).user_id, self.colleague)
        self.assertEqual((own | free).user_id, self.leader)
        self.assertEqual(
            self._todos(contacts.lifecycle_profile_ids),
            {
                (profile.id, user)
                for profile in self.ada | bob
                for user in self.colleague | self.leader
            },
        )

    def test_as_many_queries_for_many_contacts(self):
        some = self.env["crm.lifecycle.profile"]
        for number in range(8):
            some |= self._customer(f"C{number}", user_id=self.colleague.id)
        counts = []
        for profiles in (some[:2], some[2:]):
            contacts = self._as(profiles.partner_id)
            before = self.env.cr.sql_log_count
            found = contacts._get_reassigned_profiles({"user_id": self.salesperson.id})
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(found[1], profiles.sudo())
        self.assertLessEqual(counts[1], counts[0])

    def test_who_may_write_the_profile_takes_it_along(self):
        self._as(self.ada.partner_id, self.leader).user_id = self.salesperson
        self.assertEqual(self.ada.user_id, self.salesperson)
        self.assertFalse(self._todos())

    def test_ones_own_customer_may_be_given_away(self):
        self._as(self.ada.partner_id, self.colleague).user_id = self.salesperson
        self.assertEqual(self.ada.user_id, self.salesperson)
        self.assertFalse(self._todos())

    def test_system_processes_take_all_along(self):
        self._as(self.ada.partner_id).sudo().user_id = self.salesperson
        self.assertEqual(self.ada.user_id, self.salesperson)

    def test_the_same_through_an_import(self):
        self.env["ir.model.data"].create(
            {
                "module": "__import__",
                "name": "ada",
                "model": "res.partner",
                "res_id": self.ada.partner_id.id,
            }
        )
        result = (
            self._as(self.env["res.partner"])
            .with_context(import_file=True)
            .load(["id", "user_id/.id"], [["__import__.ada", str(self.salesperson.id)]])
        )
        self.assertTrue(result["ids"], result["messages"])
        self.assertEqual(self.ada.user_id, self.colleague)
        self.assertEqual(self._todos(), self._due(self.ada))

    def test_everybody_is_asked_in_their_own_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.colleague.lang = "fr_FR"
        text = "Another salesperson for the contact"
        french = {"fr_FR": {text: "Autre vendeur"}}
        self.startPatcher(
            patch.object(
                code_translations,
                "get_python_translations",
                lambda module, lang: french.get(lang, {}),
            )
        )
        self._as(self.ada.partner_id).user_id = self.salesperson
        activities = self.env["mail.activity"].search(
            [("res_model", "=", "crm.lifecycle.profile"), ("res_id", "=", self.ada.id)]
        )
        self.assertEqual(
            {activity.user_id: activity.summary for activity in activities},
            {self.colleague: "Autre vendeur", self.leader: text},
        )
        for activity in activities:
            self.assertIn("sally", activity.note)

    def test_another_companys_profile_of_the_contact_stays(self):
        there = self.env["res.company"].create({"name": "There"})
        self.env.user.company_ids |= there
        owner = self._user("theo", "sales_team.group_sale_salesman")
        owner.write({"company_ids": [Command.set(there.ids)], "company_id": there.id})
        shared = self._partner("Shared", company_id=False, user_id=self.salesperson.id)
        profiles = self.env["crm.lifecycle.profile"]
        for company, user in ((self.company, self.salesperson), (there, owner)):
            profiles |= (
                self.env["crm.lifecycle.profile"]
                .with_company(company)
                .create(
                    {
                        "partner_id": shared.id,
                        "user_id": user.id,
                        "company_id": company.id,
                    }
                )
            )
        self._as(shared).user_id = self.colleague
        self.assertEqual(profiles.mapped("user_id"), self.colleague | owner)

    # ------------------------------------------------------------
    # Merges
    # ------------------------------------------------------------

    def test_ones_lead_writes_nothing_on_a_colleagues_customer(self):
        self.ada.write({"note": "<p>theirs</p>", "decision": "reinvest"})
        rows = self.source.history_ids
        self._as(self.lead).partner_id = self.ada.partner_id
        self.assertFalse(self.source.exists())
        self.assertRecordValues(
            self.ada,
            [
                {
                    "user_id": self.colleague.id,
                    "pinned_until": False,
                    "note": "<p>theirs</p>",
                    "decision": "reinvest",
                }
            ],
        )
        # The history of the lead still counts, and its note is on the lead.
        self.assertEqual(rows.profile_id, self.ada)
        notes = self.lead.message_ids.filtered(lambda message: "mine" in message.body)
        self.assertEqual(notes.author_id, self.salesperson.partner_id)
        self.assertTrue(notes.subtype_id.internal)

    def test_who_may_write_the_customer_merges_as_ever(self):
        self._as(self.lead, self.leader).partner_id = self.ada.partner_id
        self.assertEqual(self.ada.pinned_until, self.pin)
        self.assertIn("mine", self.ada.note)
        self.assertEqual(self.ada.user_id, self.colleague)

    def test_the_system_merges_as_ever(self):
        self._as(self.lead).sudo().partner_id = self.ada.partner_id
        self.assertEqual(self.ada.pinned_until, self.pin)

    def test_a_free_customer_takes_the_note(self):
        self.ada.user_id = False
        self._as(self.lead).partner_id = self.ada.partner_id
        self.assertEqual(self.ada.user_id, self.salesperson)
        self.assertIn("mine", self.ada.note)

    def test_merged_leads_leave_the_note_on_the_lead_that_remains(self):
        head = self._lead(user_id=self.salesperson.id)
        self._run()
        theirs = self._profile(head)
        theirs.user_id = self.colleague
        theirs.flush_recordset()
        self._as(head)._merge_dependences(self.lead)
        self.assertFalse(self.source.exists())
        self.assertFalse(theirs.note)
        self.assertFalse(theirs.pinned_until)
        self.assertTrue(
            head.message_ids.filtered(lambda message: "mine" in message.body)
        )

    def test_ones_contact_writes_nothing_on_a_colleagues_company(self):
        mine = self._customer("Bob", user_id=self.salesperson.id)
        mine.write({"note": "<p>mine</p>", "pinned_until": self.pin})
        contact = mine.partner_id
        self._as(contact).parent_id = self.ada.partner_id
        self.assertFalse(mine.exists())
        self.assertFalse(self.ada.note)
        self.assertFalse(self.ada.pinned_until)
        self.assertTrue(
            contact.message_ids.filtered(lambda message: "mine" in message.body)
        )

    def test_a_colleagues_contact_is_not_taken_into_ones_own_company(self):
        acme = self._customer("Acme", is_company=True, user_id=self.salesperson.id)
        self._as(self.ada.partner_id).parent_id = acme.partner_id
        self.assertEqual(acme.user_id, self.colleague)
        self.assertFalse(self._as(acme).has_access("write"))

    def test_merged_contacts(self):
        self.salesperson.group_ids |= self.env.ref("base.group_partner_manager")
        mine = self._customer("Bob", user_id=self.salesperson.id)
        mine.write({"note": "<p>mine</p>", "pinned_until": self.pin})
        partners = self.ada.partner_id | mine.partner_id
        wizard = self._as(self.env["base.partner.merge.automatic.wizard"]).create({})
        wizard._merge(partners.ids, self.ada.partner_id.with_user(self.salesperson))
        self.env.invalidate_all()
        self.assertEqual(self.ada.user_id, self.colleague)
        self.assertFalse(self.ada.note)
        self.assertFalse(self.ada.pinned_until)
        self.assertTrue(
            self.ada.partner_id.message_ids.filtered(
                lambda message: "mine" in message.body
            )
        )

    def test_a_colleagues_contact_is_not_taken_by_merging(self):
        self.salesperson.group_ids |= self.env.ref("base.group_partner_manager")
        mine = self._customer("Bob", user_id=self.salesperson.id)
        partners = self.ada.partner_id | mine.partner_id
        wizard = self._as(self.env["base.partner.merge.automatic.wizard"]).create({})
        wizard._merge(partners.ids, mine.partner_id.with_user(self.salesperson))
        self.env.invalidate_all()
        self.assertEqual(mine.user_id, self.colleague)

    def test_notes_that_the_writer_may_not_read_do_not_show(self):
        """A third user merges the contacts of two colleagues: the note stays there."""
        self.salesperson.group_ids |= self.env.ref("base.group_partner_manager")
        bob = self._customer("Bob", user_id=self.leader.id)
        bob.note = "<p>secret</p>"
        partners = self.ada.partner_id | bob.partner_id
        wizard = self._as(self.env["base.partner.merge.automatic.wizard"]).create({})
        wizard._merge(partners.ids, self.ada.partner_id.with_user(self.salesperson))
        self.env.invalidate_all()
        self.assertFalse(
            self.ada.partner_id.message_ids.filtered(lambda m: "secret" in m.body)
        )
        self.assertTrue(self.ada.message_ids.filtered(lambda m: "secret" in m.body))
        with self.assertRaises(AccessError):
            self._as(self.ada).message_ids.mapped("body")
