import logging
import random
import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..engine.scope import Scope

_logger = logging.getLogger(__name__)

# So many changed rows are worth telling the planner about.
MANY = 1000
# How often a batch is tried that meets somebody else's change of the same rows.
ATTEMPTS = 5
# A run that has given no sign of life for this long is taken for dead.
DEAD_AFTER = timedelta(minutes=30)
PHASES = ("collect", "refresh", "evaluate", "move")


class CrmLifecycleRun(models.Model):
    """One dated run over the customers of a company: what it saw and did.

    It answers the admin's question "did it run?". Its work goes by phases:
    collect which subjects may have changed, refresh their facts, evaluate the
    rules, move. Work that a dying run leaves is taken up by the next one.
    """

    _name = "crm.lifecycle.run"
    _description = "Lifecycle Run"
    _order = "id desc"
    _rec_name = "date_start"

    company_id = fields.Many2one(
        comodel_name="res.company", required=True, index=True, ondelete="cascade"
    )
    as_of = fields.Date(
        string="As of", required=True, help="The day that the run looked at."
    )
    kind = fields.Selection(
        selection=[
            ("full", "Full rebuild"),
            ("changes", "All changes"),
            ("quick", "Reported changes"),
        ],
        required=True,
        help="Everybody; everybody whose documents changed since the last run; or "
        "only those reported by documents as they changed.",
    )
    state = fields.Selection(
        selection=[
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
        required=True,
        default="running",
    )
    date_start = fields.Datetime(string="Started", default=fields.Datetime.now)
    date_progress = fields.Datetime(string="Last progress", default=fields.Datetime.now)
    date_end = fields.Datetime(string="Finished")
    watermark = fields.Datetime(
        help="Everything written before this moment has been seen."
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

    _company_idx = models.Index("(company_id, id) WHERE watermark IS NOT NULL")

    # ------------------------------------------------------------
    # Start and end
    # ------------------------------------------------------------

    @api.model
    def _start(self, company, as_of=None, *, full=False, quick=False):
        """Return a new run; see `crm.lifecycle._run` for the arguments."""
        as_of = as_of or company._lifecycle_today()
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
        self._bury_dead(company)
        if quick:
            kind = "quick"
        else:
            kind = "full" if full or not last else "changes"
        return self.create({"company_id": company.id, "as_of": as_of, "kind": kind})

    @api.model
    def _get_last_collected(self, company):
        """Return the last run whose list of changes is safe on the work list."""
        return self.search(
            [("company_id", "=", company.id), ("watermark", "!=", False)],
            order="id desc",
            limit=1,
        )

    @api.model
    def _forget_watermark(self, companies):
        """Have the next run of some companies start from nothing."""
        # Configuration of the company, written by whoever may write that.
        self.sudo().search([("company_id", "in", companies.ids)]).write(
            {"watermark": False}
        )

    @api.model
    def _bury_dead(self, company):
        """Mark runs that died without a word, so that an admin sees them."""
        self.search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "running"),
                ("date_progress", "<", fields.Datetime.now() - DEAD_AFTER),
            ]
        ).write(
            {
                "state": "failed",
                "date_end": fields.Datetime.now(),
                "error": self.env._(
                    "The run was interrupted. What it left is done by the next run."
                ),
            }
        )

    def _execute(self, checkpoint=None):
        """Do the work of the run and return it (see `crm.lifecycle._run`).

        With a ``checkpoint``, an error is written on the run, the batches before
        it stay done, and the error is raised again.
        """
        self.ensure_one()
        run = self.with_company(self.company_id).with_context(active_test=False)
        return run._work_through(checkpoint)

    def _work_through(self, checkpoint):
        """Do the phases one after the other; write down how it ended."""
        self._checkpoint(checkpoint)
        try:
            refreshed = self._phase_collect_and_refresh(checkpoint)
            self._phase_move(checkpoint, refreshed)
        except Exception as error:
            if checkpoint is None:
                raise
            self.env.cr.rollback()
            self.env.invalidate_all(flush=False)
            self.write(
                {
                    "state": "failed",
                    "date_end": fields.Datetime.now(),
                    "error": str(error),
                }
            )
            checkpoint(0, 0)
            raise
        self.write({"state": "done", "date_end": fields.Datetime.now()})
        self._checkpoint(checkpoint)
        _logger.info(
            "Lifecycle run %s of company %s as of %s: %s seen, %s moved",
            self.id,
            self.company_id.id,
            self.as_of,
            self.profile_count,
            self.moved_count,
        )
        return self

    def _checkpoint(self, checkpoint, done=0, remaining=0):
        """Keep what is done so far, where the caller lets us."""
        if checkpoint is None:
            return
        self.date_progress = fields.Datetime.now()
        self.env.flush_all()
        checkpoint(done, remaining)

    def _attempt(self, checkpoint, work, *args):
        """Do one batch of work; once more where another transaction got in between.

        Each batch begins right after a checkpoint, so that rolling back undoes
        the batch alone. Without a checkpoint the caller owns the transaction,
        and the error is theirs.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return work(*args)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                if checkpoint is None or attempt == ATTEMPTS:
                    raise
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                time.sleep(random.uniform(0, 0.1 * attempt))

    def _timed(self, phase, started):
        """Add the seconds since ``started`` to a phase."""
        self[f"{phase}_seconds"] += time.monotonic() - started

    # ------------------------------------------------------------
    # Collect and refresh
    # ------------------------------------------------------------

    def _get_scope(self):
        """Return the frozen question of this run to the sources."""
        last = self._get_last_collected(self.company_id) - self
        since = None if self.kind == "full" else last.watermark
        return Scope(
            company_id=self.company_id.id,
            as_of=self.as_of,
            tz=self.company_id.lifecycle_tz or "UTC",
            since=since or None,
            previous_as_of=last.as_of or None,
        )

    def _phase_collect_and_refresh(self, checkpoint):
        """Return the ids of the profiles that were refreshed."""
        started = time.monotonic()
        scope = self._get_scope()
        if self.kind != "quick":
            self.watermark = self._collect(scope)
            self._timed("collect", started)
            self._checkpoint(checkpoint)
        refreshed = []
        while True:
            started = time.monotonic()
            batch = self._attempt(checkpoint, self._refresh_batch, scope)
            if batch is None:
                break
            refreshed += batch
            self._timed("refresh", started)
            self._checkpoint(checkpoint, len(batch))
        self._tell_planner(len(refreshed), "crm_lifecycle_profile")
        return refreshed

    def _tell_planner(self, count, *tables):
        """Have the statistics of tables follow a change of many rows at once.

        Until then they look to the planner as they were, perhaps empty, and it
        chooses nested loops that a hundred thousand rows never come out of.
        """
        if count > MANY:
            names = SQL(", ").join(map(SQL.identifier, tables))
            self.env.cr.execute(SQL("ANALYZE %s", names))

    def _collect(self, scope):
        """Put what may have changed on the work list; return the new watermark.

        The watermark is the start of the oldest transaction still open: what it
        writes carries that moment or a later one, and is not visible yet.
        """
        self.env.flush_all()
        [[watermark]] = self.env.execute_query(
            SQL(
                """
                SELECT LEAST(now(), MIN(xact_start)) AT TIME ZONE 'UTC'
                  FROM pg_stat_activity
                 WHERE datname = current_database()
                """
            )
        )
        questions = [
            SQL("(%s)", source._changed_subjects(scope))
            for source in self._get_sources()
        ]
        if scope.is_full:
            questions.append(
                SQL(
                    "SELECT partner_id, lead_id FROM crm_lifecycle_profile "
                    "WHERE company_id = %s",
                    scope.company_id,
                )
            )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO crm_lifecycle_touch
                            (company_id, partner_res_id, lead_res_id)
                SELECT DISTINCT %s::int,
                       COALESCE(c.commercial_partner_id, s.partner_id),
                       CASE WHEN s.partner_id IS NULL THEN s.lead_id END
                  FROM (%s) AS s (partner_id, lead_id)
             LEFT JOIN res_partner AS c ON c.id = s.partner_id
                """,
                scope.company_id,
                SQL(" UNION ALL ").join(questions),
            )
        )
        self.env.cr.execute(SQL("ANALYZE crm_lifecycle_touch"))
        return watermark

    def _get_sources(self):
        """Return the models that answer facts, ready to be asked."""
        names = self.env["crm.lifecycle"]._lifecycle_sources()
        return [self.env[name] for name in names]
