"""Erasure of a person of whom every addon stores something.

After it, a search through every column of every table finds neither name nor address,
except where docs/PRIVACY.md says so.
"""

import base64
import json
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user, tagged

from odoo.addons.crm_lifecycle_privacy.erasure.finder import (
    get_personal_models,
    get_undecided_models,
)
from odoo.addons.crm_lifecycle_privacy.erasure.identifiers import REPLACEMENT

from .personal_data import (
    ACCOUNT,
    EMAIL,
    NAME,
    PHONE,
    STREET,
    Person,
    search_database,
    search_filestore,
)

# Kept by docs/PRIVACY.md: accounting, and the proof that mails are not wanted.
KEPT_TABLES = ("account_move", "account_move_line", "mail_blacklist")
# Tables with a trace of the person before.
TABLES = (
    *("bus_bus", "calendar_event", "crm_lead", "crm_lifecycle_history"),
    *("crm_lifecycle_playbook_log", "crm_lifecycle_profile"),
    *("crm_lifecycle_risk_case", "crm_lifecycle_visit", "crm_loyalty_entry"),
    *("crm_loyalty_adjustment", "discuss_channel", "helpdesk_ticket"),
    *("ir_attachment", "mail_activity", "mail_compose_message", "mail_mail"),
    *("mail_message", "mail_scheduled_message", "mail_tracking_value"),
    *("mailing_contact", "mailing_trace", "project_task", "rating_rating"),
    *("res_partner", "res_partner_bank", "res_users", "sale_order"),
    *("sale_order_line", "sms_sms", "survey_user_input", "survey_user_input_line"),
)


