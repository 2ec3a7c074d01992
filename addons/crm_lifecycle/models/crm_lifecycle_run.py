import logging
import random
import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..engine.scope import ALL, Scope, topics_of
from ..fields import LooseMany2one
from ..progress import Cancelled

_logger = logging.getLogger(__name__)

# So many changed rows are worth telling the planner about, where they are so great a
# part of their table.
MANY = 1000
PART = 0.1
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

    @api.model
    def _bury_dead(self, company):
        """Mark runs that died without a word, so that an admin sees them."""
        alive = fields.Datetime.now() - DEAD_AFTER
        self.search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "running"),
                ("date_progress", "<", alive),
                ("child_ids", "not any", [("date_progress", ">=", alive)]),
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
        return run._keep_account(checkpoint, run._work_through)

    def _work_through(self, checkpoint):
        """Do the phases one after the other."""
        if self.kind != "quick" and not self.parent_id:
            self._analyze_unknown()
            self._phase_collect(checkpoint, self._get_scope())
            if checkpoint is not None and self._hand_out(checkpoint):
                return
        self._work_through_list(checkpoint)
        self.state = "done"

    def _work_through_list(self, checkpoint):
        """Do what is on the work list, and have the rules move who is due."""
        self._phase_refresh(checkpoint, self._get_scope())
        self._phase_move(checkpoint)

    def _keep_account(self, checkpoint, work):
        """Do some work of the run, and write down how it ended."""
        try:
            self._checkpoint(checkpoint)
            work(checkpoint)
        except Exception as error:
            if checkpoint is None:
                raise
            self.env.cr.rollback()
            self.env.invalidate_all(flush=False)
            cancelled = isinstance(error, Cancelled)
            shards = self.child_ids.filtered(lambda shard: shard.state == "running")
            (self | shards).write(
                {
                    "state": "cancelled" if cancelled else "failed",
                    "date_end": fields.Datetime.now(),
                    "error": False if cancelled else str(error),
                }
            )
            checkpoint(0, 0)
            raise
        if self.state == "done":
            self.date_end = fields.Datetime.now()
            if checkpoint is not None and (progress := self._get_progress()):
                # What follows keeps the end. Within the caller's transaction there
                # may be more to come, and all of it may still be stopped.
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

    def _checkpoint(self, checkpoint, done=0, remaining=0):
        """Keep what is done so far, where the caller lets us."""
        if checkpoint is None:
            progress = self._get_progress()
            if progress:
                progress.tell(0 if self._counts_days() else done)
            return
        self.date_progress = fields.Datetime.now()
        self.done_count += done
        self.env.flush_all()
        checkpoint(done, remaining)

    # ------------------------------------------------------------
    # Progress
    # ------------------------------------------------------------

    def _is_working(self):
        self.ensure_one()
        return self.state == "running"

    def _get_step_name(self):
        self.ensure_one()
        return dict(self._fields["step"]._description_selection(self.env)).get(
            self.step
        )

    def _get_progress(self):
        """Return the `Progress` of the task that asked for the run, if one did."""
        return self.env.context.get("lifecycle_progress")

    def _is_trial(self):
        """Whether nothing stays of what the run does (see `_on_copies`)."""
        return self.env.context.get("lifecycle_is_trial", False)

    def _counts_days(self):
        """Whether the progress told is that of the days of a replay."""
        return self.env.context.get("lifecycle_counts_days")

    def _is_watched(self, checkpoint):
        """Whether anybody would see how far the run is."""
        return checkpoint is not None or self._get_progress() is not None

    def _begin_step(self, checkpoint, step, total=0):
        """Tell which step begins, and how many customers it is about."""
        if self._counts_days() or not self._is_watched(checkpoint):
            return
        expected = self._get_expected_seconds(step, total)
        self.write(
            {
                "step": step,
                "step_date": fields.Datetime.now(),
                "expected_seconds": expected,
                "done_count": 0,
                "total_count": total,
            }
        )
        progress = self._get_progress()
        if progress:
            progress.begin(self._get_step_name(), total, expected)
        # A step may be one statement: others see now that it has begun.
        self._checkpoint(checkpoint)

    def _get_expected_seconds(self, step, total):
        """Return how long a step took the last time, 0 where that is not known.

        Where it is known how many customers it is about: for as many.
        """
        if step not in PHASES:
            return 0.0
        last = self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "=", "done"),
                ("kind", "=", self.kind),
                ("profile_count", ">", MANY),
                ("id", "<", self.id),
            ],
            order="id desc",
            limit=1,
        )
        if not last:
            return 0.0
        share = total / last.profile_count if total else 1
        return last[f"{step}_seconds"] * share

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
        last = self._get_last_collected(self.company_id, before=self.parent_id or self)
        since = None if self.kind == "full" else last.watermark
        return Scope(
            company_id=self.company_id.id,
            as_of=self.as_of,
            tz=self.company_id.lifecycle_tz or "UTC",
            since=since or None,
            previous_as_of=last.as_of or None,
            topics=topics_of(
                {source._name: source._facts for source in self._get_sources()}
            ),
        )

    def _phase_collect(self, checkpoint, scope):
        """Put on the work list whose facts may have changed."""
        started = time.monotonic()
        self.watermark = self._attempt(checkpoint, self._collect, scope)
        self._timed("collect", started)
        self._checkpoint(checkpoint)

    def _phase_refresh(self, checkpoint, scope):
        """Bring the facts of those on the work list up to date."""
        while True:
            started = time.monotonic()
            count = self._attempt(checkpoint, self._refresh_batch, scope)
            if count is None:
                return
            self._timed("refresh", started)
            self._checkpoint(checkpoint, count)

    def _tell_planner(self, count, *tables):
        """Have the statistics of tables follow where a good part of them is new.

        Until then they look to the planner as they were, perhaps empty, and it
        chooses nested loops that a hundred thousand rows never come out of.
        """
        if count > MANY:
            self._analyze(tables, SQL("reltuples < %s", count / PART))

    def _analyze_unknown(self):
        """Have tables analysed that look all but empty to the planner, and are not.

        Where the rows of a table were deleted once, or rolled back, it expects next to
        none until the server gets round to analysing it: a run right after an import
        would walk through all documents for each of them. Less than a row on a page
        is what tells; tables that autovacuum keeps in view have many.
        """
        tables = {table for source in self._get_sources() for table in source._reads}
        pages = SQL("pg_relation_size(oid) / current_setting('block_size')::int")
        self._analyze(tables, SQL("reltuples < %s", pages))

    def _analyze(self, tables, condition):
        """Have those of some tables analysed whose row of ``pg_class`` fulfils it."""
        rows = self.env.execute_query(
            SQL(
                "SELECT relname FROM pg_class WHERE relname = ANY(%s) "
                "AND pg_table_is_visible(oid) AND %s",
                sorted(tables),
                condition,
            )
        )
        for [name] in rows:
            self.env.cr.execute(SQL("ANALYZE (SKIP_LOCKED) %s", SQL.identifier(name)))

    def _collect(self, scope):
        """Put what may have changed on the work list; return the new watermark."""
        self.env.flush_all()
        if scope.is_full:
            self._claim_memory()
        watermark = self._get_watermark()
        self._list_changed(scope, self._get_questions(scope))
        self.env.cr.execute(SQL("ANALYZE crm_lifecycle_touch"))
        self._let_days_pass(scope)
        return watermark

    @api.model
    def _get_watermark(self):
        """Return the start of the oldest transaction still open.

        What it writes carries that moment or a later one, and is not visible yet.
        """
        [[watermark]] = self.env.execute_query(
            SQL(
                """
                SELECT LEAST(now(), MIN(xact_start)) AT TIME ZONE 'UTC'
                  FROM pg_stat_activity
                 WHERE datname = current_database()
                """
            )
        )
        return watermark

    def _get_questions(self, scope):
        """Return SQL of ``(partner_id, lead_id, topics)`` of whom each source names."""
        questions = [
            SQL(
                "SELECT partner_id, lead_id, %s FROM (%s) AS c (partner_id, lead_id)",
                scope.topics[source._name],
                source._changed_subjects(scope),
            )
            for source in self._get_sources()
        ]
        if scope.is_full:
            questions.append(
                SQL(
                    "SELECT partner_id, lead_id, %s FROM crm_lifecycle_profile "
                    "WHERE company_id = %s",
                    ALL,
                    scope.company_id,
                )
            )
        return questions

    def _list_changed(self, scope, questions):
        """Put the answers to some questions on the work list.

        What documents have reported is put there by its customer, along with it:
        each customer is on the list once, and in one shard.
        """
        self.env.cr.execute(
            SQL(
                """
                WITH waiting AS MATERIALIZED (
                    SELECT id
                      FROM crm_lifecycle_touch
                     WHERE company_id = %(company)s
                       FOR UPDATE SKIP LOCKED
                ), reported AS (
                    DELETE FROM crm_lifecycle_touch AS t
                     USING waiting
                     WHERE t.id = waiting.id
                 RETURNING t.partner_res_id, t.lead_res_id,
                           COALESCE(t.topics, %(all)s), t.is_review
                ), found (partner_id, lead_id, topics, is_review) AS (
                    SELECT * FROM reported
                     UNION ALL
                    SELECT partner_id, lead_id, topics, FALSE
                      FROM (%(questions)s) AS answer (partner_id, lead_id, topics)
                )
                INSERT INTO crm_lifecycle_touch (
                            company_id, partner_res_id, lead_res_id, topics, is_review)
                SELECT %(company)s, c.commercial_partner_id,
                       CASE WHEN c.id IS NULL THEN f.lead_id END,
                       bit_or(f.topics), bool_or(f.is_review)
                  FROM found AS f
             LEFT JOIN crm_lead AS l ON l.id = f.lead_id AND f.partner_id IS NULL
             LEFT JOIN res_partner AS c
                    ON c.id = COALESCE(f.partner_id, l.partner_id)
                 WHERE c.id IS NOT NULL OR f.lead_id IS NOT NULL
                 GROUP BY 2, 3
                """,
                all=ALL,
                company=scope.company_id,
                questions=SQL(" UNION ALL ").join(questions),
            )
        )

    def _is_asked(self, facts):
        """Extension point: return whether the run is to know any of some facts."""
        return True

    def _get_sources(self):
        """Return the models that answer facts, ready to be asked."""
        names = self.env["crm.lifecycle"]._lifecycle_sources()
        return [self.env[name] for name in names]
