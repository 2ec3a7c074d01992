import logging
import random
import time

from psycopg2 import errors

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..fields import LooseMany2one
from ..progress import Cancelled

_logger = logging.getLogger(__name__)

# How often a batch is tried that meets somebody else's change of the same rows.
ATTEMPTS = 5
# What another transaction that got in between may cause. Rows of a relation, or of a
# unique index, may be in the way of a batch that did not see them.
TRIED_AGAIN = (
    *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY,
    errors.ForeignKeyViolation,
    errors.UniqueViolation,
)


class CrmLifecycleRun(models.Model):
    """One dated run over the customers of a company: what it saw and did.

    It answers the admin's question "did it run?". Its work goes by phases:
    collect which subjects may have changed, refresh their facts, evaluate the
    rules, move. Work that a dying run leaves is taken up by the next one.
    """

    _name = "crm.lifecycle.run"
    _description = "Lifecycle Run"
    _inherit = ["crm.lifecycle.progress"]
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
        ],
        required=True,
        help="Everybody; everybody whose documents changed since the last run; "
        "only those reported by documents as they changed; or everybody, as if the "
        "lifecycles had run in the past.",
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

    _company_idx = models.Index("(company_id, id)")

    # ------------------------------------------------------------
    # Start and end
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
        self._fail_dead(company)
        if quick:
            kind = "quick"
        else:
            anew = full or not last or last._is_followed_by_void()
            kind = "full" if anew else "changes"
        return self.create({"company_id": company.id, "as_of": as_of, "kind": kind})

    @api.model
    def _check_day(self, company, as_of):
        """Raise where a run that writes would look at a day to come.

        What it writes would hold up every run until that day. The clock of the
        database counts: servers may have wrong ones.
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
        """Return the last run whose list of changes is safe on the work list."""
        domain = Domain([("company_id", "=", company.id), ("watermark", "!=", False)])
        if before:
            domain &= Domain("id", "<", before.id)
        return self.search(domain, order="id desc", limit=1)

    @api.model
    def _forget_watermark(self, companies):
        """Have the next run of some companies start from nothing."""
        # Configuration of the company, written by whoever may write that.
        self.sudo().search([("company_id", "in", companies.ids)]).write(
            {"watermark": False}
        )

    def _execute(self, checkpoint=None):
        """Do the work of the run and return it (see `crm.lifecycle._run`).

        With a ``checkpoint``, an error is written on the run, the batches before
        it stay done, and the error is raised again.
        """
        self.ensure_one()
        run = self.with_company(self.company_id).with_context(active_test=False)
        return run._keep_account(checkpoint, run._work_through)

    def _work_through(self, checkpoint):
        """Do the phases one after the other. Return whether the run has ended."""
        if self.kind != "quick" and not self.parent_id:
            self._attempt(checkpoint, self._analyze_unknown)
            self._phase_collect(checkpoint, self._get_scope())
            if checkpoint is not None and self._hand_out(checkpoint):
                return False
        self._work_through_list(checkpoint)
        return True

    def _work_through_list(self, checkpoint):
        """Do what is on the work list, and have the rules move who is due."""
        self._phase_refresh(checkpoint, self._get_scope())
        self._phase_move(checkpoint)

    def _keep_account(self, checkpoint, work):
        """Do some work of the run, and write down how it ended.

        ``work`` is called with the checkpoint; it returns whether the run has ended.
        """
        try:
            self._checkpoint(checkpoint)
            if work(checkpoint):
                # All of a replay is in the present transaction: not to be taken back.
                may_repeat = None if self.kind == "replay" else checkpoint
                self._attempt(may_repeat, self._note_end)
        except Exception as error:
            if checkpoint is None:
                raise
            self.env.cr.rollback()
            self.env.invalidate_all(flush=False)
            self._attempt(checkpoint, self._note_failure, error)
            checkpoint(0, 0)
            raise
        progress = self._get_progress()
        if self.state == "done" and checkpoint is not None and progress:
            # What follows keeps the end. Within the caller's transaction there may be
            # more to come, and all of it may still be stopped.
            progress.end()
        self._checkpoint(checkpoint)
        _logger.info(
            "Lifecycle run %s of company %s as of %s: %s, %s seen, %s moved",
            self.id,
            self.company_id.id,
            self.as_of,
            self.state,
            self.profile_count,
            self.moved_count,
        )
        return self

    def _note_end(self):
        self.write({"state": "done", "date_end": fields.Datetime.now()})

    def _note_failure(self, error):
        """Write down an error on the run, and on the shards that it leaves."""
        cancelled = isinstance(error, Cancelled)
        shards = self.child_ids.filtered(lambda shard: shard.state == "running")
        (self | shards).write(
            {
                "state": "cancelled" if cancelled else "failed",
                "date_end": fields.Datetime.now(),
                "error": False if cancelled else str(error),
            }
        )

    def _checkpoint(self, checkpoint, done=0, remaining=0):
        """Keep what is done so far, where the caller lets us."""
        if checkpoint is None:
            progress = self._get_progress()
            if progress:
                progress.tell(0 if self._counts_days() else done)
            return
        may_repeat = None if self.kind == "replay" else checkpoint
        self._attempt(may_repeat, self._note_progress, done)
        checkpoint(done, remaining)

    def _note_progress(self, done):
        self.date_progress = fields.Datetime.now()
        self.done_count += done
        self.env.flush_all()

    def _attempt(self, checkpoint, work, *args):
        """Do one batch of work; once more where another transaction got in between.

        Each batch begins right after a checkpoint, so that rolling back undoes
        the batch alone. Without a checkpoint the caller owns the transaction,
        and the error is theirs.

        After the batch, the row of the run is locked, so that what follows up to the
        next checkpoint, its counts and times, meets no other transaction.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                result = work(*args)
                if checkpoint is not None:
                    self._lock_row()
                return result
            except TRIED_AGAIN as error:
                if checkpoint is None or attempt == ATTEMPTS:
                    raise
                _logger.info("Lifecycle run %s: tried again after %s", self.ids, error)
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                time.sleep(random.uniform(0, 0.1 * attempt))

    def _lock_row(self):
        """Lock the row of the run, with all that is to be written on it."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "SELECT FROM crm_lifecycle_run WHERE id = ANY(%s) FOR NO KEY UPDATE",
                self.ids,
            )
        )

    def _timed(self, phase, started):
        """Add the seconds since ``started`` to a phase."""
        self[f"{phase}_seconds"] += time.monotonic() - started
