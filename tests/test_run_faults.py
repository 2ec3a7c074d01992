"""A run that is killed at each of its commits, and continued.

The worker is a process of its own on committed rows, as in `test_playbook_kill`. In
each case, the next calls of the job leave the same rows as an undisturbed run.
"""

import os
import signal
import time
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_lifecycle.run import moves, refresh, review

from .killed import PATIENCE, KillCase, Worker

CUSTOMERS = 7
# Small, so that there are many commits.
SMALL = (
    (refresh, "BATCH", 4),
    (moves, "ORM_BATCH", 3),
    (moves, "QUIET_BATCH", 3),
    (review, "BATCH", 4),
)


@tagged("post_install", "-at_install")
class TestRunKill(KillCase):
    """The rows are committed, so the test itself deletes them.

    Customers with an open lead move to “b”, those with a won one to “c”.
    """

    job = "crm_lifecycle.ir_cron_run"

    def _patch(self):
        for module, name, value in SMALL:
            patcher = patch.object(module, name, value)
            patcher.start()
            self.addCleanup(patcher.stop)

    def _build(self, env):
        self.company_id = env.ref("base.main_company").id
        lifecycle = env["crm.lifecycle"].create(
            {
                "name": "Run kill",
                "company_id": self.company_id,
                "sequence": -1,
                "stage_ids": [
                    Command.create({"name": code, "code": code, "sequence": sequence})
                    for sequence, code in enumerate("abc")
                ],
            }
        )
        self.lifecycle_id = lifecycle.id
        first, second, third = lifecycle.stage_ids
        lifecycle.rule_ids = [
            Command.create(
                {
                    "name": f"to {to_stage.name}",
                    "from_stage_ids": [Command.set(from_stage.ids)],
                    "to_stage_id": to_stage.id,
                    "domain": repr(domain),
                }
            )
            for from_stage, to_stage, domain in (
                (first, second, [("open_lead_count", ">", 0)]),
                (second, third, [("lost_count", "=", 0)]),
            )
        ]
        lifecycle.tag_ids = [Command.create({"name": "t", "code": "t", "domain": "[]"})]
        lifecycle.write({"state": "active", "activation_date": "2026-01-01"})
        partners = env["res.partner"].create(
            [{"name": f"Run kill {number}"} for number in range(CUSTOMERS)]
        )
        self.partner_ids = partners.ids
        self.lead_ids = (
            env["crm.lead"]
            .create(
                [
                    {
                        "name": "Run kill",
                        "type": "opportunity",
                        "partner_id": partner.id,
                        "company_id": self.company_id,
                        "user_id": False,
                    }
                    for partner in partners
                ]
            )
            .ids
        )

    def _forget_work(self, cr):
        """Undo the work of the runs."""
        mine = {"company": self.company_id, "lifecycle": self.lifecycle_id}
        for statement in (
            "DELETE FROM crm_lifecycle_history WHERE company_id = %(company)s",
            "DELETE FROM crm_lifecycle_profile WHERE company_id = %(company)s",
            "DELETE FROM crm_lifecycle_run WHERE company_id = %(company)s",
            "DELETE FROM crm_lifecycle_pending WHERE company_id = %(company)s",
        ):
            cr.execute(statement, mine)

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            self._forget_work(cr)
            env["crm.lead"].browse(self.lead_ids).unlink()
            env["res.partner"].browse(self.partner_ids).unlink()
            self._forget_work(cr)
            env.invalidate_all()
            env["crm.lifecycle"].browse(self.lifecycle_id).unlink()

    def _read(self):
        """Return the stages of the customers and their moves."""
        return {
            "profiles": self._query(
                "SELECT p.partner_id, s.code, p.stage_date, p.open_lead_count,"
                " p.review_date, COUNT(r.tag_id)"
                " FROM crm_lifecycle_profile AS p"
                " LEFT JOIN crm_lifecycle_stage AS s ON s.id = p.stage_id"
                " LEFT JOIN crm_lifecycle_profile_tag_rel AS r ON r.profile_id = p.id"
                " WHERE p.company_id = %s AND p.partner_id = ANY(%s)"
                " GROUP BY 1, 2, 3, 4, 5 ORDER BY 1",
                self.company_id,
                self.partner_ids,
            ),
            "moves": self._query(
                "SELECT h.partner_id, a.code, b.code, h.origin, h.is_quiet"
                " FROM crm_lifecycle_history AS h"
                " LEFT JOIN crm_lifecycle_stage AS a ON a.id = h.from_stage_id"
                " LEFT JOIN crm_lifecycle_stage AS b ON b.id = h.to_stage_id"
                " WHERE h.partner_id = ANY(%s) ORDER BY h.partner_id, h.id",
                self.partner_ids,
            ),
            "waiting": self._query(
                "SELECT COUNT(*) FROM crm_lifecycle_pending WHERE company_id = %s",
                self.company_id,
            ),
        }

    def test_the_next_runs_leave_the_same_rows_whenever_a_run_dies(self):
        expected, commits = self._work_undisturbed()
        self.assertGreater(commits, 8)
        self.assertLess(commits, 60)
        self.assertEqual(len(expected["moves"]), CUSTOMERS)
        self.assertEqual({row[1] for row in expected["profiles"]}, {"c"})
        # Right after a commit equals right before the next one.
        self._kill_at_each_commit(expected, commits, ways=(False,))
        # The list of runs shows which of them died.
        states = self._query("SELECT DISTINCT state FROM crm_lifecycle_run")
        self.assertNotIn(("running",), states)

    def test_a_run_killed_within_a_long_statement_is_taken_over_at_once(self):
        """The server notices that its client has died, and releases the lock."""
        expected, _commits = self._work_undisturbed()
        with self.registry.cursor() as cr:
            self._forget_work(cr)
        move = moves.move_rows

        def move_slowly(session, *args):
            result = move(session, *args)
            session.env.cr.execute("SELECT pg_sleep(60)")
            return result

        with patch.object(moves, "move_rows", move_slowly):
            worker = Worker(self.registry, self.job)
        asleep = (
            "SELECT FROM pg_stat_activity WHERE application_name = %s "
            "AND state = 'active' AND query LIKE '%%pg_sleep(60)%%'"
        )
        end = time.monotonic() + PATIENCE.total_seconds()
        while not self._query(asleep, worker.name) and time.monotonic() < end:
            time.sleep(0.01)
        os.kill(worker.pid, signal.SIGKILL)
        os.waitpid(worker.pid, 0)
        self.assertTrue(os.WIFEXITED(self._start()))
        self.assertEqual(self._read(), expected)
        states = self._query("SELECT state FROM crm_lifecycle_run ORDER BY id")
        self.assertEqual(states[0], ("failed",))