class ErasureCase(TransactionCase):
    """A company with a lifecycle, and a person in it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["crm.lifecycle"].search([]).write({"state": "archived"})
        cls.company = cls.env["res.company"].create(
            {"name": "Erasure & Co", "lifecycle_tz": "UTC"}
        )
        cls.env.user.company_ids |= cls.company
        cls.env = cls.env(
            context={**cls.env.context, "allowed_company_ids": cls.company.ids}
        )
        cls.env["crm.lifecycle"].create(
            {
                "name": "Erasure",
                "company_id": cls.company.id,
                "stage_ids": [
                    Command.create({"name": code, "code": code, "sequence": sequence})
                    for sequence, code in enumerate("ab")
                ],
            }
        ).write({"state": "active", "activation_date": "2026-01-01"})
        cls.admin = new_test_user(
            cls.env,
            "erasure_admin",
            groups="base.group_system,sales_team.group_sale_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.person = Person(cls.env, cls.company)
        cls.partner, cls.profile = cls.person.partner, cls.person.profile

    def _erase(self):
        self.profile.with_user(self.admin).action_erase()
        self.env.invalidate_all()

    def _search(self):
        found = search_database(self.env)
        return {name: rows for name, rows in found.items() if name not in KEPT_TABLES}


@tagged("post_install", "-at_install")
class TestErasure(ErasureCase):
    def test_no_trace_of_the_person_is_left(self):
        before = self._search()
        for table in TABLES:
            self.assertIn(table, before)
        self._erase()
        left = self._search()
        self.assertFalse(
            left, "\n".join(f"{name}: {rows[0][:1500]}" for name, rows in left.items())
        )

    def test_no_file_with_a_trace_is_left(self):
        attachments = self.env["ir.attachment"].sudo()
        everything = [("id", "!=", 0), "|", ("res_field", "=", False)]
        everything += [("res_field", "!=", False)]
        names = set(attachments.search(everything).mapped("store_fname")) - {False}
        with_traces = set(search_filestore(self.env, names))
        self.assertTrue(with_traces)
        image = attachments.search(
            [("res_model", "=", "res.partner"), ("res_id", "=", self.partner.id)]
            + [("res_field", "=", "image_1920")]
        ).store_fname
        self._erase()
        self.assertFalse(
            attachments.search(
                [*everything, ("store_fname", "in", [*with_traces, image])]
            ).mapped(lambda file: (file.res_model, file.name))
        )
        marked = {
            f"{path.parent.name}/{path.name}"
            for path in Path(attachments._full_path("checklist")).rglob("*")
        }
        # `_gc_file_store` deletes the marked files that no row has.
        self.assertLessEqual(with_traces | {image}, marked)

    def test_it_can_be_repeated(self):
        self._erase()
        self.profile.message_post(body=f"{NAME} wrote again")
        self.partner.with_context(active_test=False).phone = "+33612345678"
        self._erase()
        self.assertFalse(self._search())

    def test_others_keep_their_records(self):
        """On shared records only the person's name and addresses are removed."""
        self._erase()
        stranger = self.person.stranger
        bodies = stranger.message_ids.mapped(lambda message: str(message.body))
        self.assertTrue(any("and others" in body for body in bodies), bodies)
        event = self.person.shared_event
        self.assertEqual(event.name, f"Lunch with {REPLACEMENT}")
        self.assertIn(stranger, event.partner_ids)
        self.assertEqual(stranger.name, "Stranger")
        self.assertEqual(stranger.email, "s@x.example")

    def test_the_person_can_not_log_in(self):
        user = self.person.user
        self._erase()
        self.assertFalse(user.active)
        self.assertEqual(user.login, f"erased-{user.id}")
        self.env.cr.execute("SELECT password FROM res_users WHERE id = %s", [user.id])
        self.assertEqual(self.env.cr.fetchone(), (None,))

    def test_sums_and_the_ledger_are_the_same(self):
        sums = self._get_sums()
        self._erase()
        self.assertEqual(self._get_sums(), sums)

    def _get_sums(self):
        self.env.flush_all()
        check = self.env["crm.loyalty.check"].with_context(active_test=False)
        faults = check._check_ledger(fields.Datetime.now()).fault_ids.mapped("kind")
        sums = {"faults": faults}
        for table, amount in (
            ("sale_order", "amount_total"),
            ("crm_lead", "expected_revenue"),
            ("crm_lifecycle_history", "1"),
            ("crm_lifecycle_risk_case", "amount"),
            ("crm_lifecycle_visit", "1"),
            ("crm_loyalty_entry", "points"),
            ("loyalty_card", "points"),
            ("survey_user_input", "scoring_total"),
            ("rating_rating", "rating"),
            ("project_task", "1"),
        ):
            self.env.cr.execute(f"SELECT count(*), sum({amount}) FROM {table}")
            sums[table] = self.env.cr.fetchone()
        return sums

    def test_what_will_happen_is_told_first(self):
        wizard = (
            self.env["crm.lifecycle.erase"]
            .with_user(self.admin)
            .create({"profile_ids": [Command.set(self.profile.ids)]})
        )
        told = {(line.name, line.outcome): line for line in wizard.line_ids}
        self.assertEqual(told["Contact", "anonymized"].count, 2)
        self.assertEqual(told["Sales Order", "kept"].count, 1)
        self.assertIn("Orders stay", told["Sales Order", "kept"].reason)
        self.assertIn(("Attachment", "deleted"), told)
        self.assertIn(("Calendar Event", "shared"), told)
        self.assertEqual(self.partner.name, NAME, "nothing is erased by looking")

    def test_all_of_it_is_exported_first(self):
        profile = self.profile.with_user(self.admin)
        data = json.loads(base64.b64decode(profile.personal_data_file))
        titles = [section["title"] for section in data["records"]]
        for title in ("Contact", "Lead", "Message", "Survey User Input", "Task"):
            self.assertIn(title, titles)
        text = json.dumps(data, ensure_ascii=False)
        for word in (NAME, EMAIL, PHONE, STREET, ACCOUNT):
            self.assertIn(word, text)

    def test_every_model_has_a_decision(self):
        """A model with a field that refers to persons needs a decision.

        Add it in `_get_personal_models` of the addon, or for a model of Odoo in
        `erasure/inventory.py`.
        """
        decided = get_personal_models(self.env)
        undecided = get_undecided_models(self.env, decided)
        self.assertFalse([model.name for model in undecided])

    def test_a_model_without_a_decision_is_noticed_and_scrubbed(self):
        decided = get_personal_models(self.env)
        visit = decided.pop("crm.lifecycle.visit")
        [found] = get_undecided_models(self.env, decided)
        self.assertEqual((found.name, found.decision), (visit.name, "keep"))
        with patch.object(
            type(self.env["crm.lifecycle.profile"]),
            "_get_personal_models",
            lambda profiles: [
                model for name, model in decided.items() if name.startswith("crm.")
            ],
        ):
            self._erase()
        visit = self.env[visit.name].search([("profile_id", "=", self.profile.id)])
        self.assertNotIn("Zaphodina", str(visit.note))
        self.assertTrue(visit.note)

    def test_decisions_name_fields_that_exist(self):
        for name, model in get_personal_models(self.env).items():
            known = self.env[name]._fields
            named = {
                *(*model.links, *model.late_links, *model.mentions, *model.emails),
                *(*model.reference, *model.unlinked, *model.names),
                *(() if model.kept == "*" else model.kept),
                *(() if model.scrubbed == "*" else model.scrubbed),
                *(model.replaced or {}),
            }
            self.assertFalse(named - set(known), name)

    def test_employees_and_companies_are_refused(self):
        for partner, word in (
            (self.admin.partner_id, "is a user"),
            (self.company.partner_id, "is one of the companies"),
            (self.env.ref("base.public_user").partner_id, "is a user"),
        ):
            profile = self.env["crm.lifecycle.profile"].create(
                {"partner_id": partner.id, "company_id": self.company.id}
            )
            with self.assertRaisesRegex(UserError, word):
                profile.with_user(self.admin).action_erase()
            self.assertFalse(profile.erased_date)
