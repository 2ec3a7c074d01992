from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import TODAY, LifecycleCase

RUN_BY_HAND = ("action_run", "action_activate", "action_archive", "action_unarchive")


@tagged("post_install", "-at_install")
class TestCompanyConfiguration(LifecycleCase):
    """Only managers of all companies change the configuration of all companies.

    Mona manages one company, Otto all of them; ``there`` is not Mona's.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.there = cls.env["res.company"].create({"name": "There"})
        companies = cls.env["res.company"].sudo().search([])
        cls.overseer = new_test_user(
            cls.env,
            "otto",
            groups="sales_team.group_sale_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(companies.ids)],
        )
        cls.shared = cls.env["crm.lifecycle"].create(
            {
                "name": "Shared",
                "company_id": False,
                "stage_ids": [
                    Command.create({"name": code, "code": code}) for code in ("a", "b")
                ],
            }
        )
        stage = cls.shared.stage_ids[0]
        mine = {"lifecycle_id": cls.shared.id, "name": "New"}
        cls.parts = {
            "crm.lifecycle": (cls.shared, {"name": "New", "company_id": False}),
            "crm.lifecycle.stage": (stage, {**mine, "code": "new"}),
            "crm.lifecycle.rule": (
                cls.env["crm.lifecycle.rule"].create({**mine, "to_stage_id": stage.id}),
                {**mine, "to_stage_id": stage.id},
            ),
            "crm.lifecycle.tag": (
                cls.env["crm.lifecycle.tag"].create({**mine, "code": "old"}),
                {**mine, "code": "new"},
            ),
        }
        cls.env.flush_all()

    def _as(self, record, user=None):
        self.env.invalidate_all()
        return record.with_user(user or self.manager)

    def test_a_manager_of_one_company_reads(self):
        for model, (record, _values) in self.parts.items():
            with self.subTest(model):
                self.assertTrue(self._as(record).read(["name"]))

    def test_a_manager_of_one_company_changes_nothing_of_all(self):
        for model, (record, values) in self.parts.items():
            for work in (
                lambda r=record: self._as(r).write({"name": "Changed"}),
                lambda r=record: self._as(r).unlink(),
                lambda r=record, v=values: self._as(r.browse()).create(v),
            ):
                with self.subTest(model), self.assertRaises(AccessError) as caught:
                    work()
                self.assertIn("ask a manager of all companies", str(caught.exception))

    def test_a_manager_of_all_companies_changes_all(self):
        for model, (record, values) in self.parts.items():
            with self.subTest(model):
                self._as(record, self.overseer).write({"name": "Changed"})
                self._as(record.browse(), self.overseer).create(values).unlink()

    def test_an_archived_company_is_not_missed(self):
        companies = self.overseer.company_ids - self.there
        self.overseer.company_ids = companies
        self.assertFalse(self._as(self.shared, self.overseer).has_access("write"))
        self.there.active = False
        self.assertTrue(self._as(self.shared, self.overseer).has_access("write"))

    def test_nothing_is_given_to_a_company_that_is_not_ones_own(self):
        lifecycle = self.env["crm.lifecycle"].create(
            {"name": "Mine", "company_id": self.company.id}
        )
        for company in (self.there.id, False):
            with self.subTest(company), self.assertRaises(AccessError):
                self._as(lifecycle).company_id = company
            with self.subTest(company), self.assertRaises(AccessError):
                self._as(lifecycle).create({"name": "New", "company_id": company})
        self._as(lifecycle, self.overseer).with_context(
            allowed_company_ids=[self.company.id, self.there.id]
        ).company_id = self.there

    def test_nothing_is_given_to_the_lifecycle_of_all(self):
        rule = self._rule(self.risk, [])
        with self.assertRaises(AccessError):
            self._as(rule).write(
                {
                    "lifecycle_id": self.shared.id,
                    "to_stage_id": self.shared.stage_ids[0].id,
                }
            )

    def test_a_lifecycle_of_all_is_run_by_managers_of_all(self):
        for method in RUN_BY_HAND:
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(self._as(self.shared), method)()
        self._as(self.shared, self.overseer).action_activate()
        version = self.shared.version_ids[:1]
        with self.assertRaises(AccessError):
            self._as(version).action_restore()
        self._as(version, self.overseer).action_restore()

    def test_it_may_be_looked_at(self):
        self.assertTrue(self._as(self.shared).action_export())
        preview = self._as(self.env["crm.lifecycle.preview"]).create(
            {"lifecycle_id": self.shared.id, "as_of": TODAY}
        )
        self.assertTrue(preview.result)

    def test_wizards_work_in_ones_own_companies_alone(self):
        for model, values in (
            ("crm.lifecycle.preview", {"lifecycle_id": self.lifecycle.id}),
            ("crm.lifecycle.compare", {}),
            ("crm.lifecycle.start", {}),
            ("crm.lifecycle.rebuild.start", {"lifecycle_id": self.lifecycle.id}),
        ):
            wizards = self._as(self.env[model])
            with self.subTest(model), self.assertRaises(AccessError):
                wizards.create({**values, "company_id": self.there.id})
            wizard = wizards.create({**values, "company_id": self.company.id})
            with self.subTest(model), self.assertRaises(AccessError):
                wizard.company_id = self.there

    def test_no_preview_of_another_company_in_a_form_that_is_not_saved(self):
        values = {
            "lifecycle_id": self.lifecycle.id,
            "company_id": self.there.id,
            "as_of": str(TODAY),
            "is_replacing": True,
        }
        spec = {name: {} for name in (*values, "result")}
        with self.assertRaises(AccessError):
            self._as(self.env["crm.lifecycle.preview"]).onchange(
                values, ["company_id"], spec
            )

    def test_starting_for_all_companies_needs_all_companies(self):
        for user, is_allowed in ((self.manager, False), (self.overseer, True)):
            start = self._as(self.env["crm.lifecycle.start"], user).create(
                {"replay_months": 0}
            )
            with self.subTest(user.login):
                if is_allowed:
                    start.company_id = False
                    start.action_start()
                    continue
                with self.assertRaises(AccessError):
                    start.company_id = False
