import logging

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import SQL, format_datetime

from odoo.addons.base_background_task.progress import Cancelled

from .. import locks
from ..fields import LooseMany2one
from ..run import lock, phases, replay, shards
from ..run.session import Session

_logger = logging.getLogger(__name__)

# Consecutive runs with problems before administrators get a mail, once a day.
ALERT_AFTER_RUNS = 3


class CrmLifecycleRun(models.Model):
    """Dated run over the customers of a company: what it processed and changed.

    It answers the administrator's question “did it run?”. The work itself is in
    `run.phases`. The next run takes up the work of a run that died.

    A shard is a run of its own below the whole one. It refreshes and moves an equal
    part of the customers. When the shards have ended, the whole run processes what is
    left because a shard failed, or because another transaction held a row.
    """

    _name = "crm.lifecycle.run"
    _description = "Lifecycle Run"
    _inherit = ["background.task.progress.mixin"]
    _order = "id desc"
    _rec_name = "date_start"

    company_id = LooseMany2one(comodel_name="res.company", required=True)
    as_of = fields.Date(
        string="As of", required=True, help="The day that the run looked at."
    )
    kind = fields.Selection(
        selection=[
            ("full", "Full rebuild"),
            ("changes", "All changes"),
            ("quick", "Reported changes"),
            ("replay", "Replay of the past"),
            ("rebuild", "Rebuild of the history"),
            ("check", "Weekly check"),
        ],
        required=True,
        help="Everybody; everybody whose documents changed since the last run; "
        "only those reported by documents as they changed; everybody, as if the "
        "lifecycles had run in the past, at their activation or in place of the "
        "history that was there; or a sample, to compare the stored facts with the "
        "documents.",
    )
    state = fields.Selection(
        selection=[
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
            ("void", "Voided"),
        ],
        required=True,
        default="running",
    )
    step = fields.Selection(
        selection=[
            ("collect", "Collecting changes"),
            ("refresh", "Refreshing facts"),
            ("evaluate", "Evaluating rules"),
            ("move", "Moving customers"),
            ("review", "Noting the next reviews"),
            ("replay", "Replaying the past"),
            ("publish", "Writing the history"),
        ],
        readonly=True,
    )
    date_start = fields.Datetime(string="Started", default=fields.Datetime.now)
    date_progress = fields.Datetime(string="Last progress", default=fields.Datetime.now)
    date_end = fields.Datetime(string="Finished")
    watermark = fields.Datetime(
        help="Everything written before this moment has been seen."
    )
    signature = fields.Char(
        readonly=True,
        help="Fingerprint of the lifecycles that the run worked by. After a change, "
        "the rules are asked of every customer again.",
    )
    profile_count = fields.Integer(string="Seen", aggregator="sum")
    created_count = fields.Integer(string="New", aggregator="sum")
    refreshed_count = fields.Integer(string="Facts changed", aggregator="sum")
    moved_count = fields.Integer(string="Moved", aggregator="sum")
    left_count = fields.Integer(
        string="Not moved",
        aggregator="sum",
        help="Customers that a rule would move but the lifecycle does not let go: "
        "a stage would be skipped, or a decision is missing.",
    )
    collect_seconds = fields.Float(digits=(16, 3), aggregator="sum")
    refresh_seconds = fields.Float(digits=(16, 3), aggregator="sum")
    evaluate_seconds = fields.Float(digits=(16, 3), aggregator="sum")
    move_seconds = fields.Float(digits=(16, 3), aggregator="sum")
    error = fields.Text()
    alarmed_at = fields.Datetime(
        string="Administrators told on",
        readonly=True,
        help="When administrators were told by mail that runs have problems.",
    )
    parent_id = fields.Many2one(
        comodel_name="crm.lifecycle.run",
        string="Part of",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    child_ids = fields.One2many(
        comodel_name="crm.lifecycle.run",
        inverse_name="parent_id",
        string="Shards",
        readonly=True,
    )
    shard = fields.Integer(readonly=True, aggregator=None)
    shard_count = fields.Integer(string="Of", readonly=True, aggregator=None)

    _company_idx = models.Index("(company_id, id)")

    # ------------------------------------------------------------
    # Progress
    # ------------------------------------------------------------

    @api.depends("child_ids.state")
    def _compute_progress(self):
        return super()._compute_progress()

    def _is_working(self):
        self.ensure_one()
        return self.state == "running"

    def _get_working_shards(self):
        """Return the shards of the run while any of them is running, else none."""
        shards = self.child_ids
        return shards if "running" in shards.mapped("state") else shards.browse()

    def _get_counts(self):
        shards = self._get_working_shards()
        if shards:
            ended = shards.filtered(lambda shard: shard.state != "running")
            return len(ended), len(shards)
        return super()._get_counts()

    def _get_step_name(self):
        if self._get_working_shards():
            return self.env._("Shards")
        return dict(self._fields["step"]._description_selection(self.env)).get(
            self.step
        )

    def _get_outcome(self):
        """Return the result of the run in a sentence."""
        self.ensure_one()
        if self.state == "running":
            return self.env._(
                "The run goes on in %(count)s shards.", count=len(self.child_ids)
            )
        return self.env._(
            "%(seen)s customers seen, %(moved)s moves.",
            seen=self._format_count(self.profile_count),
            moved=self._format_count(self.moved_count),
        )

    def _get_form_action(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [[False, "form"]],
        }

    # ------------------------------------------------------------
    # Start
    # ------------------------------------------------------------

    @api.model
    def _start(self, company, as_of=None, *, full=False, quick=False):
        """Return a new run; see `crm.lifecycle._run` for the arguments."""
        as_of = as_of or company._lifecycle_today()
        self._check_day(company, as_of)
        last = self._get_last_collected(company)
        if last and as_of < last.as_of:
            raise UserError(
                self.env._(
                    "The customers of %(company)s were brought up to %(last)s already. "
                    "Choose that day or a later one.",
                    company=company.name,
                    last=last.as_of,
                )
            )
        self._fail_stale_runs(company)
        if quick:
            kind = "quick"
        else:
            rebuild = full or not last or last._is_followed_by_void()
            kind = "full" if rebuild else "changes"
        return self.create({"company_id": company.id, "as_of": as_of, "kind": kind})

    @api.model
    def _start_replay(self, company, date_from, date_to):
        """Return a new run for `crm.lifecycle._replay`."""
        today = min(company._lifecycle_today(), company._get_database_today())
        if not date_from <= date_to <= today:
            raise UserError(
                self.env._(
                    "The past from %(begin)s to %(end)s can't be replayed. Choose a "
                    "first day, and a last one that is not before it nor to come.",
                    begin=date_from,
                    end=date_to,
                )
            )
        return self.create(
            {"company_id": company.id, "as_of": date_to, "kind": "replay"}
        )

    @api.model
    def _check_day(self, company, as_of):
        """Raise if a run that writes is dated in the future.

        It would block all other runs until that day. The clock of the database is used,
        since the clocks of servers may be wrong.
        """
        today = company._get_database_today()
        if as_of > today:
            raise UserError(
                self.env._(
                    "The customers of %(company)s can't be brought up to %(day)s: by "
                    "the clock of the database it is %(today)s. Choose that day, or "
                    "preview a later one. If the day is the server's own, check its "
                    "clock.",
                    company=company.name,
                    day=as_of,
                    today=today,
                )
            )

    @api.model
    def _get_last_collected(self, company, before=None):
        """Return the last run that saved all changes before it on the work list."""
        domain = Domain([("company_id", "=", company.id), ("watermark", "!=", False)])
        if before:
            domain &= Domain("id", "<", before.id)
        return self.search(domain, order="id desc", limit=1)

    @api.model
    def _reset_watermark(self, companies):
        """Make the next run of some companies a full rebuild."""
        # sudo: a change of company settings, by users who may change them.
        self.sudo().search([("company_id", "in", companies.ids)]).write(
            {"watermark": False}
        )

    # ------------------------------------------------------------
    # Work
    # ------------------------------------------------------------

    def _execute(self, checkpoint=None, *, task=None):
        """Do the work of the run and return it (see `crm.lifecycle._run`).

        With a ``checkpoint``, an error is stored on the run, the batches before it are
        kept, and the error is raised again.
        """
        session = Session(self, checkpoint, task=task)
        run = self._execute_and_notify(session, lambda: phases.do_run(session))
        if run.state == "done":
            run._after_run()
        return run

    def _execute_replay(
        self, date_from, date_to, step, checkpoint=None, progress=None, *, task=None
    ):
        """Do a replay and return the run (see `crm.lifecycle._replay`)."""
        session = Session(self, checkpoint, task=task)
        days = replay.get_days(date_from, date_to, step)
        return self._execute_and_notify(
            session,
            lambda: replay.replay_days(session.run, days, progress=progress, task=task),
        )

    def _finish(self, checkpoint=None):
        """Process what the shards left, sum up their counts, and end the run."""
        session = Session(self, checkpoint)
        return self._execute_and_notify(session, lambda: phases.finish_run(session))

    def _execute_and_notify(self, session, do_work):
        """Do some work of the run, and follow up on its end.

        :param do_work: returns whether the run has ended
        """
        run = session.run
        try:
            run._execute_and_store(session, do_work)
            run._trigger_follow_ups(session.checkpoint)
        except Exception:
            run._notify_admins(session.checkpoint)
            raise
        run._notify_admins(session.checkpoint)
        return run

    def _execute_and_store(self, session, do_work):
        """Do some work of the run, and store its end or its failure."""
        checkpoint = session.checkpoint
        try:
            session.save_progress()
            if do_work():
                session.attempt(self._note_end)
        except Exception as error:
            if checkpoint is None:
                raise
            self.env.cr.rollback()
            self.env.invalidate_all(flush=False)
            session.retry(self._note_failure, error)
            checkpoint(0, 0)
            raise
        if self.state == "done" and checkpoint is not None and session.task:
            # What follows keeps the end. Within the caller's transaction there may be
            # more to come, and all of it may still be stopped.
            session.task.close()
        session.save_progress()
        _logger.info(
            "Lifecycle run %s of company %s as of %s: %s, %s seen, %s moved",
            self.id,
            self.company_id.id,
            self.as_of,
            self.state,
            self.profile_count,
            self.moved_count,
        )

    def _note_end(self):
        self.write({"state": "done", "date_end": fields.Datetime.now()})

    def _note_failure(self, error):
        """Store an error on the run and on its running shards."""
        cancelled = isinstance(error, Cancelled)
        shards = self.child_ids.filtered(lambda shard: shard.state == "running")
        (self | shards).write(
            {
                "state": "cancelled" if cancelled else "failed",
                "date_end": fields.Datetime.now(),
                "error": False if cancelled else str(error),
            }
        )

    # ------------------------------------------------------------
    # Hooks
    # ------------------------------------------------------------

    def _after_run(self):
        """Extension point: called when a run or a shard has successfully done its work.

        It is not called if other processes do the work, nor when they have finished it.
        """

    def _dispatch(self, checkpoint):
        """Extension point: dispatch a run to other processes. Return whether it was.

        Called once the work list is complete. An addon that returns True splits the run
        (`_create_shards`), executes the shards, and finally calls `_finish`.
        """
        return False

    def _get_connection_count(self, session):
        """Extension point: return the number of connections that the run works on."""
        return shards.get_connection_count(session)

    @api.model
    def _has_remote_workers(self, company):
        """Extension point: return whether processes without the lock work on a run."""
        held = locks.get_held_keys(self.env.cr, locks.SHARD, by_others=True)
        return company.id in held

    # ------------------------------------------------------------
    # Shards
    # ------------------------------------------------------------

    def _get_pending_count(self):
        """Return the number of customers on the work list of the company."""
        self.env.flush_all()
        [[count]] = self.env.execute_query(
            SQL(
                "SELECT COUNT(*) FROM crm_lifecycle_pending WHERE company_id = %s",
                self.company_id.id,
            )
        )
        return count

    def _create_shards(self, count):
        """Return the shards of the run, ``count`` new runs below it."""
        self.ensure_one()
        return self.create(
            [
                {
                    "company_id": self.company_id.id,
                    "as_of": self.as_of,
                    "kind": self.kind,
                    "parent_id": self.id,
                    "shard": index,
                    "shard_count": count,
                }
                for index in range(count)
            ]
        )

    # ------------------------------------------------------------
    # Running and interrupted runs
    # ------------------------------------------------------------

    @api.model
    def _is_under_way(self, company):
        """Return whether another process works on a run of the company."""
        held = locks.get_held_keys(self.env.cr, locks.RUN, by_others=True)
        return company.id in held or self._has_remote_workers(company)

    @api.model
    def _get_under_way_text(self, company):
        """Return the message that another run of a company is under way."""
        # sudo: users who start a run may know whether one is under way.
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

    def _is_unfinished(self):
        """Return whether the run has ended without finishing its work."""
        if self.state != "running":
            return self.state == "failed"
        return lock.wait_for_end(lambda: self._is_under_way(self.company_id))

    @api.model
    def _fail_stale_runs(self, company):
        """Mark runs of dead processes as failed, to show them to administrators."""
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

    # ------------------------------------------------------------
    # Notification
    # ------------------------------------------------------------

    def _notify_admins(self, checkpoint):
        """Mail administrators if several runs in a row had problems.

        If sending fails, the error is logged, and the next run retries.
        """
        if checkpoint is None or self.parent_id or not self.error:
            return
        mine = Domain("company_id", "=", self.company_id.id)
        mine &= Domain("parent_id", "=", False)
        ended = mine & Domain(
            [
                ("state", "!=", "running"),
                ("kind", "not in", ("replay", "rebuild", "check")),
            ]
        )
        last = self.search(ended, order="id desc", limit=ALERT_AFTER_RUNS)
        lately = Domain("alarmed_at", ">=", "now -1d")
        if len(last.filtered("error")) < ALERT_AFTER_RUNS or self.search_count(
            mine & lately
        ):
            return
        try:
            with self.env.cr.savepoint():
                self._mail_administrators(type(self)._describe_problem)
                self.alarmed_at = fields.Datetime.now()
        except Exception:
            _logger.exception("No mail could be sent about lifecycle run %s", self.id)
        checkpoint(0, 0)

    def _describe_problem(self):
        """Return the subject, the text and the details of a mail about problems."""
        company = self.company_id.name
        return (
            self.env._("Lifecycle runs of %(company)s need a look", company=company),
            self.env._(
                "The last %(count)s lifecycle runs of %(company)s had problems. "
                "Customers that they are not about were served.",
                count=ALERT_AFTER_RUNS,
                company=company,
            ),
            self.error,
        )

    def _mail_administrators(self, describe):
        """Mail a text to each administrator, with a link to the run.

        :param describe: returns the subject, the text and the details of a run, in the
            language of its context
        """
        link = f"{self.get_base_url()}/odoo/crm.lifecycle.run/{self.id}"
        group = self.env.ref("base.group_system")
        for user in group.sudo().all_user_ids:  # sudo: every administrator
            if not user.active or user._is_superuser() or not user.email:
                continue
            run = self.with_context(lang=user.lang)
            subject, text, details = describe(run)
            body = Markup("<p>%s</p><pre>%s</pre><p><a href='%s'>%s</a></p>") % (
                text,
                details,
                link,
                run.env._("Open the run"),
            )
            # sudo: the scheduled job may write to any user.
            run.env["mail.mail"].sudo().create(
                {
                    "subject": subject,
                    "body_html": body,
                    "recipient_ids": [Command.link(user.partner_id.id)],
                    "auto_delete": True,
                }
            )
