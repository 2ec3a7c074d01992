from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from ..models import crm_lifecycle_background as work
from .common import TODAY, LifecycleCase

# Beside all tables of the lifecycle itself, but for those of its wizards.
WATCHED = (
    "background_task",
    "mail_message",
    "mail_mail",
    "mail_activity",
    "ir_cron_trigger",
)
WIZARDS = ("crm_lifecycle_start", "crm_lifecycle_preview", "crm_lifecycle_compare")


def get_checksums(env):
    """Return ``{table: (rows, checksum over all their values)}``."""
    env.flush_all()
    env.cr.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relpersistence = 'p' "
        "AND (relname LIKE 'crm\\_lifecycle%%' OR relname = ANY(%s))",
        [list(WATCHED)],
    )
    tables = [name for [name] in env.cr.fetchall() if not name.startswith(WIZARDS)]
    sums = {}
    for table in tables:
        env.cr.execute(
            f"SELECT COUNT(*), md5(string_agg(t::text, ',' ORDER BY t::text)) "
            f"FROM {table} AS t"
        )
        sums[table] = env.cr.fetchone()
    return sums


@tagged("post_install", "-at_install")
class TestPreview(LifecycleCase):
    def setUp(self):
        super().setUp()
        self.startPatcher(
            patch.object(type(self.company), "_lifecycle_today", lambda company: TODAY)
        )

    def _preview(self, lifecycles=None, **kwargs):
        self.env.flush_all()
        return self.env["crm.lifecycle"]._preview(
            self.company, lifecycles or self.lifecycle, **kwargs
        )

    def _checksums(self):
        return get_checksums(self.env)

    def test_who_would_move_and_why(self):
        profile = self._customer()
        self._customer("Bob")
        rule = self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        preview = self._preview()
        self.assertEqual(
            preview["moves"], [(self.prospect.id, self.engaged.id, rule.id, 2)]
        )
        self.assertEqual(
            preview["stages"], {self.prospect.id: (2, 0), self.engaged.id: (0, 2)}
        )
        self.assertEqual(
            preview["customers"][0],
            (
                profile.id,
                profile.partner_id.id,
                None,
                self.prospect.id,
                self.engaged.id,
                rule.id,
            ),
        )

    def test_nothing_is_written(self):
        self._customer()
        self.engaged.activity_plan_id = self.env["mail.activity.plan"].create(
            {"name": "Call", "res_model": "crm.lifecycle.profile"}
        )
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        before = self._checksums()
        self.assertLessEqual(
            {"crm_lifecycle_profile", "crm_lifecycle_history", *WATCHED}, before.keys()
        )
        self.assertTrue(self._preview()["moves"])
        self.assertEqual(self._checksums(), before)

    def test_no_row_is_locked(self):
        """Writes of staff do not wait for a preview, nor does it wait for them."""
        self._customer()
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        self.env.flush_all()
        # A lock changes system columns of the row.
        marks = "SELECT id, xmin::text, xmax::text, ctid::text FROM {} ORDER BY id"
        tables = ("crm_lifecycle_profile", "crm_lifecycle_history", "res_partner")
        found = []
        for _time in range(2):
            rows = []
            for table in tables:
                self.env.cr.execute(marks.format(table))
                rows.append(self.env.cr.fetchall())
            found.append(rows)
            self.assertTrue(self._preview()["moves"])
        self.assertEqual(found[0], found[1])

    def test_it_tells_what_the_rules_looked_at(self):
        profile = self._customer()
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        self.assertEqual(self._preview()["facts"], {profile.id: {"open_lead_count": 1}})

    def test_before_the_first_run(self):
        """The facts are computed for the preview alone."""
        partner = self._partner()
        self._lead(partner_id=partner.id)
        self._lead(contact_name="Nobody yet")
        before = self._checksums()
        preview = self._preview()
        self.assertEqual(preview["stages"], {self.prospect.id: (0, 2)})
        self.assertEqual(preview["moves"], [(None, self.prospect.id, None, 2)])
        self.assertEqual(self._checksums(), before)
        self.assertFalse(self._profile(partner))

    def test_a_draft_in_place_of_the_active_one(self):
        profile = self._customer()
        draft = self.lifecycle.copy({"name": "Other"})
        preview = self._preview(draft)
        first = draft.stage_ids.sorted("sequence")[0]
        self.assertEqual(preview["moves"], [(self.prospect.id, first.id, None, 1)])
        self.assertEqual(profile.lifecycle_id, self.lifecycle)

    def test_a_run_does_what_was_previewed(self):
        for index in range(4):
            partner = self._partner(f"P{index}")
            self._lead(days_ago=index * 40, partner_id=partner.id)
        self._run()
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        self._rule(self.risk, [("first_seen_date", "<=", "today -60d")], self.engaged)
        preview = self._preview()
        expected = {row[0]: row[4] for row in preview["customers"]}
        self._run()
        profiles = self.env["crm.lifecycle.profile"].browse(expected)
        self.assertEqual({p.id: p.stage_id.id for p in profiles}, expected)
        self.assertEqual(
            sorted(expected.values()),
            sorted([self.engaged.id] * 2 + [self.risk.id] * 2),
        )
        self.assertFalse(self._preview()["moves"])

    def test_pins_and_days_to_come(self):
        profile = self._customer()
        self._rule(self.risk, [("first_seen_date", "<=", "today -30d")])
        self.assertFalse(self._preview()["moves"])
        later = TODAY + timedelta(days=30)
        self.assertEqual(len(self._preview(as_of=later)["moves"]), 1)
        profile.pinned_until = later
        self.assertFalse(self._preview(as_of=later)["moves"])

    def test_names_are_limited_and_counts_are_not(self):
        for index in range(3):
            self._lead(partner_id=self._partner(f"P{index}").id)
        self._run()
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        preview = self._preview(limit=2)
        self.assertEqual(len(preview["customers"]), 2)
        self.assertEqual(preview["moves"][0][3], 3)

    def _make_draft(self, skip_policy, regress_policy):
        """Return a draft that takes all customers, and moves them on twice."""
        draft = self.lifecycle.copy(
            {"skip_policy": skip_policy, "regress_policy": regress_policy}
        )
        by_code = {stage.code: stage for stage in draft.stage_ids}
        for origin, target in (("prospect", "engaged"), ("engaged", "customer")):
            self._rule(by_code[target], [], by_code[origin], lifecycle_id=draft.id)
        return draft

    def _count_queries(self, draft, customers):
        """Add customers; return the number of queries that a preview of all needs."""
        for index in range(customers):
            self._lead(partner_id=self._partner(f"P{index}").id)
        self._run()
        before = self.env.cr.sql_log_count
        preview = self._preview(draft)
        [[_from, stage_id, _rule, moved]] = preview["moves"]
        self.assertEqual(
            self.env["crm.lifecycle.stage"].browse(stage_id).code, "customer"
        )
        self.assertGreaterEqual(moved, customers)
        return self.env.cr.sql_log_count - before

    def test_the_number_of_queries_does_not_grow_with_the_customers(self):
        """Moves are checked and made all at once, whatever the policy."""
        for skip, regress in (
            ("allow", "allow"),
            ("forbid", "decision"),
            ("fill", "decision"),
        ):
            draft = self._make_draft(skip, regress)
            with self.subTest(skip=skip, regress=regress):
                few = self._count_queries(draft, 3)
                self.assertEqual(self._count_queries(draft, 30), few)

    def test_the_wizard_of_a_manager(self):
        self._customer("Ada <b>")
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        preview = (
            self.env["crm.lifecycle.preview"]
            .with_user(self.manager)
            .create({"lifecycle_id": self.lifecycle.id})
        )
        self.assertEqual(preview.as_of, TODAY)
        self.assertIn("to Engaged", preview.result)
        self.assertIn("Ada &lt;b&gt;", preview.result)

    def test_another_day_is_looked_at_at_once(self):
        self._customer()
        self._rule(self.risk, [("first_seen_date", "<=", "today -30d")])
        Preview = self.env["crm.lifecycle.preview"].with_user(self.manager)
        with Form(Preview.with_context(default_lifecycle_id=self.lifecycle.id)) as form:
            self.assertIn("Nobody would move", form.result)
            form.as_of = TODAY + timedelta(days=30)
            self.assertNotIn("Nobody would move", form.result)
            self.assertFalse(form.is_long)

    def test_many_customers_are_looked_at_in_the_background(self):
        self._customer()
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        self.startPatcher(patch.object(work, "SMALL_PREVIEW", 0))
        preview = (
            self.env["crm.lifecycle.preview"]
            .with_user(self.manager)
            .create({"lifecycle_id": self.lifecycle.id})
        )
        self.assertFalse(preview.result)
        action = preview.action_look()
        task = self.env["background.task"].browse(action["res_id"])
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref(
                "base_background_task.ir_cron_run_tasks"
            ).method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(task.state, "done")
        self.assertIn("to Engaged", preview.result)
        shown = task.with_user(self.manager).action_open_result()
        self.assertEqual(shown["res_id"], preview.id)
        preview.as_of = TODAY + timedelta(days=1)
        self.assertFalse(preview.result)

    def test_a_salesperson_does_not_preview(self):
        with self.assertRaises(AccessError):
            self.env["crm.lifecycle.preview"].with_user(self.leader).create(
                {"lifecycle_id": self.lifecycle.id}
            )
