from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestCompanies(LedgerCase):
    """Only managers with access to all companies configure what applies to all.

    Max configures the points of one company; ``shared`` is a program of all companies.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.there = cls.env["res.company"].create({"name": "There"})
        cls.shared = cls._program(
            "Shared", company_id=False, currency_id=cls.company.currency_id.id
        )
        cls.tier = cls.env["crm.loyalty.tier"].create(
            {"name": "Gold", "program_id": cls.shared.id, "threshold": 10}
        )
        cls.bonus = cls.env["crm.loyalty.bonus.rule"].create(
            {"name": "Birthday", "program_id": cls.shared.id}
        )
        cls.env.flush_all()

    def _as(self, record):
        self.env.invalidate_all()
        return record.with_user(self.manager)

    def _get_works(self):
        """Return ``{name: function}`` of actions that configure the shared program."""
        program = {"program_id": self.shared.id}
        return {
            "tier, write": lambda: self._as(self.tier).write({"multiplier": 9}),
            "tier, delete": lambda: self._as(self.tier).unlink(),
            "tier, create": lambda: self._as(self.tier.browse()).create(
                {**program, "name": "New", "threshold": 20}
            ),
            "bonus, write": lambda: self._as(self.bonus).write({"points": 9}),
            "bonus, delete": lambda: self._as(self.bonus).unlink(),
            "bonus, create": lambda: self._as(self.bonus.browse()).create(
                {**program, "name": "New"}
            ),
            "program, own fields": lambda: self._as(self.shared).write(
                {"crm_loyalty_expiry_days": 1}
            ),
            "program, tiers": lambda: self._as(self.shared).write(
                {"crm_loyalty_tier_ids": [Command.delete(self.tier.id)]}
            ),
        }

    def test_a_manager_of_one_company_changes_nothing_of_all(self):
        for name, work in self._get_works().items():
            with self.subTest(name), self.assertRaises(AccessError) as caught:
                work()
            self.assertIn("ask a manager of all companies", str(caught.exception))

    def test_a_manager_of_one_company_reads(self):
        for record in (self.tier, self.bonus, self.shared):
            self.assertTrue(self._as(record).read(["name"]))

    def test_a_manager_of_all_companies_changes_all(self):
        companies = self.env["res.company"].sudo().search([])
        self.manager.company_ids = [Command.set(companies.ids)]
        for name, work in self._get_works().items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                work()
                savepoint.rollback()

    def test_odoos_own_fields_of_programs_are_left_to_odoo(self):
        self._as(self.shared).name = "Renamed"

    def test_nothing_is_given_to_another_company_or_to_all(self):
        tier = self.env["crm.loyalty.tier"].create(
            {"name": "Silver", "program_id": self.program.id, "threshold": 10}
        )
        with self.assertRaises(AccessError):
            self._as(tier).program_id = self.shared
        for company in (self.there, self.env["res.company"]):
            with self.subTest(company.name), self.assertRaises(AccessError):
                self._as(self.program).company_id = company

    def test_no_form_about_a_card_of_another_company(self):
        program = self._program("There", company_id=self.there.id)
        card = self._card(program=program)
        self.env.flush_all()
        for model in ("crm.loyalty.reinstatement", "crm.loyalty.bonus.grant"):
            wizards = self._as(self.env[model])
            spec = {"display_name": {}, "card_id": {"fields": {"display_name": {}}}}
            with self.subTest(model), self.assertRaises(AccessError):
                wizards.onchange({"card_id": card.id}, ["card_id"], spec)
            with self.subTest(model), self.assertRaises(AccessError):
                wizards.with_context(default_card_id=card.id).onchange({}, [], spec)
