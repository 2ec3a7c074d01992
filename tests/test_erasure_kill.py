"""An erasure that is killed: no customer is erased by halves, and the rest follows.

The worker runs in a process of its own, on committed rows.
"""

import os
from unittest.mock import patch

from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

from odoo.addons.crm_lifecycle_privacy.models import crm_lifecycle_profile as privacy

from .killed import Committed, Worker

CUSTOMERS = 4
JOB = "base_background_task.ir_cron_run_tasks"


@tagged("post_install", "-at_install")
class TestErasureKill(BaseCase):
    """The rows are committed, so the test itself deletes them."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        for patcher in (
            patch.object(privacy, "BATCH", 2),
            patch.object(privacy, "SMALL_ERASURE", 1),
        ):
            patcher.start()
            self.addCleanup(patcher.stop)
        self.partner_ids, self.profile_ids = [], []
        self.addCleanup(self._clean_up)

    def _build(self):
        """Create customers with two contacts each, the names of which have a mark."""
        with self._get_env() as env:
            partners = env["res.partner"].create(
                [
                    {
                        "name": "Killmark",
                        "child_ids": [Command.create({"name": "Killmark"})],
                    }
                    for _number in range(CUSTOMERS)
                ]
            )
            profiles = env["crm.lifecycle.profile"].create(
                [{"partner_id": partner.id, "note": "Killmark"} for partner in partners]
            )
            self.partner_ids += (partners | partners.child_ids).ids
            self.profile_ids += profiles.ids
            return profiles.ids

    def _get_env(self):
        return Committed(self.registry)

    def _clean_up(self):
        with self._get_env() as env:
            env["background.task"].search([]).unlink()
            env["crm.lifecycle.profile"].browse(self.profile_ids).unlink()
            env["res.partner"].browse(self.partner_ids).unlink()
            env.cr.execute("DELETE FROM crm_lifecycle_pending")

    def _start(self, profile_ids):
        with self._get_env() as env:
            env = env(user=env.ref("base.user_admin").id)
            profiles = env["crm.lifecycle.profile"].browse(profile_ids)
            return profiles.action_erase()["res_id"]

    def _count_traces(self, profile_ids):
        """Return the numbers of traces of each customer: 3 before, 0 afterwards."""
        with self._get_env() as env:
            profiles = env["crm.lifecycle.profile"].browse(profile_ids)
            return [
                sum(
                    "Killmark" in text
                    for text in (
                        str(profile.note),
                        *profile.partner_id._get_contacts_of_persons().mapped("name"),
                    )
                )
                for profile in profiles.with_context(active_test=False)
            ]

    def test_killed_at_any_commit_the_rest_is_erased_by_starting_again(self):
        killed = set()
        for die_at in range(1, 100):
            ids = self._build()
            task_id = self._start(ids)
            status = Worker(self.registry, JOB, die_at).wait()
            if not os.WIFSIGNALED(status):
                break
            traces = self._count_traces(ids)
            self.assertLessEqual(set(traces), {0, 3}, "erased by halves")
            killed.add(traces.count(0))
            with self._get_env() as env:
                task = env["background.task"].browse(task_id)
                if task.state in ("interrupted", "running"):
                    admin = env.ref("base.user_admin")
                    task.with_user(admin).action_start_again()
            Worker(self.registry, JOB).wait()
            self.assertEqual(self._count_traces(ids), [0] * CUSTOMERS, die_at)
        self.assertEqual(self._count_traces(ids), [0] * CUSTOMERS)
        self.assertGreater(
            len(killed), 2, f"{killed}: was never killed between two customers"
        )
