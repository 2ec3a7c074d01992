from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_lifecycle_reports.tests.common import ReportCase


@tagged("post_install", "-at_install")
class TestCompanies(ReportCase):
    """Documents use the letterhead of a company that the user may access."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.there = cls.env["res.company"].create({"name": "There"})
        cls.lifecycle_there = cls.env["crm.lifecycle"].create(
            {
                "name": "Secret",
                "company_id": cls.there.id,
                "stage_ids": [Command.create({"name": "a", "code": "a"})],
            }
        )
        cls.lifecycle_there.write({"state": "active"})
        cls.team_there = cls.env["crm.team"].create(
            {"name": "Secret", "company_id": cls.there.id}
        )
        cls.env.flush_all()

    def _as(self, model, user):
        self.env.invalidate_all()
        return self.env[model].with_user(user)

    def test_no_document_of_another_company_is_printed(self):
        wizards = self._as("crm.lifecycle.print", self.salesperson)
        for document in ("period", "warning"):
            values = {"document": document, "company_id": self.there.id}
            with self.subTest(document), self.assertRaises(AccessError):
                wizards.create(values)
            wizard = wizards.create({**values, "company_id": self.company.id})
            with self.subTest(document), self.assertRaises(AccessError):
                wizard.company_id = self.there

    def test_no_lifecycle_or_team_of_another_company_is_named(self):
        wizards = self._as("crm.lifecycle.print", self.salesperson)
        for values in (
            {"lifecycle_id": self.lifecycle_there.id},
            {"team_id": self.team_there.id},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                wizards.create(values)

    def test_no_form_of_another_company(self):
        values = {"document": "period", "company_id": self.there.id}
        spec = {"document": {}, "company_id": {}, "lifecycle_id": {"fields": {}}}
        wizards = self._as("crm.lifecycle.print", self.salesperson)
        with self.assertRaises(AccessError):
            wizards.onchange(values, ["company_id"], spec)
        with self.assertRaises(AccessError):
            wizards.with_context(default_company_id=self.there.id).onchange(
                {}, [], spec
            )

    def test_a_document_of_ones_own_company_is_printed(self):
        wizard = self._as("crm.lifecycle.print", self.salesperson).create({})
        self.assertEqual(wizard.company_id, self.company)
        self.assertTrue(wizard.action_print())

    def test_no_mailing_of_another_company(self):
        values = {"name": "Mine", "user_ids": [Command.set(self.manager.ids)]}
        mailings = self._as("crm.lifecycle.mailing", self.manager)
        with self.assertRaises(AccessError):
            mailings.create({**values, "company_id": self.there.id})
        mailing = mailings.create({**values, "company_id": self.company.id})
        for changes in (
            {"company_id": self.there.id},
            {"lifecycle_id": self.lifecycle_there.id},
            {"team_id": self.team_there.id},
        ):
            with self.subTest(changes), self.assertRaises(AccessError):
                mailing.write(changes)
