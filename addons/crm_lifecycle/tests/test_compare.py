from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models import crm_lifecycle_background as work
from .common import TODAY, LifecycleCase
from .test_preview import get_checksums


@tagged("post_install", "-at_install")
class TestCompare(LifecycleCase):
    """Two lifecycles side by side, customer by customer."""

    def setUp(self):
        super().setUp()
        self.startPatcher(
            patch.object(type(self.company), "_lifecycle_today", lambda company: TODAY)
        )
        self.customers = [
            self._customer(name, days_ago)
            for name, days_ago in (("Ada", 10), ("Bob", 40), ("Cid", 70))
        ]
        self._rule(self.risk, [("first_seen_date", "<=", "today -60d")], self.prospect)
        self.draft = self.lifecycle.copy({"name": "Stricter"})
        self.draft.rule_ids.domain = repr([("first_seen_date", "<=", "today -30d")])

    def _customer(self, name, days_ago):
        partner = self._partner(name)
        self._lead(days_ago=days_ago, partner_id=partner.id)
        self._run()
        return self._profile(partner)

    def _get_stage(self, lifecycle, code):
        return lifecycle.stage_ids.filtered(lambda stage: stage.code == code)

    def _compare(self, **kwargs):
        self.env.flush_all()
        Compare = self.env["crm.lifecycle.compare"]
        same = Compare._get_equal_stages(self.lifecycle.stage_ids, self.draft.stage_ids)
        return self.env["crm.lifecycle"]._compare(
            self.company, self.lifecycle, self.draft, same, **kwargs
        )

    def test_each_customer_on_both_sides(self):
        found = self._compare()
        there = {
            code: self._get_stage(self.draft, code) for code in ("prospect", "risk")
        }
        self.assertEqual(
            found["matrix"],
            {
                (self.prospect.id, there["prospect"].id): 1,
                (self.prospect.id, there["risk"].id): 1,
                (self.risk.id, there["risk"].id): 1,
            },
        )
        self.assertEqual(found["differing"], 1)
        [row] = found["customers"]
        self.assertEqual(row["profile"], self.customers[1].id)
        self.assertEqual(row["left"]["stage"], self.prospect.id)
        self.assertEqual(row["left"]["reason"], "Enters the lifecycle")
        self.assertEqual(row["right"]["stage"], there["risk"].id)
        self.assertEqual(row["right"]["rule"], self.draft.rule_ids.id)
        self.assertEqual(
            row["right"]["facts"],
            {"first_seen_date": str(self.customers[1].first_seen_date)},
        )

    def test_each_side_does_what_its_preview_tells(self):
        """The second side starts at the present stages, not where the first ended."""
        found = self._compare()
        for number, lifecycle in enumerate((self.lifecycle, self.draft)):
            preview = self.env["crm.lifecycle"]._preview(self.company, lifecycle)
            after = {
                stage: counts[1]
                for stage, counts in preview["stages"].items()
                if counts[1]
            }
            side = {}
            for pair, count in found["matrix"].items():
                side[pair[number]] = side.get(pair[number], 0) + count
            self.assertEqual(side, after)

    def test_nothing_is_written(self):
        before = get_checksums(self.env)
        self.assertTrue(self._compare()["differing"])
        self.assertEqual(get_checksums(self.env), before)

    def test_before_the_first_run_facts_are_built_for_it_alone(self):
        self.env["crm.lifecycle.run"]._reset_watermark(self.company)
        self._lead(days_ago=40, partner_id=self._partner("Dan").id)
        before = get_checksums(self.env)
        self.assertEqual(self._compare()["differing"], 2)
        self.assertEqual(get_checksums(self.env), before)

    def test_names_are_limited_and_counts_are_not(self):
        self._customer("Dan", 40)
        found = self._compare(limit=1)
        self.assertEqual((len(found["customers"]), found["differing"]), (1, 2))

    def test_stages_without_the_same_codes_are_compared_by_category(self):
        self._get_stage(self.draft, "risk").code = "danger"
        self.assertEqual(self._compare()["differing"], 1)

    def _open(self, user, **vals):
        wizard = (
            self.env["crm.lifecycle.compare"]
            .with_user(user)
            .with_context(active_model="crm.lifecycle", active_id=self.draft.id)
            .create(vals)
        )
        self.assertEqual(wizard.left, f"lifecycle:{self.lifecycle.id}")
        return wizard

    def test_a_manager_compares_the_active_one_with_a_draft(self):
        wizard = self._open(self.manager)
        self.assertEqual(wizard.right, f"lifecycle:{self.draft.id}")
        wizard.action_compare()
        self.assertIn("Bob", wizard.result)
        self.assertNotIn("Ada", wizard.result)
        self.assertIn("Enters the lifecycle", wizard.result)
        self.assertIn("to Risk", wizard.result)

    def test_a_template_takes_part_without_being_made(self):
        count = self.env["crm.lifecycle"].search_count([])
        wizard = self._open(self.manager, right="template:nurture")
        wizard.action_compare()
        self.assertIn("Acquire", wizard.result)
        self.assertEqual(self.env["crm.lifecycle"].search_count([]), count)

    def test_the_same_on_both_sides_is_refused(self):
        wizard = self._open(self.manager, right=f"lifecycle:{self.lifecycle.id}")
        with self.assertRaisesRegex(UserError, "Both sides are the same"):
            wizard.action_compare()

    def test_many_customers_are_compared_in_the_background(self):
        wizard = self._open(self.manager)
        with patch.object(work, "SMALL_PREVIEW", 0):
            action = wizard.action_compare()
        task = self.env["background.task"].browse(action["res_id"])
        self.assertIn("Stricter", task.name)
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref(
                "base_background_task.ir_cron_run_tasks"
            ).method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(task.state, "done")
        self.assertIn("Bob", wizard.result)

    def test_a_salesperson_does_not_compare(self):
        with self.assertRaises(AccessError):
            self._open(self.leader)
