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
from odoo.addons.crm_lifecycle.personal_data import PersonalModel
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
        records = {section["title"]: section["rows"] for section in data["records"]}
        self.assertEqual(
            [row["Summary"] for row in records["Activity"]], [f"Call {SECRET}"]
        )
        self.assertIn(
            f"Dear {SECRET}", [row.get("Contents") for row in records["Message"]]
        )
        self.assertEqual(records["Contact"][0]["Phone"], "+1 555 0100")

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
            profile._get_personal_data_export()

    # ------------------------------------------------------------
    # What addons store
    # ------------------------------------------------------------

    def _decide(self, **values):
        """Have an addon decide about leads in another way; return the decision."""
        model = values.pop("type", PersonalModel)(
            name="crm.lead", links=("partner_id",), **values
        )
        Profile = type(self.env["crm.lifecycle.profile"])
        original = Profile._get_personal_models
        self.startPatcher(
            patch.object(
                Profile, "_get_personal_models", lambda this: [*original(this), model]
            )
        )
        return model

    def _render(self):
        html, _type = (
            self.env["ir.actions.report"]
            .with_user(self.manager)
            ._render_qweb_html(REPORT, self.ada.ids)
        )
        return html.decode()

    def test_records_of_addons_are_exported_as_tables(self):
        self._decide(names=("name", "description"))
        lead = self.partner.opportunity_ids
        data = self.ada.with_user(self.manager)._get_personal_data_export().data
        [section] = [item for item in data["records"] if item["title"] == "Lead"]
        self.assertEqual(section["rows"], [{"Opportunity": lead.name}])
        self.assertIn("<h4>Lead</h4>", self._render())

    def test_records_with_a_layout_of_their_own_are_printed_by_it(self):
        class Leads(PersonalModel):
            def get_row(self, record):
                return f"of {record.partner_id.name}"

        self._decide(
            type=Leads,
            key="notes",
            template="crm_lifecycle_privacy.test_notes",
            names=("name",),
        )
        self.env["ir.ui.view"].create(
            {
                "name": "Notes",
                "key": "crm_lifecycle_privacy.test_notes",
                "type": "qweb",
                "arch": """<b t-out="'Notes ' + data['notes'][0]" />""",
            }
        )
        data = self.ada.with_user(self.manager)._get_personal_data_export().data
        self.assertEqual(data["notes"], [f"of {SECRET}"])
        self.assertNotIn("Lead", [item["title"] for item in data["records"]])
        self.assertIn(f"Notes of {SECRET}", self._render())

    def _set_texts(self, lead):
        lead.write(
            {"referred": f"{SECRET}, a friend", "function": SECRET, "email_cc": SECRET}
        )

    def test_a_decision_names_what_stays_of_the_texts(self):
        lead = self.partner.opportunity_ids
        self._set_texts(lead)
        self._decide(
            replaced={"name": "Lead {id}", "email_cc": "Gone"},
            kept=("function",),
            scrubbed=("referred",),
            cleared=("expected_revenue",),
        )
        self.ada.with_user(self.admin).action_erase()
        self.env.invalidate_all()
        self.assertEqual(lead.name, f"Lead {lead.id}")
        self.assertEqual(lead.email_cc, "Gone")
        self.assertEqual(lead.function, SECRET)
        self.assertEqual(lead.referred, "…, a friend")
        self.assertEqual(lead.expected_revenue, 0)

    def test_a_decision_keeps_or_deletes_some_of_the_rows(self):
        leads = self.partner.opportunity_ids
        leads |= leads.copy({"priority": "1"}) | leads.copy({"priority": "2"})
        self._set_texts(leads)
        self._decide(
            kept_if="t.priority = '1'",
            deleted_if="t.priority = '2'",
            cleared=("email_cc",),
        )
        self.ada.with_user(self.admin).action_erase()
        self.env.invalidate_all()
        self.assertEqual(
            [(lead.function, lead.email_cc) for lead in leads.exists()],
            [(False, False), (SECRET, False)],
        )

    def test_records_that_are_shared_lose_only_the_name(self):
        lead = self.partner.opportunity_ids
        self._set_texts(lead)
        self._decide(owned_if="FALSE")
        self.ada.with_user(self.admin).action_erase()
        self.env.invalidate_all()
        self.assertEqual(lead.referred, "…, a friend")

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

    def test_portal_users_are_erased_and_employees_are_not(self):
        user = new_test_user(
            self.env, "zaphod", groups="base.group_portal", partner_id=self.partner.id
        )
        self.ada.with_user(self.admin).action_erase()
        self.env.invalidate_all()
        self.assertEqual((user.active, user.login), (False, f"erased-{user.id}"))
        user.group_ids = self.env.ref("base.group_user")
        with self.assertRaisesRegex(UserError, "is a user of this database"):
            self.ada.with_user(self.admin).action_erase()

    def test_an_address_that_others_have_too_finds_nothing(self):
        """Two persons with one address: only one of them is erased."""
        other = self._partner("Trillian", email="zaphod@example.com")
        lead = self._lead(partner_id=other.id, email_from="zaphod@example.com")
        self.ada.with_user(self.admin).action_erase()
        self.env.invalidate_all()
        self.assertEqual((other.email, lead.email_from), ("zaphod@example.com",) * 2)

    def test_a_lead_without_a_contact_is_erased(self):
        lead = self._lead(contact_name="Arthur", email_from="arthur@example.com")
        self._run(TODAY + timedelta(days=2))
        profile = self._profile(lead)
        profile.with_user(self.admin).action_erase()
        self.env.invalidate_all()
        self.assertEqual(
            (lead.name, lead.contact_name, lead.email_from, lead.active),
            (f"Erased lead {lead.id}", False, False, False),
        )
        self.assertTrue(profile.erased_date)

    def test_many_contacts_are_erased_in_the_background(self):
        self.env["res.partner"].create(
            [{"name": "Child", "parent_id": self.partner.id} for _number in range(100)]
        )
        action = self.ada.with_user(self.admin).action_erase()
        self.assertFalse(self.ada.erased_date)
        task = self.env["background.task"].browse(action["res_id"])
        self.assertEqual(task.name, "Erasure of 101 contacts")
        with self.enter_registry_test_mode():
            self.env.ref(
                "base_background_task.ir_cron_run_tasks"
            ).method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(task.state, "done", task.error)
        self.assertTrue(self.ada.erased_date)
        self.assertFalse(self.env["res.partner"].search([("name", "=", "Child")]))

    def test_queries_do_not_grow_with_the_contacts(self):
        counts = []
        for number in (1, 30):
            partner = self._partner("Many")
            self.env["res.partner"].create(
                [{"name": "Child", "parent_id": partner.id} for _child in range(number)]
            )
            profile = self.env["crm.lifecycle.profile"].create(
                {"partner_id": partner.id, "company_id": self.company.id}
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            profile._erase()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 5)

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

    def test_one_who_can_not_be_erased_does_not_stop_the_others(self):
        employee, gone = self._gone("Employee", 900), self._gone("Gone", 900)
        new_test_user(
            self.env,
            "employee",
            groups="base.group_user",
            partner_id=self._partner("Child", parent_id=employee.partner_id.id).id,
        )
        self.company.lifecycle_retention_months = 12
        with self.assertLogs("odoo.addons.crm_lifecycle_privacy", "WARNING") as logs:
            self._retain()
        self.assertIn("was not erased", logs.output[0])
        self.assertTrue(gone.erased_date)
        self.assertFalse(employee.erased_date)

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
