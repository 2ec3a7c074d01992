"""Running the lifecycles of a company: entry points and scheduled job."""

import functools
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .. import locks
from ..locks import RunUnderWay
from ..moves import REASON_ENTERS
from ..run import lock, preview
from ..run.session import retry_batch

_logger = logging.getLogger(__name__)

# Delay before the scheduled job retries a company with another run under way.
PAUSE = timedelta(minutes=1)


class CrmLifecycle(models.Model):
    _inherit = "crm.lifecycle"

    @api.model
    def _lifecycle_sources(self):
        """Return the names of the models that compute facts, in order.

        These are all models that inherit `crm.lifecycle.source`.
        """
        found, names = set(), {"crm.lifecycle.source"}
        while names:
            found |= names
            names = {
                child for name in names for child in self.pool[name]._inherit_children
            } - found
        return sorted(found - {"crm.lifecycle.source"})

    @api.model
    def _run(
        self,
        company,
        as_of=None,
        *,
        full=False,
        quick=False,
        checkpoint=None,
        task=None,
    ):
        """Update the facts and stages of a company. Return the dated run.

        :param as_of: the day (date, in the company's time zone) to compute for; today
            by default; not before the last run
        :param full: rebuild all facts instead of those that may have changed
        :param quick: process only the customers on the work list
        :param checkpoint: called as ``checkpoint(done, remaining)`` after each batch of
            work that may be committed; without it, the run stays in the caller's
            transaction
        :param task: the `Progress` of the background task that waits for the run
        :raises RunUnderWay: if another run of the company is under way; each process
            that runs the company holds a lock, which ends with the process
        :raises UserError: if ``as_of`` is before the last run, or in the future by the
            clock of the database
        """
        Run = self.env["crm.lifecycle.run"]
        start = functools.partial(Run._start, company, as_of, full=full, quick=quick)
        with lock.lock_runs(company.with_env(self.env), checkpoint):
            run = retry_batch(self.env, start) if checkpoint is not None else start()
            return run._execute(checkpoint, task=task)

    @api.model
    def _preview(self, company, lifecycles, as_of=None, **kwargs):
        """Return what a run of some lifecycles would do now, without writing anything.

        ``lifecycles`` run in their order instead of the company's active ones; drafts
        run as if they were active. Shape: ``{"stages": {stage id: (customers now,
        customers then)}, "moves": [(from, to, rule, customers)], "customers":
        [(profile, contact, lead, from, to, rule)], "facts": {profile: {fact: value}},
        "problem": text}``. All records are ids, None for no stage. ``customers`` has
        the first customers that would move, ``facts`` the values that the rules used,
        ``problem`` the conditions that can't be evaluated, False if there are none.

        :param as_of: the day to compute for, today by default
        :param limit: the maximum number of customers to return
        :param task: see `_run`
        """
        return preview.preview(company.with_env(self.env), lifecycles, as_of, **kwargs)

    @api.model
    def _compare(self, company, left, right, same, as_of=None, **kwargs):
        """Return where two sets of lifecycles would put each customer now.

        Each set runs instead of the company's active lifecycles, from the present
        stages, without writing anything. Shape: ``{"matrix": {(left stage, right
        stage): customers}, "differing": customers, "customers": [{"profile", "partner",
        "lead", "left": {"stage", "rule", "reason", "facts"}, "right": …}]}``. All
        records are ids. ``customers`` has the first customers with different results.

        :param same: pairs of stages to treat as equal
        :param as_of: the day to compute for, today by default
        :param limit: the maximum number of customers to return
        :param task: see `_run`
        """
        return preview.compare(
            company.with_env(self.env), left, right, same, as_of, **kwargs
        )

    @api.model
    def _replay(
        self,
        company,
        date_from,
        date_to,
        step="month",
        *,
        checkpoint=None,
        progress=None,
        task=None,
    ):
        """Create the history that the rules would have made in the past.

        The rules are evaluated as of ``date_from``, after each ``step``, and finally as
        of ``date_to``, on the facts of these days. Only customers without a history
        take part, and they end in the stage of ``date_to``. The first step places each
        customer with a single move. Nothing is sent.

        Moves are dated by the day on which their condition became true. With daily
        steps, this is the day of the step. With weekly or monthly steps, it is computed
        from date facts if possible, else it is the day of the step; changes that are
        reverted within a step are missed.

        :param company: the `res.company`
        :param date_from: first day (date) to evaluate
        :param date_to: last day (date), today at the latest
        :param step: the interval between the days: day, week or month
        :param checkpoint: see `_run`; the replay itself is one transaction
        :param progress: called as ``progress(done, total)`` after each step; it must
            not commit, and may raise to stop
        :param task: see `_run`
        :return: the `crm.lifecycle.run`
        :raises RunUnderWay: see `_run`
        :raises UserError: if the days are in the wrong order or in the future
        """
        Run = self.env["crm.lifecycle.run"]
        with lock.lock_runs(company.with_env(self.env), checkpoint):
            run = Run._start_replay(company, date_from, date_to)
            return run._execute_replay(
                date_from, date_to, step, checkpoint, progress, task=task
            )

    def _block_runs(self):
        """Prevent runs from starting until this change of the lifecycles is committed.

        A run uses the lifecycles as of its start, until its end.

        :raises RunUnderWay: if a run of one of the companies is under way
        """
        companies = self._get_served_companies()
        if not self or not companies:
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
            # sudo: the start time of a run is not confidential.
            Run = self.env["crm.lifecycle.run"].sudo()
            company = companies.browse(rows[0])
            raise locks.RunUnderWay(
                self.env._(
                    "%(reason)s Until then its lifecycles can't be changed.",
                    reason=Run._get_under_way_text(company),
                )
            )

    @api.model
    def _assign_profiles(self, profiles):
        """Put new profiles into the first stage of the lifecycle that takes them."""
        for company, members in profiles.grouped("company_id").items():
            today = company._lifecycle_today()
            # sudo: the choice of the lifecycle does not depend on the user.
            waiting = members.sudo()
            for lifecycle in waiting.env["crm.lifecycle"]._get_active(company):
                stage = lifecycle.stage_ids.sorted("sequence")[:1]
                taken = waiting.filtered_domain(lifecycle._get_domain(today))
                if not stage or not taken:
                    continue
                taken._lifecycle_move(
                    stage,
                    origin="start",
                    reason=REASON_ENTERS,
                )
                waiting -= taken

    @api.model
    def _get_matching_lifecycles(self, profiles):
        """Return ``{profile id: lifecycle}`` for profiles that an active one takes."""
        matching = {}
        # sudo: the choice of the lifecycle does not depend on the user.
        for company, waiting in profiles.sudo().grouped("company_id").items():
            today = company._lifecycle_today()
            for lifecycle in waiting.env["crm.lifecycle"]._get_active(company):
                taken = waiting.filtered_domain(lifecycle._get_domain(today))
                lifecycle = lifecycle.with_env(self.env)
                matching |= dict.fromkeys(taken.ids, lifecycle)
                waiting -= taken
        return matching

    @api.model
    def _get_companies(self):
        """Return the companies with an active lifecycle."""
        active = self.search([("state", "=", "active")])
        return active._get_served_companies().with_env(self.env)

    @api.model
    def _cron_run(self):
        """Run each company: over all changes once a day, else over the work list.

        The day starts at midnight in the company's time zone. A failed run does not
        block the other companies; the error is stored on the run. It is raised only if
        no run succeeded, since Odoo deactivates a job that fails for a week.
        """
        cron = self.env["ir.cron"]
        companies = self._get_companies_by_last_run()
        cron._commit_progress(remaining=len(companies))
        failed, served = None, False
        for company in companies:
            worked = self._is_run_due(company) or self._has_pending_customers(company)
            if worked:
                try:
                    self._run(
                        company,
                        quick=not self._is_run_due(company),
                        checkpoint=lambda done, remaining: cron._commit_progress(),
                    )
                    served = True
                except RunUnderWay:
                    # The other run does the work. Changes that are reported after its
                    # scan stay on the work list.
                    later = fields.Datetime.now() + PAUSE
                    self.env["crm.lifecycle.pending"]._trigger_run(later)
                    worked = False
                except Exception as error:
                    _logger.exception("Lifecycle run of %s failed", company.name)
                    failed = error
            if not cron._commit_progress(1) and worked:
                break
        if failed and not served:
            raise failed

    @api.model
    def _get_companies_by_last_run(self):
        """Return the companies, starting with the one with the oldest last run.

        A company with runs that use up the time of the job, or fail late, then does not
        block the others.
        """
        runs = self.env["crm.lifecycle.run"]
        last = dict(runs._read_group([], ["company_id"], ["id:max"]))
        return self._get_companies().sorted(lambda company: last.get(company, 0))

    @api.model
    def _is_run_due(self, company):
        """Return whether the company still needs a full scan today.

        A lifecycle that was activated since the last run has customers to take in, and
        an unfinished run has left some.
        """
        last = self.env["crm.lifecycle.run"]._get_last_collected(company)
        if last._is_unfinished():
            return True
        if not last or last.kind == "replay" or last.as_of < company._lifecycle_today():
            return True
        if last._is_followed_by_void():
            return True
        return any(
            lifecycle.activation_date > last.date_start
            for lifecycle in self._get_active(company)
        )

    @api.model
    def _has_pending_customers(self, company):
        """Return whether the work list has customers of the company."""
        return bool(
            self.env["crm.lifecycle.pending"].search_count(
                [("company_id", "=", company.id)], limit=1
            )
        )
