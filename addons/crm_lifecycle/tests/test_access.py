from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import LifecycleCase


@tagged("post_install", "-at_install")
class TestAccess(LifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls._customer("Own", user_id=cls.salesperson.id)
        cls.free = cls._customer("Free")
        cls.others = cls._customer("Other's", user_id=cls.colleague.id)
        cls.all = cls.own | cls.free | cls.others

    def _seen_by(self, user, model="crm.lifecycle.profile"):
        return self.env[model].with_user(user).search([])

    def test_a_salesperson_sees_own_and_unassigned_customers(self):
        seen = self._seen_by(self.salesperson)
        self.assertEqual(seen & self.all, self.own | self.free)
        history = self._seen_by(self.salesperson, "crm.lifecycle.history")
        self.assertNotIn(self.others, history.profile_id)

    def test_all_documents_means_all_customers(self):
        self.assertEqual(self._seen_by(self.leader) & self.all, self.all)

    def test_an_employee_without_sales_sees_nothing(self):
        clerk = new_test_user(
            self.env,
            "clerk",
            groups="base.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        for model in (
            "crm.lifecycle",
            "crm.lifecycle.stage",
            "crm.lifecycle.rule",
            "crm.lifecycle.profile",
            "crm.lifecycle.history",
            "crm.lifecycle.run",
            "crm.lifecycle.pending",
        ):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self._seen_by(clerk, model)
        with self.assertRaises(AccessError):
            self.own.partner_id.with_user(clerk).read(["lifecycle_stage_id"])

    def test_a_salesperson_configures_nothing(self):
        for record in (self.lifecycle, self.prospect):
            with self.assertRaises(AccessError):
                record.with_user(self.salesperson).write({"name": "Mine"})
        with self.assertRaises(AccessError):
            self.own.with_user(self.salesperson).unlink()

    def test_a_manager_configures(self):
        lifecycle = self.lifecycle.with_user(self.manager)
        lifecycle.copy().action_activate()
        lifecycle.stage_ids[0].name = "Suspect"
        self.assertEqual(self.prospect.name, "Suspect")

    def test_another_companys_customers_stay_there(self):
        stranger = self.env["res.company"].create({"name": "Stranger"})
        user = new_test_user(
            self.env,
            "stan",
            groups="sales_team.group_sale_manager",
            company_id=stranger.id,
            company_ids=[Command.set(stranger.ids)],
        )
        self.own = self.own.with_context(allowed_company_ids=stranger.ids)
        self.env = self.own.env
        self.assertFalse(self._seen_by(user) & self.all)
        self.assertFalse(
            self._seen_by(user, "crm.lifecycle.history") & self.all.history_ids
        )
        self.assertNotIn(self.lifecycle, self._seen_by(user, "crm.lifecycle"))
        with self.assertRaises(AccessError):
            self.own.with_user(user).stage_id = self.engaged

    def test_engine_methods_are_private(self):
        """RPC can't call methods that start with an underscore; these all do."""
        public = {"action_run", "action_activate", "action_archive"}
        for name in dir(type(self.env["crm.lifecycle.profile"])):
            if "lifecycle" in name and not name.startswith("_"):
                self.assertFalse(
                    callable(getattr(type(self.own), name)) and name not in public, name
                )
