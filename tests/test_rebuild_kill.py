"""A rebuild of a history that is killed at each of its commits, and started again."""

import os
import time
from datetime import timedelta
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.fields import Command, Date
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

from odoo.addons.crm_lifecycle.models import crm_lifecycle_background as work
from odoo.addons.crm_lifecycle.run import replay

from .killed import Worker

CUSTOMERS = 6
HISTORY = """
    SELECT array_position(%(partners)s, h.partner_id), f.code, t.code, h.date, h.origin,
           h.reason, h.days_in_from_stage, h.processed_at IS NULL
      FROM crm_lifecycle_history AS h
 LEFT JOIN crm_lifecycle_stage AS f ON f.id = h.from_stage_id
 LEFT JOIN crm_lifecycle_stage AS t ON t.id = h.to_stage_id
     WHERE h.company_id = %(company)s
     ORDER BY 1, h.origin <> 'replay', h.id"""
PROFILES = """
    SELECT array_position(%(partners)s, p.partner_id), s.code, p.stage_date,
           p.review_date, p.follow_up_date
      FROM crm_lifecycle_profile AS p
 LEFT JOIN crm_lifecycle_stage AS s ON s.id = p.stage_id
     WHERE p.company_id = %(company)s
     ORDER BY 1"""


@tagged("post_install", "-at_install")
class TestRebuildKill(BaseCase):
    """The rows are committed, so the test itself deletes them."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        patcher = patch.object(work, "SMALL_REPLAY", 0)
        patcher.start()
        self.addCleanup(patcher.stop)
        self.addCleanup(self._clean_up)
        with self.registry.cursor() as cr:
            self._build(api.Environment(cr, SUPERUSER_ID, {}))

    def _build(self, env):
        admin = env.ref("base.user_admin")
        company = env["res.company"].create(
            {"name": f"Rebuild kill {time.monotonic_ns()}", "lifecycle_tz": "UTC"}
        )
        admin.company_ids |= company
        self.ids = {"company": company.id, "partners": []}
        env = env(context={"allowed_company_ids": company.ids})
        lifecycle = env["crm.lifecycle"].create(
            {
                "name": "Rebuild kill",
                "company_id": company.id,
                "stage_ids": [
                    Command.create({"name": code, "code": code, "sequence": sequence})
                    for sequence, code in enumerate("abc")
                ],
            }
        )
        self.lifecycle_id = lifecycle.id
        stages = lifecycle.stage_ids.sorted("sequence")
        for index, days in ((1, 20), (2, 60)):
            env["crm.lifecycle.rule"].create(
                {
                    "name": f"after {days} days",
                    "lifecycle_id": lifecycle.id,
                    "from_stage_ids": [Command.set(stages[index - 1].ids)],
                    "to_stage_id": stages[index].id,
                    "domain": repr([("first_seen_date", "<=", f"today -{days}d")]),
                }
            )
        partners = env["res.partner"].create(
            [
                {"name": f"Rebuild kill {index}", "company_id": company.id}
                for index in range(CUSTOMERS)
            ]
        )
        leads = env["crm.lead"].create(
            [
                {"name": "Kill", "partner_id": partner.id, "company_id": company.id}
                for partner in partners
            ]
        )
        env.flush_all()
        for index, lead in enumerate(leads):
            env.cr.execute(
                "UPDATE crm_lead SET create_date = %s WHERE id = %s",
                [Date.today() - timedelta(days=18 * index), lead.id],
            )
        env.invalidate_all()
        lifecycle.action_activate()
        env["crm.lifecycle"]._run(company)
        self.ids["partners"] = partners.ids

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["background.task"].search([]).unlink()
            company = self.ids["company"]
            for table in ("rebuild", "history", "profile", "run"):
                cr.execute(
                    f"DELETE FROM crm_lifecycle_{table} WHERE company_id = %s",
                    [company],
                )
            env["crm.lead"].search([("company_id", "=", company)]).unlink()
            env["crm.lifecycle"].browse(self.lifecycle_id).unlink()
            env["res.partner"].browse(self.ids["partners"]).unlink()
            # Deleted leads and contacts are pending.
            env.flush_all()
            cr.execute(
                "DELETE FROM crm_lifecycle_pending WHERE company_id = %s", [company]
            )
            admin = env.ref("base.user_admin")
            admin.company_ids -= env["res.company"].browse(company)
            # Companies can't be deleted.
            env["res.company"].browse(company).active = False

    def _read(self):
        with self.registry.cursor() as cr:
            rows = []
            for query in (HISTORY, PROFILES):
                cr.execute(query, self.ids)
                rows.append(cr.fetchall())
            return rows

    def _start(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env = env(
                user=env.ref("base.user_admin").id,
                context={"allowed_company_ids": [self.ids["company"]]},
            )
            start = env["crm.lifecycle.rebuild.start"].create(
                {
                    "lifecycle_id": self.lifecycle_id,
                    "company_id": self.ids["company"],
                    "months": 2,
                    "step": "month",
                }
            )
            return start.action_rebuild()["res_id"]

    def _work(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env.ref("base_background_task.ir_cron_run_tasks").method_direct_trigger()

    def _start_again(self, task_id):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env = env(user=env.ref("base.user_admin").id)
            env["background.task"].browse(task_id).action_start_again()

    def _get_state(self, task_id):
        with self.registry.cursor() as cr:
            task = api.Environment(cr, SUPERUSER_ID, {})["background.task"]
            return task.browse(task_id).state

    def _undo_all(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            Rebuild = env["crm.lifecycle.rebuild"]
            company = env["res.company"].browse(self.ids["company"])
            while last := Rebuild._search_undoable(company):
                last._undo()

    def test_killed_at_any_commit_it_is_done_or_not_and_starts_again(self):
        before = self._read()
        task_id = self._start()
        self._work()
        self.assertEqual(self._get_state(task_id), "done")
        expected = self._read()
        self.assertNotEqual(expected, before)
        self._undo_all()
        self.assertEqual(self._read(), before)
        ended, seen = False, set()
        for die_at in range(1, 100):
            task_id = self._start()
            status = Worker(
                self.registry, "base_background_task.ir_cron_run_tasks", die_at
            ).wait()
            ended = not os.WIFSIGNALED(status)
            rows = self._read()
            self.assertIn(rows, (before, expected), f"killed at commit {die_at}")
            self._work()
            state = self._get_state(task_id)
            seen.add((state, rows == before))
            if state == "interrupted":
                self._start_again(task_id)
                self._work()
            self.assertEqual(self._read(), expected, f"killed at commit {die_at}")
            self._undo_all()
            self.assertEqual(self._read(), before, f"killed at commit {die_at}")
            if ended:
                break
        self.assertTrue(ended, "the worker never came to its end")
        self.assertIn(("interrupted", True), seen)

    def test_staff_move_customers_meanwhile(self):
        """The replay takes minutes, and must neither block staff nor fail by them."""
        partner_id = self.ids["partners"][1]
        original = replay.replay_on_copy

        def disturb(session, days):
            original(session, days)
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                profile = env["crm.lifecycle.profile"].search(
                    [("partner_id", "=", partner_id)]
                )
                stage = profile.lifecycle_id.stage_ids.sorted("sequence")[-1]
                profile._lifecycle_move(stage, origin="manual", reason="Meanwhile")

        task_id = self._start()
        with patch.object(replay, "replay_on_copy", disturb):
            self._work()
        self.assertEqual(self._get_state(task_id), "done")
        history, profiles = self._read()
        mine = [row[1:6] for row in history if row[0] == 2]
        self.assertEqual(mine[-1][-1], "Meanwhile")
        self.assertEqual((mine[0][3], mine[-1][:2]), ("replay", ("a", "c")))
        self.assertEqual(profiles[1][1], "c")
