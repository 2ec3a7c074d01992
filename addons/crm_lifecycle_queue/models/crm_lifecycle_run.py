import logging
from contextlib import contextmanager
from datetime import timedelta

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from odoo.addons.crm_lifecycle import locks
from odoo.addons.crm_lifecycle.run import lock
from odoo.addons.queue_job.exception import RetryableJobError
from odoo.addons.queue_job.job import (
    ENQUEUED,
    PENDING,
    STARTED,
    STATES,
    WAIT_DEPENDENCIES,
)
from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID

_logger = logging.getLogger(__name__)

# Defaults of the system parameters. Each shard reads all documents once, as a run in
# one piece does, so few big shards are cheaper. A shard must end within a minute or
# two, though, because Odoo limits the time of a request.
THRESHOLD = 100000
SHARD_SIZE = 200000
# Each shard also reads the work list to find its part, so more shards cost more than
# they save.
MAX_SHARDS = 100
# The scheduled job takes over a run with jobs that make no progress for this long.
STALLED_AFTER = timedelta(minutes=30)
LIVE_STATES = (WAIT_DEPENDENCIES, PENDING, ENQUEUED, STARTED)


class CrmLifecycleRun(models.Model):
    """Dispatch the shards of a big run as jobs; a last job finishes it.

    The jobs depend only on the runs: the last shard to end, done or failed, queues the
    finish. The scheduled job finds dead jobs, and their customers are still on the work
    list.
    """

    _inherit = "crm.lifecycle.run"

    job_uuid = fields.Char(
        string="Job UUID",
        readonly=True,
        copy=False,
        help="The job that works off the shard, or that finishes the run.",
    )
    job_state = fields.Selection(
        selection=STATES, string="Job", compute="_compute_job_state", compute_sudo=True
    )
    job_count = fields.Integer(
        string="Jobs", compute="_compute_job_count", compute_sudo=True
    )
    failed_shard_count = fields.Integer(
        string="Failed shards", compute="_compute_failed_shard_count"
    )

    @api.depends("job_uuid")
    def _compute_job_state(self):
        states = {job.uuid: job.state for job in self._get_jobs()}
        for run in self:
            run.job_state = states.get(run.job_uuid)

    @api.depends("job_uuid", "child_ids.job_uuid")
    def _compute_job_count(self):
        for run in self:
            run.job_count = len((run | run.child_ids)._get_jobs())

    @api.depends("child_ids.state")
    def _compute_failed_shard_count(self):
        for run in self:
            run.failed_shard_count = len(
                run.child_ids.filtered(lambda shard: shard.state == "failed")
            )

    # ------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------

    def action_open_jobs(self):
        """Open the jobs of the run, for users who may read jobs."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "queue_job.action_queue_job"
        )
        return {
            **action,
            "domain": [("id", "in", (self | self.child_ids)._get_jobs().ids)],
            "context": {},
        }

    # ------------------------------------------------------------
    # Dispatch
    # ------------------------------------------------------------

    def _dispatch(self, checkpoint):
        """Queue the shards of a big run."""
        if super()._dispatch(checkpoint):
            return True
        count = self._get_shard_count()
        if not count:
            return False
        for shard in self._create_shards(count):
            shard._delay(
                "_job_work_off",
                self.env._(
                    "Lifecycle run of %(company)s as of %(date)s, shard %(number)s of "
                    "%(count)s",
                    company=self.company_id.name,
                    date=self.as_of,
                    number=shard.shard + 1,
                    count=count,
                ),
            )
        _logger.info("Lifecycle run %s: handed out in %s shards", self.id, count)
        return True

    def _get_shard_count(self):
        """Extension point: return the number of shards of the run, 0 for no split."""
        waiting = self._get_pending_count()
        if waiting <= self._get_parameter("threshold", THRESHOLD):
            return 0
        if not self._is_queue_served():
            _logger.info(
                "Lifecycle run %s of %s customers: no job runner looks after this "
                "database, so the run does all the work itself",
                self.id,
                waiting,
            )
            return 0
        size = max(1, self._get_parameter("shard_size", SHARD_SIZE))
        return min(max(2, -(-waiting // size)), MAX_SHARDS)

    @api.model
    def _get_parameter(self, name, default):
        """Return a system parameter as an integer."""
        key = f"crm_lifecycle_queue.{name}"
        # `sudo()`: these parameters are not confidential.
        value = self.env["ir.config_parameter"].sudo().get_param(key)
        try:
            return int(value or default)
        except ValueError:
            _logger.warning("%s is no whole number: %r", key, value)
            return default

    @api.model
    def _is_queue_served(self):
        """Extension point: return whether a job runner serves this database.

        The job runner holds an advisory lock for as long as it is connected.
        """
        return bool(
            self.env.execute_query(
                SQL(
                    """
                    SELECT
                      FROM pg_locks AS l
                      JOIN pg_database AS d ON d.oid = l.database
                     WHERE d.datname = current_database()
                       AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                       AND l.classid::bigint = %s AND l.objid::bigint = %s
                    """,
                    PG_ADVISORY_LOCK_ID >> 32,
                    PG_ADVISORY_LOCK_ID & 0xFFFFFFFF,
                )
            )
        )

    def _delay(self, method, description):
        """Queue a job on the run. The identity key prevents duplicates."""
        delayed = self.with_delay(
            description=description,
            identity_key=f"crm_lifecycle_queue:{self.id}:{method}",
        )
        self.job_uuid = getattr(delayed, method)().uuid

    # ------------------------------------------------------------
    # Jobs
    # ------------------------------------------------------------

    def _job_work_off(self):
        """Process a shard. The last shard of a run queues the finish.

        A job that was killed is retried and does the rest.
        """
        self.ensure_one()
        if not self._is_expected():
            return self.env._("The run has ended without this shard.")
        if self.state == "failed":
            self._mark_running()
        if self.state == "running":
            with self._retry_on_conflict(), lock.lock_shard(self.company_id):
                self._execute(self._commit)
        self._queue_finish()
        return self.env._(
            "%(seen)s customers seen, %(moved)s moves",
            seen=self.profile_count,
            moved=self.moved_count,
        )

    def _job_work_off_failed(self, **values):
        """Continue the run without a shard that failed for good."""
        self._mark_failed(values.get("exc_message"))
        self._queue_finish()

    def _job_finish(self):
        """Finish a run after its shards have ended, including what they left."""
        self.ensure_one()
        if self.state != "running":
            return self.env._("The run has ended already.")
        with self._retry_on_conflict(), lock.lock_shard(self.company_id):
            self._finish(self._commit)
        self._trigger_schedule()
        return self.env._(
            "%(seen)s customers seen, %(moved)s moves",
            seen=self.profile_count,
            moved=self.moved_count,
        )

    def _job_finish_failed(self, **values):
        """Mark a run as failed if it can't be finished."""
        self._mark_failed(values.get("exc_message"))

    def _is_expected(self):
        """Return whether the run still waits for this shard."""
        return self.parent_id.state == "running" and not self.parent_id.job_uuid

    def _commit(self, done=0, remaining=0):
        """Commit the finished batches: the checkpoint of a job.

        The job functions have Allow Commit. So queue_job holds the lock that marks the
        job as alive on another connection, and this one is free to commit.
        """
        self.env.flush_all()
        self.env.cr.commit()  # pylint: disable=invalid-commit

    @contextmanager
    def _retry_on_conflict(self):
        """Retry the job after a conflict with another transaction."""
        try:
            yield
        except locks.RunUnderWay as error:
            raise RetryableJobError(
                str(error), seconds=10, ignore_retry=True
            ) from error
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
            self._mark_running()
            self._commit()
            raise RetryableJobError(str(error)) from error

    def _mark_running(self):
        self.write({"state": "running", "date_end": False, "error": False})

    def _mark_failed(self, error):
        """Mark running runs without a process as failed."""
        self.filtered(lambda run: run.state == "running").write(
            {
                "state": "failed",
                "date_end": fields.Datetime.now(),
                "error": error or self.env._("The job ended before its work."),
            }
        )

    def _queue_finish(self):
        """Queue the finish of a run after all its shards have ended.

        Each shard checks this after its own end is committed, so the last one sees the
        end of all others. If two check at the same time, only one can write the row of
        the run.
        """
        run = self.parent_id
        try:
            with self.env.cr.savepoint():
                run.invalidate_recordset()
                run.child_ids.invalidate_recordset()
                if self._is_expected() and "running" not in run.child_ids.mapped(
                    "state"
                ):
                    run._delay(
                        "_job_finish",
                        self.env._(
                            "Lifecycle run of %(company)s as of %(date)s: finish",
                            company=run.company_id.name,
                            date=run.as_of,
                        ),
                    )
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.invalidate_all(flush=False)
            _logger.debug("Lifecycle run %s: finished by another shard", run.id)

    @api.model
    def _trigger_schedule(self):
        """Trigger the scheduled job for work that was added meanwhile."""
        self.env["crm.lifecycle.pending"]._trigger_run()

    # ------------------------------------------------------------
    # Stalled runs
    # ------------------------------------------------------------

    @api.model
    def _get_dispatched(self, company=None):
        """Return the running runs with queued shards.

        Runs that process their shards side by side have no jobs.
        """
        domain = [("state", "=", "running"), ("child_ids.job_uuid", "!=", False)]
        if company:
            domain.append(("company_id", "=", company.id))
        return self.search(domain)

    def _get_jobs(self):
        """Return the jobs of some runs. `sudo()`: callers filter what users see."""
        uuids = [run.job_uuid for run in self if run.job_uuid]
        return self.env["queue.job"].sudo().search([("uuid", "in", uuids)])

    def _get_live_jobs(self):
        """Return the jobs that can still continue a dispatched run."""
        runs = self | self.child_ids.filtered(lambda shard: shard.state == "running")
        return runs._get_jobs().filtered(lambda job: job.state in LIVE_STATES)

    def _is_alive(self):
        """Return whether a dispatched run makes progress, or may do so soon.

        It does while a process holds the lock of the shards. A started job of a dead
        process holds no lock. A job that waits in the queue may start within the grace
        period.
        """
        self.ensure_one()
        if self.company_id.id in locks.get_held_keys(self.env.cr, locks.SHARD):
            return True
        progress = max((self | self.child_ids).mapped("date_progress"))
        return progress >= fields.Datetime.now() - STALLED_AFTER and any(
            job.state != STARTED for job in self._get_live_jobs()
        )

    @api.model
    def _finish_stalled(self):
        """Finish the runs with jobs that died or never started.

        An error is stored on its run and does not stop the others.
        """
        cron = self.env["ir.cron"]

        def keep(done, remaining):
            cron._commit_progress()

        for run in self._get_dispatched():
            if run._is_alive():
                continue
            try:
                with lock.lock_runs(run.company_id, keep):
                    _logger.warning("Lifecycle run %s: the queue left it", run.id)
                    run._cancel_jobs()
                    run._finish(keep)
            except locks.RunUnderWay:
                continue
            except Exception:
                _logger.exception("Lifecycle run %s could not be finished", run.id)

    def _cancel_jobs(self):
        """Cancel the jobs of the run, and mark their shards as failed."""
        self._get_live_jobs().button_cancelled()
        for shard in self.child_ids:
            job = shard._get_jobs()
            shard._mark_failed(job.exc_message or job.exc_info)

    def _cancel_dispatched(self):
        """Cancel runs that are with the queue."""
        for run in self:
            run._cancel_jobs()
            run._mark_failed(
                self.env._(
                    "The run was interrupted. What it left is done by the next run."
                )
            )

    @api.model
    def _has_remote_workers(self, company):
        """A run is also under way while its shards wait in the queue."""
        return super()._has_remote_workers(company) or any(
            run._is_alive() for run in self._get_dispatched(company)
        )
