"""Running the lifecycles of a company: the calls, and the scheduled job."""

import functools
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .. import locks
from ..locks import RunUnderWay
from ..moves import ENTERS
from ..run import lock, preview
from ..run.session import retry_batch

_logger = logging.getLogger(__name__)

# When the scheduled job comes back to a company whose run is under way.
PAUSE = timedelta(minutes=1)


class CrmLifecycle(models.Model):
    _inherit = "crm.lifecycle"

    @api.model
    def _lifecycle_sources(self):
        """Extension point: return the names of the models that answer facts.

        Each inherits `crm.lifecycle.source`; a bridge appends its own.
        """
        return [
            "crm.lifecycle.source.lead",
            "crm.lifecycle.source.contact",
            "crm.lifecycle.source.partner",
        ]

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
        """Bring facts and stages of a company up to date. Return the dated run.

        :param as_of: the day (date, company's time zone) to look at; today by
            default; not before the last run
        :param full: rebuild all facts instead of those that may have changed
        :param quick: look at the customers on the work list alone
        :param checkpoint: called as ``checkpoint(done, remaining)`` after each
            batch of work that may be committed; a run that is given none stays
            in the caller's transaction
        :param task: the `Progress` of the background task that waits for the run
        :raises RunUnderWay: where another run of the company is under way; each
            process that runs the company holds a lock, which goes with it
        :raises UserError: where ``as_of`` is before the last run, or to come by the
            clock of the database
        """
        Run = self.env["crm.lifecycle.run"]
        start = functools.partial(Run._start, company, as_of, full=full, quick=quick)
        with lock.hold_run(company.with_env(self.env), checkpoint):
            run = retry_batch(self.env, start) if checkpoint is not None else start()
            return run._execute(checkpoint, task=task)

    @api.model
    def _preview(self, company, lifecycles, as_of=None, **kwargs):
        """Return what a run by some lifecycles would do now, with nothing written.

        ``lifecycles`` run in their order in place of the company's active ones,
        drafts as if they were active. Shape: ``{"stages": {stage id: (customers
        now, customers then)}, "moves": [(from, to, rule, customers)],
        "customers": [(profile, contact, lead, from, to, rule)], "facts": {profile:
        {fact: value}}, "problem": text}``, ids all; None for no stage. ``customers``
        are the first that would move, ``facts`` what the rules looked at, ``problem``
        which conditions can't be asked, False for none.

        :param as_of: the day to look at, today by default
        :param limit: the number of customers that are named
        :param task: see `_run`
        """
        return preview.preview(company.with_env(self.env), lifecycles, as_of, **kwargs)

    @api.model
    def _compare(self, company, left, right, same, as_of=None, **kwargs):
        """Return where two sets of lifecycles would put each customer now.

        Each runs in place of the company's active ones, from where customers stand,
        with nothing written. Shape: ``{"matrix": {(left stage, right stage):
        customers}, "differing": customers, "customers": [{"profile", "partner",
        "lead", "left": {"stage", "rule", "reason", "facts"}, "right": …}]}``, ids
        all; ``customers`` are the first of those who differ.

        :param same: pairs of stages that count as the same place
        :param as_of: the day to look at, today by default
        :param limit: the number of customers that are named
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
        """Give customers the history that they would have, had the rules run then.

        The rules are asked as of ``date_from``, each ``step`` later, and at last
        as of ``date_to``, of the facts as they were on these days. Only customers
        without a history take part, and they end in the stage of ``date_to``. The
        first step places each of them by a single move. Nothing is sent.

        Moves carry the day on which their condition became true: asked each day,
        by the day itself; by the week or month, what came and went within a step
        is not seen, and the day is told from date facts, else it is the step's.

        :param company: the `res.company`
        :param date_from: first day (date) asked about
        :param date_to: last day (date), today at the latest
        :param step: the distance of the days between: day, week or month
        :param checkpoint: see `_run`; the replay itself is one transaction
        :param progress: called as ``progress(done, total)`` after each step; it
            must not commit, and may raise to stop
        :param task: see `_run`
        :return: the `crm.lifecycle.run`
        :raises RunUnderWay: see `_run`
        :raises UserError: where the days are in the wrong order, or to come
        """
        Run = self.env["crm.lifecycle.run"]
        with lock.hold_run(company.with_env(self.env), checkpoint):
            run = Run._start_replay(company, date_from, date_to)
            return run._execute_replay(
                date_from, date_to, step, checkpoint, progress, task=task
            )

    def _hold_runs(self):
        """Keep runs from beginning before this change of the lifecycles is committed.

        A run works by the lifecycles as they were when it began, to its end.

        :raises RunUnderWay: where a run of one of the companies is under way
        """
        companies = self.company_id
        if not all(lifecycle.company_id for lifecycle in self):
            # A change of the lifecycle of all companies need not see them all.
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
            # When a run began is no secret.
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
        """Put new profiles into the lifecycle that takes them, at its first stage."""
        for company, members in profiles.grouped("company_id").items():
            today = company._lifecycle_today()
            # Which lifecycle takes a customer does not depend on who adds them.
            waiting = members.sudo()
            for lifecycle in waiting.env["crm.lifecycle"]._get_active(company):
                stage = lifecycle.stage_ids.sorted("sequence")[:1]
                taken = waiting.filtered_domain(lifecycle._get_domain(today))
                if not stage or not taken:
                    continue
                taken._lifecycle_move(
                    stage,
                    origin="manual",
                    reason=ENTERS,
                )
                waiting -= taken

    @api.model
    def _get_taking(self, profiles):
        """Return ``{profile id: lifecycle}`` of those whom an active one takes."""
        taking = {}
        # Which lifecycle takes a customer does not depend on who adds them.
        for company, waiting in profiles.sudo().grouped("company_id").items():
            today = company._lifecycle_today()
            for lifecycle in waiting.env["crm.lifecycle"]._get_active(company):
                taken = waiting.filtered_domain(lifecycle._get_domain(today))
                lifecycle = lifecycle.with_env(self.env)
                taking |= dict.fromkeys(taken.ids, lifecycle)
                waiting -= taken
        return taking

    @api.model
    def _get_companies(self):
        """Return the companies in which a lifecycle is active."""
        active = self.search([("state", "=", "active")])
        if all(lifecycle.company_id for lifecycle in active):
            return active.company_id
        return self.env["res.company"].search([("active", "=", True)])

    @api.model
    def _cron_run(self):
        """Run each company: over all changes once a day, else over the work list.

        The day begins at the company's own midnight. A company whose run fails
        does not hold up the others; the error is on its run, and raised last where
        no company was served: Odoo switches off a job that fails for a week.
        """
        cron = self.env["ir.cron"]
        companies = self._get_companies_in_turn()
        cron._commit_progress(remaining=len(companies))
        failed, served = None, False
        for company in companies:
            worked = self._is_run_due(company) or self._is_work_waiting(company)
            if worked:
                try:
                    self._run(
                        company,
                        quick=not self._is_run_due(company),
                        checkpoint=lambda done, remaining: cron._commit_progress(),
                    )
                    served = True
                except RunUnderWay:
                    # The other run does the work. What is reported after it has looked
                    # is still on the work list then.
                    later = fields.Datetime.now() + PAUSE
                    self.env["crm.lifecycle.touch"]._trigger_run(later)
                    worked = False
                except Exception as error:
                    _logger.exception("Lifecycle run of %s failed", company.name)
                    failed = error
            if not cron._commit_progress(1) and worked:
                break
        if failed and not served:
            raise failed

    @api.model
    def _get_companies_in_turn(self):
        """Return companies, the one whose last run is longest ago first.

        So one whose runs take all the time of the job, or fail late, holds up nobody.
        """
        runs = self.env["crm.lifecycle.run"]
        last = dict(runs._read_group([], ["company_id"], ["id:max"]))
        return self._get_companies().sorted(lambda company: last.get(company, 0))

    @api.model
    def _is_run_due(self, company):
        """Whether the company has not been looked at today, or not as a whole.

        A lifecycle activated since then has customers to take in, and a run that
        came to no end has left some.
        """
        last = self.env["crm.lifecycle.run"]._get_last_collected(company)
        if last._has_died():
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
    def _is_work_waiting(self, company):
        """Whether documents have reported changes in the company."""
        return bool(
            self.env["crm.lifecycle.touch"].search_count(
                [("company_id", "=", company.id)], limit=1
            )
        )
