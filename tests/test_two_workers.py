"""Two concurrent workers, in transactions of their own with real commits."""

import threading
from datetime import date
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

from odoo.addons.base_background_task.progress import Cancelled
from odoo.addons.crm_lifecycle.locks import RunUnderWay
from odoo.addons.crm_lifecycle.run import phases
from odoo.addons.crm_lifecycle.run.session import Session

TODAY = date(2026, 3, 2)
BIG = "odoo.addons.crm_lifecycle.run.shards.MIN_PARALLEL_SIZE"
SLEEP = "odoo.addons.crm_lifecycle.run.moves.time.sleep"
CUSTOMERS = 300


@tagged("post_install", "-at_install")
class TestTwoWorkers(BaseCase):
    """The rows are committed, so the test itself deletes them."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            self.company_id = env.ref("base.main_company").id
            self._forget(env)
            lifecycle = env["crm.lifecycle"].create(
                {
                    "name": "Two workers",
                    "company_id": self.company_id,
                    "stage_ids": [
                        Command.create(
                            {"name": code, "code": code, "sequence": sequence}
                        )
                        for sequence, code in enumerate("abc")
                    ],
                }
            )
            first, second, third = lifecycle.stage_ids
            env["crm.lifecycle.rule"].create(
                [
                    {
                        "name": f"to {after.code}",
                        "lifecycle_id": lifecycle.id,
                        "from_stage_ids": [Command.set(before.ids)],
                        "to_stage_id": after.id,
                        "domain": "[('open_lead_count', '>', 0)]",
                    }
                    for before, after in ((first, second), (second, third))
                ]
            )
            lifecycle.write({"state": "active", "activation_date": "2026-01-01"})
            partners = env["res.partner"].create(
                [{"name": f"Two workers {index}"} for index in range(CUSTOMERS)]
            )
            env["crm.lead"].create(
                [
                    {
                        "name": partner.name,
                        "partner_id": partner.id,
                        "company_id": self.company_id,
                        "user_id": SUPERUSER_ID,
                    }
                    for partner in partners
                ]
            )
            env.flush_all()
            cr.execute("UPDATE crm_lead SET create_date = '2026-03-01'")
            self.lifecycle_id = lifecycle.id
        self.addCleanup(self._clean_up)

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["crm.lead"].with_context(active_test=False).search(
                [("name", "=like", "Two workers %")]
            ).unlink()
            env["res.partner"].search([("name", "=like", "Two workers %")]).unlink()
            self._forget(env)
            cr.execute(
                "DELETE FROM crm_lifecycle_history WHERE lifecycle_id = %s",
                [self.lifecycle_id],
            )
            env.invalidate_all()
            env["crm.lifecycle"].browse(self.lifecycle_id).unlink()

    def _forget(self, env):
        for table in ("crm_lifecycle_run", "crm_lifecycle_pending"):
            env.cr.execute(f"DELETE FROM {table}")

    def _work(self, barrier, errors):
        try:
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                company = env["res.company"].browse(self.company_id)
                barrier.wait()
                env["crm.lifecycle"]._run(
                    company, TODAY, checkpoint=lambda done, remaining: cr.commit()
                )
        except RunUnderWay:
            pass  # the other worker does the work
        except Exception as error:  # noqa: BLE001  reported by the test
            errors.append(error)

    def test_two_workers_do_the_work_once(self):
        barrier, errors = threading.Barrier(2), []
        workers = [
            threading.Thread(target=self._work, args=(barrier, errors))
            for _worker in range(2)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertFalse(errors)
        with self.registry.cursor() as cr:
            cr.execute(
                """
                SELECT COUNT(*), COUNT(DISTINCT (profile_id, to_stage_id)),
                       COUNT(DISTINCT profile_id)
                  FROM crm_lifecycle_history WHERE lifecycle_id = %s
                """,
                [self.lifecycle_id],
            )
            self.assertEqual(cr.fetchone(), (CUSTOMERS, CUSTOMERS, CUSTOMERS))
            cr.execute(
                "SELECT SUM(moved_count) FROM crm_lifecycle_run WHERE company_id = %s",
                [self.company_id],
            )
            self.assertEqual(cr.fetchone(), (CUSTOMERS,))
            cr.execute("SELECT COUNT(*) FROM crm_lifecycle_pending")
            self.assertEqual(cr.fetchone(), (0,))

    def test_a_run_comes_back_to_a_customer_whom_somebody_held(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            company = env["res.company"].browse(self.company_id)
            run = env["crm.lifecycle.run"]._start(company, TODAY)
            session = Session(run)
            phases.collect_changes(session)
            phases.refresh_facts(session)
        with self.registry.cursor() as holder, self.registry.cursor() as cr:
            holder.execute(
                """
                SELECT p.id
                  FROM crm_lifecycle_profile AS p
                  JOIN res_partner AS c ON c.id = p.partner_id
                 WHERE c.name = 'Two workers 7' FOR UPDATE OF p
                """
            )
            [held] = holder.fetchone()
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["crm.lifecycle.run"]._reset_watermark(
                env["res.company"].browse(self.company_id)
            )
            with patch(SLEEP, side_effect=lambda seconds: holder.rollback()) as slept:
                run = env["crm.lifecycle"]._run(
                    env["res.company"].browse(self.company_id),
                    TODAY,
                    checkpoint=lambda done, remaining: cr.commit(),
                )
            slept.assert_called_once()
            self.assertEqual(run.left_count, 0)
            self.assertEqual(run.moved_count, CUSTOMERS)
            self.assertEqual(
                env["crm.lifecycle.profile"].browse(held).stage_id.code, "c"
            )

    def _run_side_by_side(self, cr):
        """Make a run with enough customers for two connections."""
        env = api.Environment(cr, SUPERUSER_ID, {})
        cr.execute("SET LOCAL max_parallel_workers_per_gather = 1")
        with patch(BIG, CUSTOMERS):
            return env["crm.lifecycle"]._run(
                env["res.company"].browse(self.company_id),
                TODAY,
                checkpoint=lambda done, remaining: self._commit(cr),
            )

    def _commit(self, cr):
        cr.commit()
        cr.execute("SET LOCAL max_parallel_workers_per_gather = 1")

    def _assert_all_moved(self, run):
        self.assertEqual(run.state, "done")
        self.assertEqual(run.profile_count, CUSTOMERS)
        self.assertEqual(run.moved_count, CUSTOMERS)
        run.env.cr.execute(
            "SELECT COUNT(*), COUNT(DISTINCT (profile_id, to_stage_id)) "
            "FROM crm_lifecycle_history WHERE lifecycle_id = %s",
            [self.lifecycle_id],
        )
        self.assertEqual(run.env.cr.fetchone(), (CUSTOMERS, CUSTOMERS))

    def test_a_big_run_works_on_two_connections(self):
        with self.registry.cursor() as cr:
            run = self._run_side_by_side(cr)
            self.assertEqual(run.child_ids.mapped("state"), ["done", "done"])
            self.assertEqual(sum(run.child_ids.mapped("moved_count")), CUSTOMERS)
            self.assertGreater(min(run.child_ids.mapped("moved_count")), 0)
            self._assert_all_moved(run)

    def test_the_run_does_what_a_failed_shard_leaves(self):
        phase = phases.move_customers

        def fail_in_one_shard(session, *args, **kwargs):
            if session.run.parent_id and session.run.shard == 1:
                raise RuntimeError("no more")
            return phase(session, *args, **kwargs)

        logger = "odoo.addons.crm_lifecycle.run.shards"
        with (
            self.registry.cursor() as cr,
            patch.object(phases, "move_customers", fail_in_one_shard),
            self.assertLogs(logger, "ERROR"),
        ):
            run = self._run_side_by_side(cr)
            self.assertEqual(set(run.child_ids.mapped("state")), {"done", "failed"})
            self._assert_all_moved(run)

    def test_a_run_that_is_cancelled_stops_its_shards(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            company = env["res.company"].browse(self.company_id)
            run = env["crm.lifecycle.run"]._start(company, TODAY)
            asked, waiting = threading.Event(), []
            phase = phases.move_customers

            def wait_in_shards(session, *args, **kwargs):
                if session.run.parent_id:
                    waiting.append(session.run.id)
                    asked.wait(30)
                return phase(session, *args, **kwargs)

            def cancel(done, remaining):
                self._commit(cr)
                if len(waiting) == 2 and not asked.is_set():
                    asked.set()
                    raise Cancelled

            with (
                patch(BIG, CUSTOMERS),
                patch.object(phases, "move_customers", wait_in_shards),
                self.assertRaises(Cancelled),
            ):
                cr.execute("SET LOCAL max_parallel_workers_per_gather = 1")
                run._execute(cancel)
            self.assertEqual(run.state, "cancelled")
            self.assertEqual(set(run.child_ids.mapped("state")), {"cancelled"})
