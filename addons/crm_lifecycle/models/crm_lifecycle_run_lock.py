"""One run of a company at a time: the lock that lives as long as its process."""

import time
from contextlib import contextmanager

from odoo import api, fields, models
from odoo.tools import SQL, format_datetime

from .. import locks

# How long a run waits for another one that may be about to end, or whose process has
# just died, and how often it looks, in seconds.
WAIT = 2
PACE = 0.05


class CrmLifecycleRun(models.Model):
    """A run holds the lock of its company, and its shards hold theirs.

    The locks belong to connections. So a run is dead once no connection holds its
    company's locks, on whichever server it was, and the next call takes over at once.
    """

    _inherit = "crm.lifecycle.run"

    @api.model
    @contextmanager
    def _alone(self, company, checkpoint=None):
        """Hold the lock of a company's runs. Yield with a fresh view of the database.

        Without a ``checkpoint``, the lock is held to the end of the caller's
        transaction, which others see nothing of before, and whose view stays the same.

        :raises RunUnderWay: where another run of the company is under way
        """
        cr = self.env.cr
        kept = checkpoint is not None
        deadline = time.monotonic() + WAIT
        while not locks.try_lock(cr, locks.RUN, company.id, transaction=not kept):
            self._wait_for_run(company, deadline)
        try:
            while self._get_under_way(company):
                self._wait_for_run(company, deadline)
            if kept:
                locks.notice_death(cr)
                checkpoint(0, 0)
                self.env.invalidate_all()
            yield
        finally:
            if kept:
                locks.unlock(cr, locks.RUN, company.id)

    @api.model
    @contextmanager
    def _among_shards(self, company, *, is_run_held=False):
        """Hold the lock of a company's shards, which bear each other.

        :param is_run_held: the process of their run holds its lock meanwhile
        :raises RunUnderWay: where a run that they don't belong to is under way
        """
        cr = self.env.cr
        deadline = time.monotonic() + WAIT
        locks.try_lock(cr, locks.SHARD, company.id, shared=True)
        try:
            locks.notice_death(cr)
            while not is_run_held and company.id in locks.get_held(
                cr, locks.RUN, by_others=True
            ):
                self._wait_for_run(company, deadline)
            yield
        finally:
            locks.unlock(cr, locks.SHARD, company.id, shared=True)

    @api.model
    def _wait_for_run(self, company, deadline):
        """Wait a moment for the run under way.

        :raises RunUnderWay: where it is past the ``deadline``
        """
        if time.monotonic() >= deadline:
            raise locks.RunUnderWay(self._get_under_way_text(company))
        time.sleep(PACE)

    @api.model
    def _get_under_way(self, company):
        """Extension point: whether others work on a run, beside who holds its lock."""
        held = locks.get_held(self.env.cr, locks.SHARD, by_others=True)
        return company.id in held

    @api.model
    def _is_under_way(self, company):
        """Whether another process works on a run of the company."""
        held = locks.get_held(self.env.cr, locks.RUN, by_others=True)
        return company.id in held or self._get_under_way(company)

    @api.model
    def _get_under_way_text(self, company):
        """Return the message that another run of a company is under way."""
        # Whether a run is under way may be known by who starts one.
        run = self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("parent_id", "=", False),
                ("state", "=", "running"),
            ],
            limit=1,
        )
        if not run:
            return self.env._(
                "A run of %(company)s has just begun. Wait until it has ended, then "
                "try again.",
                company=company.name,
            )
        return self.env._(
            "A run of %(company)s is under way since %(since)s. Wait until it has "
            "ended, then try again.",
            company=company.name,
            since=format_datetime(self.env, run.date_start),
        )

    # ------------------------------------------------------------
    # The dead
    # ------------------------------------------------------------

    def _has_died(self):
        """Whether the run came to no end: what it left is still to be done.

        The server takes a moment to notice that a process has died.
        """
        if self.state != "running":
            return self.state == "failed"
        deadline = time.monotonic() + WAIT
        while self._is_under_way(self.company_id):
            if time.monotonic() >= deadline:
                return False
            time.sleep(PACE)
        return True

    @api.model
    def _fail_dead(self, company):
        """Mark runs whose process died as failed, so that an admin sees them."""
        if self._is_under_way(company):
            return
        self.search([("company_id", "=", company.id), ("state", "=", "running")]).write(
            {
                "state": "failed",
                "date_end": fields.Datetime.now(),
                "error": self.env._(
                    "The run was interrupted. What it left is done by the next run."
                ),
            }
        )


class CrmLifecycle(models.Model):
    _inherit = "crm.lifecycle"

    def _hold_runs(self):
        """Keep runs from beginning before this change of the lifecycles is committed.

        A run works by the lifecycles as they were when it began, to its end.

        :raises RunUnderWay: where a run of one of the companies is under way
        """
        companies = self.company_id
        if not all(lifecycle.company_id for lifecycle in self):
            # Whoever changes the lifecycle of all companies need not see them.
            companies = self.env["res.company"].sudo().search([("active", "=", True)])
        if not companies:
            return
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM unnest(%s::int[]) AS company (id) "
                "WHERE NOT pg_try_advisory_xact_lock_shared(%s, id)",
                companies.ids,
                locks.RUN,
            )
        )
        if rows:
            # Its start is no secret of the run.
            Run = self.env["crm.lifecycle.run"].sudo()
            company = companies.browse(rows[0])
            raise locks.RunUnderWay(
                self.env._(
                    "%(reason)s Until then its lifecycles can't be changed.",
                    reason=Run._get_under_way_text(company),
                )
            )
