import ast

from odoo.tests import HttpCase, tagged

from .common import LifecycleCase


@tagged("post_install", "-at_install")
class TestEditorTours(LifecycleCase, HttpCase):
    """Tours of the lifecycle editor."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls._partner("Ada", is_company=True)
        cls.profile = cls.env["crm.lifecycle.profile"].create(
            {
                "partner_id": cls.partner.id,
                "company_id": cls.company.id,
                "user_id": cls.salesperson.id,
            }
        )
        cls.rule = cls._rule(
            cls.engaged, [("won_count", ">", 0)], cls.prospect, name="Warms up"
        )

    def _tour(self, name, user, url):
        self.env.flush_all()
        self.start_tour(url, name, login=user.login)
        self.env.invalidate_all()

    def test_a_manager_edits_a_rule_and_sees_the_path(self):
        self.lifecycle.skip_policy = "forbid"
        self._tour(
            "crm_lifecycle_editor",
            self.manager,
            f"/odoo/crm.lifecycle/{self.lifecycle.id}",
        )
        self.assertEqual(self.rule.to_stage_id, self.customer)
        self.assertEqual(self.lifecycle.version, 2)

    def test_a_manager_tests_a_rule_while_editing_it(self):
        self._tour(
            "crm_lifecycle_rule_test",
            self.manager,
            f"/odoo/crm.lifecycle.rule/{self.rule.id}",
        )
        self.assertEqual(ast.literal_eval(self.rule.domain), [("won_count", ">", -1)])
        self.assertEqual(self.profile.stage_id, self.prospect)

    def test_a_manager_tests_a_draft_on_a_customer(self):
        draft = self.lifecycle.copy()
        self._tour(
            "crm_lifecycle_test_on_customer",
            self.manager,
            f"/odoo/crm.lifecycle/{draft.id}",
        )
        self.assertEqual(self.profile.lifecycle_id, self.lifecycle)

    def test_a_salesperson_reads_why_and_what_next(self):
        self.lifecycle.skip_policy = "forbid"
        self._rule(
            self.lost,
            [
                "|",
                ("won_count", ">", 0),
                ("stage_date", "<=", "today -30d"),
            ],
            name="Goes silent",
        )
        self._rule(self.customer, [("lost_count", "=", 0)], name="Jumps")
        self._tour(
            "crm_lifecycle_explain",
            self.salesperson,
            f"/odoo/lifecycle/{self.profile.id}",
        )
