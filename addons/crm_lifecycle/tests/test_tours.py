import ast
from datetime import timedelta

from odoo.tests import HttpCase, tagged

from .common import LifecycleCase


@tagged("post_install", "-at_install")
class TestTours(LifecycleCase, HttpCase):
    """The screens in a browser, each with the lowest role that may use it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls._partner("Ada", is_company=True)
        # Added manually, so that the screens do not depend on the day of a run.
        cls.profile = cls.env["crm.lifecycle.profile"].create(
            {
                "partner_id": cls.partner.id,
                "company_id": cls.company.id,
                "user_id": cls.salesperson.id,
            }
        )

    def _tour(self, name, user, url="/odoo"):
        self.env.flush_all()
        self.start_tour(url, name, login=user.login)
        self.env.invalidate_all()

    def test_a_salesperson_moves_a_customer_on_the_board_and_in_the_bar(self):
        self._tour("crm_lifecycle_stages", self.salesperson)
        self.assertEqual(
            self._moves(self.profile),
            [
                (None, "prospect", "start"),
                ("prospect", "engaged", "manual"),
                ("engaged", "customer", "manual"),
            ],
        )
        self.assertEqual(
            self.profile.history_ids.sorted("id")[1:].user_id, self.salesperson
        )

    def test_a_salesperson_is_notified_of_a_rule_that_waits(self):
        self.company.lifecycle_hold_days = 7
        self._rule(self.lost, [], self.engaged | self.customer)
        self._tour("crm_lifecycle_hold", self.salesperson)
        self.assertEqual(
            [row[1] for row in self._moves(self.profile)],
            ["prospect", "engaged", "customer", "engaged"],
        )
        today = self.company._lifecycle_today()
        self.assertEqual(self.profile.held_until, today + timedelta(days=7))

    def test_a_salesperson_moves_a_customer_with_a_reason(self):
        self._tour(
            "crm_lifecycle_move_with_reason",
            self.salesperson,
            f"/odoo/lifecycle/{self.profile.id}",
        )
        self.assertEqual(self.profile.stage_id, self.engaged)

    def test_a_refused_move_says_which_stage_is_missing(self):
        self.lifecycle.skip_policy = "forbid"
        self._tour(
            "crm_lifecycle_move_refused",
            self.salesperson,
            f"/odoo/lifecycle/{self.profile.id}",
        )
        self.assertEqual(self._moves(self.profile), [(None, "prospect", "start")])

    def test_a_manager_starts_a_lifecycle_from_a_template(self):
        self.lifecycle.action_archive()
        lead = self._lead(days_ago=30, partner_id=self._partner("Bob").id)
        self._tour("crm_lifecycle_from_template", self.manager)
        lifecycle = self.env["crm.lifecycle"].search(
            [("template_code", "=", "nurture")]
        )
        self.assertEqual(lifecycle.state, "active")
        self.assertEqual(lifecycle.company_id, self.company)
        profile = self._profile(lead.partner_id)
        self.assertEqual(profile.lifecycle_id, lifecycle)
        self.assertEqual(profile.stage_id.code, "acquire")
        self.assertEqual(lifecycle.template_values["dormant_days"], 20)

    def test_a_manager_switches_to_another_lifecycle(self):
        self.profile._lifecycle_move(self.customer, origin="rule")
        self._tour(
            "crm_lifecycle_switch",
            self.manager,
            "/odoo/action-crm_lifecycle.crm_lifecycle_start_action",
        )
        self.assertEqual(self.lifecycle.state, "archived")
        self.assertEqual(self.profile.lifecycle_id.template_code, "activity")
        row = self.profile.history_ids.sorted("id")[-1]
        self.assertEqual((row.origin, row.is_baseline), ("switch", True))

    def test_a_manager_leaves_a_long_activation_and_comes_back(self):
        self.lifecycle.action_archive()
        partner = self._partner("Bob")
        self._lead(days_ago=30, partner_id=partner.id)
        self._tour("crm_lifecycle_start_in_background", self.manager)
        self.assertFalse(self._profile(partner))
        start = self.env["crm.lifecycle.start"].search([], order="id desc", limit=1)
        start.replay_months = 1  # each day takes time, and the past is empty
        with self.enter_registry_test_mode():
            self.env.ref(
                "base_background_task.ir_cron_run_tasks"
            ).method_direct_trigger()
        self.assertEqual(self._profile(partner).stage_id.code, "acquire")
        self._tour(
            "crm_lifecycle_start_came_back", self.manager, "/odoo/background-tasks"
        )

    def test_a_salesperson_is_told_whom_to_ask_for_a_lifecycle(self):
        self.lifecycle.action_archive()
        self._tour("crm_lifecycle_nothing_active", self.salesperson)

    def test_a_manager_compares_the_active_lifecycle_with_a_draft(self):
        self._rule(self.engaged, [], self.prospect)
        self.profile.stage_id = self.prospect
        draft = self.lifecycle.copy({"name": "Draft"})
        draft.rule_ids.unlink()
        self._tour("crm_lifecycle_compare", self.manager)

    def test_a_manager_edits_a_relative_date_in_words(self):
        rule = self._rule(self.lost, [("first_seen_date", "<=", "today -90d")])
        self._tour("crm_lifecycle_rule", self.manager)
        self.assertEqual(
            ast.literal_eval(rule.domain), [("first_seen_date", "<=", "today -60d")]
        )

    def _make_overdue(self):
        """Make the customer overdue: long in their stage, without contact."""
        self.prospect.write(
            {"follow_up_days": 3, "goal": "Find out whether we can help."}
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_lifecycle_profile SET stage_date = %s WHERE id = %s",
            [self.company._lifecycle_today() - timedelta(days=9), self.profile.id],
        )
        self.profile.invalidate_recordset()
        self.profile._sync_follow_up(self.profile.ids)

    def test_a_card_that_may_not_go_there_goes_back(self):
        self.lifecycle.skip_policy = "forbid"
        self._make_overdue()
        self._tour("crm_lifecycle_drag_refused", self.salesperson)
        self.assertEqual(self._moves(self.profile), [(None, "prospect", "start")])

    def test_a_salesperson_pins_a_customer_from_the_list(self):
        self._rule(self.engaged, [("first_seen_date", "!=", False)], self.prospect)
        self._tour("crm_lifecycle_pin", self.salesperson, "/odoo/lifecycle")
        pinned_until = self.profile.pinned_until
        self.assertEqual(pinned_until.day, 15)
        self.assertGreater(pinned_until, self.company._lifecycle_today())

    def test_a_salesperson_works_down_the_calls_of_today(self):
        self._make_overdue()
        self._tour("crm_lifecycle_calls", self.salesperson)
        today = self.company._lifecycle_today()
        self.assertEqual(self.profile.last_contact_date, today)
        self.assertEqual(self.profile.follow_up_date, today + timedelta(days=3))

    def test_a_salesperson_groups_contacts_by_stage(self):
        lead = self._lead(
            partner_id=self.partner.id, name="A shop", user_id=self.salesperson.id
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_lead SET create_date = now() - interval '1 day' WHERE id = %s",
            [lead.id],
        )
        self.env["crm.lifecycle"]._run(self.company)
        self.profile.stage_id = self.engaged
        self._tour("crm_lifecycle_contacts", self.salesperson)

    def test_a_lead_shows_the_stage_of_its_customer(self):
        self.profile.stage_id = self.engaged
        lead = self._lead(partner_id=self.partner.id, user_id=self.salesperson.id)
        self._tour(
            "crm_lifecycle_lead",
            self.salesperson,
            f"/odoo/action-crm.crm_lead_action_pipeline/{lead.id}",
        )


@tagged("post_install", "-at_install")
class TestScripts(HttpCase):
    """The JavaScript unit tests of this addon, run in a browser."""

    def test_scripts(self):
        # Odoo selects unit tests by a hash of the name of their suite.
        suite = 0
        for char in "@crm_lifecycle":
            suite = ((suite << 5) - suite + ord(char)) & 0xFFFFFFFF
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id={suite:08x}",
            "",
            "",
            login="admin",
            success_signal="[HOOT] Test suite succeeded",
        )
