from contextlib import contextmanager
from unittest.mock import patch

from odoo import SUPERUSER_ID, api

from odoo.addons.crm_lifecycle.run import refresh
from odoo.addons.crm_lifecycle.tests.common import TODAY, LifecycleCase
from odoo.addons.queue_job.controllers.main import RunJobController
from odoo.addons.queue_job.exception import RetryableJobError
from odoo.addons.queue_job.job import Job

CUSTOMERS = 9
# These columns differ between runs, or with the order of work.
TECHNICAL = {"id", "create_date", "create_uid", "write_date", "write_uid"}
CONFLICTS = (
    "odoo.addons.crm_lifecycle_queue.models.crm_lifecycle_run"
    ".PG_CONCURRENCY_EXCEPTIONS_TO_RETRY"
)


class Conflict(Exception):
    """Stand-in for a PostgreSQL concurrency error that asks for a retry."""


class QueueCase(LifecycleCase):
    """A company with nine customers in three stages; shards of four customers.

    Jobs are stored, and processed in the transaction of the test. Commits become
    savepoints there.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_parameter("threshold", 8)
        cls._set_parameter("shard_size", 4)
        cls._rule(cls.engaged, [("open_lead_count", ">", 0)], cls.prospect)
        cls._rule(cls.customer, [("won_count", ">", 0)], cls.engaged)
        cls.partners = cls.env["res.partner"]
        for index in range(CUSTOMERS - 1):
            partner = cls._partner(f"Partner {index}")
            cls.partners |= partner
            cls._lead(partner_id=partner.id, days_ago=index)
            if index % 3 == 0:
                won = cls._lead(partner_id=partner.id, days_ago=index)
                won.action_set_won()
                won.date_closed = f"{TODAY} 08:00:00"
        cls._lead(contact_name="Nobody's lead", days_ago=CUSTOMERS)
        cls.env.cr.execute("DELETE FROM crm_lifecycle_pending")

    @classmethod
    def _set_parameter(cls, name, value):
        cls.env["ir.config_parameter"].set_param(f"crm_lifecycle_queue.{name}", value)

    # --- runs and jobs ---

    def _hand_out(self, as_of=TODAY, served=True, env=None, **kwargs):
        """Start a background run, with or without a job runner."""
        Lifecycle = (env or self.env)["crm.lifecycle"]
        self.env.flush_all()
        with patch.object(
            self.env.registry["crm.lifecycle.run"],
            "_is_queue_served",
            lambda self: served,
        ):
            run = Lifecycle._run(
                self.company,
                as_of,
                checkpoint=lambda done, remaining: None,
                **kwargs,
            )
        self.env.flush_all()
        return run.with_env(self.env)

    def _run_by_jobs(self, as_of=TODAY, **kwargs):
        run = self._hand_out(as_of, **kwargs)
        self._work_off_all()
        return run

    def _work_off_all(self):
        """Process the pending jobs, and those that these queue."""
        waiting = [("state", "=", "pending"), ("channel", "=", "root.lifecycle")]
        while job := self.env["queue.job"].search(waiting, order="id", limit=1):
            self._work_off(job)

    def _work_off(self, record):
        """Process one job as a worker of queue_job does. Return its final state."""
        with self.enter_registry_test_mode():
            job = Job.load(self.env, record.uuid)
            job.set_started()
            job.store()
            try:
                job.perform()
            except RetryableJobError as error:
                job.postpone(str(error), error.seconds)
                job.set_pending(reset_retry=False)
            except Exception as error:  # noqa: BLE001  stored on the job
                with job.in_temporary_env():
                    values = RunJobController._get_failure_values(job, "", error)
                    job.set_failed(**values)
                    job.store()
                    job.on_fail(values)
            else:
                job.set_done()
            job.store()
        return record.state

    @contextmanager
    def _worker(self):
        """Return an environment with savepoints for commits and rollbacks."""
        with (
            self.enter_registry_test_mode(),
            self.registry.cursor() as cr,
        ):
            yield api.Environment(cr, SUPERUSER_ID, {})

    def _failing(self, error):
        """Make the work of a run raise an error."""
        return patch.object(refresh, "refresh_batch", side_effect=error)

    @contextmanager
    def _conflicting(self):
        """Make the work of a run conflict with another transaction."""
        with patch(CONFLICTS, (Conflict,)), self._failing(Conflict("again")):
            yield

    # --- what runs leave ---

    def _rows(self, table, order, ignored):
        self.env.flush_all()
        self.env.cr.execute(
            f"SELECT to_jsonb(t) FROM {table} AS t WHERE company_id = %s "
            f"ORDER BY {order}",
            [self.company.id],
        )
        return [
            {
                name: value
                for name, value in row.items()
                if name not in TECHNICAL | ignored
            }
            for (row,) in self.env.cr.fetchall()
        ]

    def _snapshot(self):
        """Return profiles and history of the company, without technical columns."""
        return (
            self._rows("crm_lifecycle_profile", "partner_id, lead_id", {"facts_date"}),
            self._rows(
                "crm_lifecycle_history",
                "partner_id, lead_id, id",
                {"profile_id", "processed_at", "run_id"},
            ),
        )

    def _snapshot_after(self, work):
        """Return a snapshot after some work, and roll the work back."""
        with self.env.cr.savepoint() as savepoint:
            work()
            snapshot = self._snapshot()
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        return snapshot
