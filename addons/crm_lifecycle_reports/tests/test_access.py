from datetime import date

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import ReportCase

MODELS = (
    "crm.lifecycle.stage.report",
    "crm.lifecycle.growth.report",
    "crm.lifecycle.playbook.report",
    "crm.lifecycle.customer.report",
)


@tagged("post_install", "-at_install")
class TestAccess(ReportCase):
    """Each number includes only customers that the salesperson may read."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profiles = cls.env["crm.lifecycle.profile"]
        for name, user in (
            ("Ada", cls.salesperson),
            ("Bob", cls.colleague),
            ("Cyd", cls.env["res.users"]),
        ):
            profile = cls._walk(
                cls._traveller(name, user_id=user.id),
                (cls.prospect, date(2025, 1, 5)),
                (cls.customer, date(2025, 1, 20)),
            )
            cls.profiles |= profile
            move = profile.history_ids[0]
            cls.env["crm.lifecycle.playbook.log"].create(
                {
                    "history_id": move.id,
                    "profile_id": profile.id,
                    "company_id": cls.company.id,
                    "stage_id": move.to_stage_id.id,
                    "kind": "mail",
                    "key": "mail:1",
                    "state": "done",
                }
            )
        cls.ada, cls.bob, cls.cyd = cls.profiles
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE crm_lifecycle_profile SET first_seen_date = '2025-01-05' "
            "WHERE company_id = %s",
            [cls.company.id],
        )
        cls.env.invalidate_all()

    def _customers(self, name, user):
        groups = self.env[name].with_user(user)._read_group([], ["profile_id"])
        return {profile.id for [profile] in groups}

    def test_own_and_unassigned_customers_in_each_model(self):
        for name in MODELS:
            with self.subTest(model=name):
                for user, seen in (
                    (self.salesperson, self.ada | self.cyd),
                    (self.colleague, self.bob | self.cyd),
                    (self.leader, self.profiles),
                    (self.manager, self.profiles),
                ):
                    self.assertEqual(self._customers(name, user), set(seen.ids))

    def test_exports_are_of_own_customers(self):
        """*Export* and the pivot's download include only own customers."""
        allowed = self.env.ref("base.group_allow_export")
        for user in (self.salesperson, self.leader):
            user.group_ids |= allowed
        for name in MODELS:
            with self.subTest(model=name):
                for user, names in (
                    (self.salesperson, {"Ada", "Cyd"}),
                    (self.leader, {"Ada", "Bob", "Cyd"}),
                ):
                    model = self.env[name].with_user(user)
                    rows = model.search([]).export_data(["profile_id"])["datas"]
                    self.assertEqual({row[0] for row in rows}, names)
                    groups = model.formatted_read_group([], ["profile_id"], ["__count"])
                    self.assertEqual({row["profile_id"][1] for row in groups}, names)
                others = self.env[name].search([("profile_id", "=", self.bob.id)])
                with self.assertRaises(AccessError):
                    others.with_user(self.salesperson).export_data(["profile_id"])

    def test_another_company_sees_nothing(self):
        other = self.env["res.company"].create({"name": "Other"})
        user = new_test_user(
            self.env,
            "otto",
            groups="sales_team.group_sale_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        for name in MODELS:
            with self.subTest(model=name):
                model = self.env[name].with_user(user).with_company(other)
                model = model.with_context(allowed_company_ids=other.ids)
                self.assertFalse(model.search_count([]))

    def test_others_have_no_access(self):
        user = new_test_user(self.env, "ida", groups="base.group_user")
        for name in MODELS:
            with self.subTest(model=name), self.assertRaises(AccessError):
                self.env[name].with_user(user).search_count([])

    def test_nobody_writes(self):
        for name in MODELS:
            with self.subTest(model=name), self.assertRaises(AccessError):
                self.env[name].with_user(self.manager).create({})

    def test_cohorts_are_of_own_customers(self):
        Report = self.env["crm.lifecycle.growth.report"]
        for user, count in ((self.salesperson, 2), (self.leader, 3)):
            for anchor in ("customer", "contact", "stage"):
                options = {"anchor": anchor, "stage_id": self.customer.id}
                table = Report.with_user(user).get_lifecycle_cohorts([], options)
                [cohort] = table["cohorts"]
                self.assertEqual(cohort["size"], count, anchor)
                self.assertEqual(cohort["cells"][0]["value"], count, anchor)

    def test_behind_a_cell_are_own_customers(self):
        Report = self.env["crm.lifecycle.growth.report"].with_user(self.salesperson)
        Profile = self.env["crm.lifecycle.profile"].with_user(self.salesperson)
        action = Report.get_lifecycle_cohort_action([], {}, "2025-01-01", 0)
        self.assertEqual(Profile.search(action["domain"]), self.ada | self.cyd)

    def test_the_flow_is_of_own_customers(self):
        Report = self.env["crm.lifecycle.stage.report"]
        for user, count in ((self.salesperson, 2), (self.leader, 3)):
            flows = Report.with_user(user).get_lifecycle_flow([])["flows"]
            self.assertEqual([flow["count"] for flow in flows], [count, count])
