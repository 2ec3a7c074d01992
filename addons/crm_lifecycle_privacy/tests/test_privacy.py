import base64
import json
from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.crm_lifecycle.moves import Move, MoveService
from odoo.addons.crm_lifecycle.personal_data import PersonalRecords
from odoo.addons.crm_lifecycle.tests.common import TODAY, LifecycleCase

SECRET = "Zaphod Beeblebrox"
REPORT = "crm_lifecycle_privacy.report_personal_data"


@tagged("post_install", "-at_install")
class TestPrivacy(LifecycleCase):
    """Export and erasure of a person's data."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls._customer(
            SECRET, email="zaphod@example.com", phone="+1 555 0100", street="1 Way"
        )
        cls.partner = cls.ada.partner_id
        cls.ada.note = f"<p>{SECRET} likes tea</p>"
        cls.ada.with_context(lifecycle_reason=f"{SECRET} called").stage_id = cls.engaged
        cls._rule(cls.customer, [("open_lead_count", ">", 0)], cls.engaged)
        cls._run(TODAY + timedelta(days=1))
        cls.ada.activity_schedule(
            "mail.mail_activity_data_todo", summary=f"Call {SECRET}"
        )
        cls.env["mail.message"].create(
            {
                "model": cls.ada._name,
                "res_id": cls.ada.id,
                "body": f"Dear {SECRET}",
            }
        )
        cls.env["crm.lifecycle.playbook.log"].create(
            {
                "history_id": cls.ada.history_ids[0].id,
                "profile_id": cls.ada.id,
                "company_id": cls.company.id,
                "kind": "mail",
                "key": "mail:1",
                "state": "failed",
                "reason": f"no mail for {SECRET}",
            }
        )
        cls.admin = new_test_user(
            cls.env,
            "root_admin",
            groups="base.group_system,sales_team.group_sale_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.env.flush_all()

    # ------------------------------------------------------------
    # Export
    # ------------------------------------------------------------

    def test_all_that_is_held_is_handed_out_with_the_reasons_of_moves(self):
        profile = self.ada.with_user(self.manager)
        data = json.loads(base64.b64decode(profile.personal_data_file))
        self.assertEqual(data["customer"], SECRET)
        self.assertEqual(data["stage"], "Customer")
        self.assertEqual(
            [(move["from"], move["to"]) for move in data["moves"]],
            [(None, "Prospect"), ("Prospect", "Engaged"), ("Engaged", "Customer")],
        )
        self.assertIn(f"{SECRET} called", data["moves"][1]["why"])
        self.assertIn("to Customer (Open leads: 1)", data["moves"][2]["why"])
        facts = {item["fact"]: item["value"] for item in data["facts"]}
        self.assertEqual(facts["Open leads"], 1)
        self.assertIn(SECRET, data["note"])
        self.assertEqual(data["playbook"][0]["reason"], f"no mail for {SECRET}")
        self.assertEqual(len(data["activities"]), 1)
        self.assertTrue(any(SECRET in m["text"] for m in data["messages"] if m["text"]))

    def test_it_can_be_read_on_paper(self):
        html, _type = (
            self.env["ir.actions.report"]
            .with_user(self.manager)
            ._render_qweb_html(REPORT, self.ada.ids)
        )
        html = html.decode()
        for text in (SECRET, "Open leads", "to Customer", "likes tea", "Dear Zaphod"):
            self.assertIn(text, html)
        self.assertNotIn("&lt;p&gt;", html, "the form of a note was read as words")

    def test_dates_and_conditions_are_told_on_paper_as_people_write_them(self):
        self._rule(self.risk, [("open_lead_count", ">", 7)], self.customer)
        self.admin.lang = "en_US"
        html, _type = (
            self.env["ir.actions.report"]
            .with_user(self.admin)
            .with_context(lang="en_US")
            ._render_qweb_html(REPORT, self.ada.ids)
        )
        self.assertIn("03/02/2026", html.decode())
        self.assertNotIn("2026-03-02", html.decode())
        self.assertIn("Open leads more than 7", html.decode())

    def test_a_salesperson_hands_out_nothing(self):
        profile = self.ada.with_user(self.salesperson)
        with self.assertRaises(AccessError):
            profile.read(["personal_data_file"])
        with self.assertRaises(UserError):
            profile._get_personal_data()

    # ------------------------------------------------------------
    # What addons keep
    # ------------------------------------------------------------

    def _keep(self, part):
        """Have an addon keep some records on all customers."""
        Profile = type(self.env["crm.lifecycle.profile"])
        self.startPatcher(
            patch.object(Profile, "_get_personal_records", lambda profiles: [part])
        )

    def test_records_of_addons_are_handed_out_as_tables(self):
        lead = self.partner.opportunity_ids
        self._keep(PersonalRecords(lead, "Leads", ("name", "description")))
        profile = self.ada.with_user(self.manager)
        [section] = profile._get_personal_data()["records"]
        self.assertEqual(section["title"], "Leads")
        self.assertEqual(section["rows"], [{"Opportunity": lead.name}])
        html, _type = (
            self.env["ir.actions.report"]
            .with_user(self.manager)
            ._render_qweb_html(REPORT, profile.ids)
        )
        self.assertIn("Leads", html.decode())

    def test_records_with_a_layout_of_their_own_are_printed_by_it(self):
        class Notes(PersonalRecords):
            key = "notes"
            template = "crm_lifecycle_privacy.test_notes"

            def get_row(self, record):
                return record.name

        self.env["ir.ui.view"].create(
            {
                "name": "Notes",
                "key": Notes.template,
                "type": "qweb",
                "arch": """<b t-out="'Notes on ' + data['notes'][0]" />""",
            }
        )
        self._keep(Notes(self.partner))
        profile = self.ada.with_user(self.manager)
        data = profile._get_personal_data()
        self.assertEqual((data["notes"], data["records"]), ([SECRET], []))
        html, _type = (
            self.env["ir.actions.report"]
            .with_user(self.manager)
            ._render_qweb_html(REPORT, profile.ids)
        )
        self.assertIn(f"Notes on {SECRET}", html.decode())

    def test_records_of_addons_are_erased(self):
        lead = self.partner.opportunity_ids
        lead.referred = SECRET
        lead.message_post(body=SECRET)
        self._keep(PersonalRecords(lead, "Leads", (), ("referred",)))
        self.ada.with_user(self.admin).action_erase()
        self.assertFalse(lead.referred)
        self.assertFalse(lead.message_ids)

    # ------------------------------------------------------------
    # Erasing
    # ------------------------------------------------------------

    def _get_everything(self):
        """Return all texts of the tables with data of the customer, joined."""
        self.env.flush_all()
        texts = []
        for table, condition in (
            ("crm_lifecycle_profile", "id = %(profile)s"),
            ("crm_lifecycle_history", "profile_id = %(profile)s"),
            ("crm_lifecycle_playbook_log", "profile_id = %(profile)s"),
            ("res_partner", "id = %(partner)s"),
            ("mail_message", "model LIKE 'crm.lifecycle%%' AND res_id = %(profile)s"),
            ("mail_activity", "res_id = %(profile)s"),
        ):
            self.env.cr.execute(
                f"SELECT row_to_json(t)::text FROM {table} AS t WHERE {condition}",
                {"profile": self.ada.id, "partner": self.partner.id},
            )
            texts += [row[0] for row in self.env.cr.fetchall()]
        return "\n".join(texts)

    def test_nothing_tells_who_the_person_was_and_the_sums_stay(self):
        moves = self._moves(self.ada)
        counts = self.ada.open_lead_count
        self.assertIn(SECRET, self._get_everything())
        self.ada.with_user(self.admin).action_erase()
        self.env.invalidate_all()
        everything = self._get_everything()
        for secret in (
            "Zaphod",
            "Beeblebrox",
            "zaphod@",
            "555 0100",
            "5550100",
            "1 Way",
            "tea",
        ):
            self.assertNotIn(secret, everything)
        self.assertEqual(self._moves(self.ada), moves)
        self.assertEqual(self.ada.stage_id, self.customer)
        self.assertEqual(self.ada.open_lead_count, counts)
        self.assertTrue(self.ada.erased_date)
        self.assertFalse(self.partner.active)
        # The reason of a rule is not personal data.
        self.assertEqual(self.ada.history_ids.sorted("id")[-1].reason, "to Customer")

    def test_leads_of_the_person_tell_no_more_who_it_was(self):
        """Leads that have a contact kept its name, email and phone."""
        lead = self.partner.opportunity_ids
        lead.write(
            {
                "name": f"Shop of {SECRET}",
                "contact_name": SECRET,
                "phone": "+1 555 0100",
            }
        )
        self.ada.with_user(self.admin).action_erase()
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT row_to_json(t)::text FROM crm_lead AS t WHERE id = %s", [lead.id]
        )
        [told] = self.env.cr.fetchone()
        for secret in ("Zaphod", "zaphod@", "555 0100", "5550100"):
            self.assertNotIn(secret, told)
        self.assertTrue(lead.active, "it still counts")

    def test_runs_leave_who_was_erased_alone(self):
        self.ada.with_user(self.admin).action_erase()
        self._run(TODAY + timedelta(days=2))
        self._run(TODAY + timedelta(days=3), full=True)
        self.assertFalse(self.ada.active)
        self.assertEqual(len(self.ada.history_ids), 3)

    def test_it_is_erased_in_all_companies(self):
        other = self.env["res.company"].create({"name": "Other"})
        twin = (
            self.env["crm.lifecycle.profile"]
            .sudo()
            .create({"partner_id": self.partner.id, "company_id": other.id})
        )
        twin.note = SECRET
        self.ada.with_user(self.admin).action_erase()
        self.assertFalse(twin.note)
        self.assertTrue(twin.erased_date)

    def test_only_an_administrator_erases(self):
        for user in (self.salesperson, self.manager):
            with self.assertRaises(AccessError):
                self.ada.with_user(user).action_erase()

    def test_the_question_names_no_customer_that_one_may_not_see(self):
        there = self.env["res.company"].create({"name": "There"})
        customers = self.env["crm.lifecycle.profile"].sudo()
        theirs = customers.create(
            {"partner_id": self._partner("Secret").id, "company_id": there.id}
        )
        wizards = self.env["crm.lifecycle.erase"].with_user(self.admin)
        self.env.invalidate_all()
        value = [Command.set(theirs.ids)]
        with self.assertRaises(AccessError):
            wizards.create({"profile_ids": value})
        with self.assertRaises(AccessError):
            wizards.onchange(
                {"profile_ids": value}, ["profile_ids"], {"display_name": {}}
            )
        with self.assertRaises(AccessError):
            wizards.with_context(default_profile_ids=value).default_get(["profile_ids"])

    def test_who_logs_in_is_not_erased(self):
        new_test_user(
            self.env, "zaphod", groups="base.group_portal", partner_id=self.partner.id
        )
        with self.assertRaisesRegex(UserError, "can log in"):
            self.ada.with_user(self.admin).action_erase()

    # ------------------------------------------------------------
    # Retention
    # ------------------------------------------------------------

    def _gone(self, name, days):
        """Return a customer who was lost some days ago."""
        partner = self._partner(name)
        self._lead(partner_id=partner.id)
        self._run(TODAY + timedelta(days=1))
        profile = self._profile(partner)
        since = self.company._lifecycle_today() - timedelta(days=days)
        profile._lifecycle_move(self.lost, origin="manual", as_of=TODAY)
        move = Move(stage=self.lost, origin="manual", day=since, quiet=True)
        MoveService(self.env)._write_stage(profile, move)
        return profile

    def _retain(self):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref(
                "crm_lifecycle_privacy.ir_cron_retention"
            ).method_direct_trigger()
        self.env.invalidate_all()

    def test_customers_who_are_long_gone_are_erased_once_it_is_switched_on(self):
        gone, lately = self._gone("Gone", 400), self._gone("Lately", 300)
        self._retain()
        self.assertFalse(gone.erased_date)
        self.company.lifecycle_retention_months = 12
        settings = self.env["res.config.settings"].create(
            {"company_id": self.company.id}
        )
        listed = self.env["crm.lifecycle.profile"].search(
            settings.action_open_lifecycle_retention()["domain"]
        )
        self.assertEqual(listed, gone)
        self.assertFalse(gone.erased_date)
        self._retain()
        self.assertTrue(gone.erased_date)
        self.assertIn("Erased customer", gone.partner_id.name)
        self.assertFalse((self.ada | lately).filtered("erased_date"))

    def test_a_customer_of_another_company_is_kept(self):
        gone = self._gone("Gone", 900)
        gone.partner_id.company_id = False
        other = self.env["res.company"].create({"name": "Other"})
        lifecycle = self.lifecycle.copy({"company_id": other.id})
        lifecycle.action_activate()
        self.env["crm.lifecycle.profile"].sudo().create(
            {"partner_id": gone.partner_id.id, "company_id": other.id}
        )
        self.company.lifecycle_retention_months = 12
        self._retain()
        self.assertFalse(gone.erased_date)

    def test_the_database_keeps_the_bounds_of_the_months(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaisesRegex(IntegrityError, "lifecycle_retention_months_bounds"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                "UPDATE res_company SET lifecycle_retention_months = 24400"
                " WHERE id = %s",
                [self.company.id],
            )
