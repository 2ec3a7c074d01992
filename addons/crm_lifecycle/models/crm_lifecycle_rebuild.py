"""Rebuilt histories: the past of a lifecycle is brought in after its activation."""

from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_date, format_datetime

from ..fields import LooseMany2one
from ..run import lock, rebuild, replay
from ..run.session import Session
from .crm_lifecycle_background import SMALL_RUN

STEPS = [
    ("day", "Every day: exact"),
    ("week", "Every week"),
    ("month", "Every month: fastest"),
]
# How long a rebuild can be undone; after that, what it replaced is deleted.
KEPT_FOR = timedelta(days=30)


class CrmLifecycleRebuild(models.Model):
    """Rebuild of the history of a lifecycle in a company, and what it replaced.

    The last one that is done can be undone for 30 days.
    """

    _name = "crm.lifecycle.rebuild"
    _description = "Rebuild of a Lifecycle's History"
    _order = "id desc"
    _rec_name = "create_date"

    lifecycle_id = fields.Many2one(
        comodel_name="crm.lifecycle", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, index=True, ondelete="cascade"
    )
    run_id = LooseMany2one(comodel_name="crm.lifecycle.run", string="Run")
    date_from = fields.Date(string="First day", required=True)
    date_to = fields.Date(string="Last day", required=True)
    step = fields.Selection(selection=STEPS, required=True)
    state = fields.Selection(
        selection=[("done", "Done"), ("undone", "Undone")],
        default="done",
        required=True,
    )
    replaced_count = fields.Integer(string="Moves replaced")
    added_count = fields.Integer(string="Moves added")
    customer_count = fields.Integer(string="Customers")
    undo_date = fields.Datetime(string="Undone on")
    undo_user_id = fields.Many2one(
        comodel_name="res.users", string="Undone by", ondelete="set null"
    )
    last_history_id = fields.Integer(
        string="Last move", help="Moves after this row came after the rebuild."
    )

    # ------------------------------------------------------------
    # Rebuild
    # ------------------------------------------------------------

    @api.model
    def _rebuild(
        self, lifecycle, company, months, step="month", *, checkpoint=None, task=None
    ):
        """Replace the past of an active lifecycle by a replay. Return the `Result`.

        The replay ends on the day of the activation, on which the first customers were
        placed. Customers who have not moved since end where an activation with this
        past would have put them; the others stay where they are, with all moves that
        came after their placement. Nothing is sent.

        :param months: how many months before the activation the past begins
        :param step: the precision: day, week or month
        :param checkpoint: see `crm.lifecycle._run`. The replay writes nothing, and its
            result is written in one transaction: a process that dies leaves the history
            as it was before or as it is after the rebuild.
        :param task: see `crm.lifecycle._run`
        :raises RunUnderWay: see `crm.lifecycle._run`
        """
        self._check_active(lifecycle, company)
        company = company.with_env(self.env)
        with lock.lock_runs(company, checkpoint):
            Run = self.env["crm.lifecycle.run"]
            Run._fail_stale_runs(company)
            date_from, date_to = self._get_days(lifecycle, company, months)
            run = Run.create(
                {"company_id": company.id, "as_of": date_to, "kind": "rebuild"}
            )
            session = Session(run, checkpoint, task=task)
            session.as_of = date_to
            found = []

            def create_record():
                return self.create(
                    {
                        "lifecycle_id": lifecycle.id,
                        "company_id": company.id,
                        "run_id": run.id,
                        "date_from": date_from,
                        "date_to": date_to,
                        "step": step,
                    }
                )

            def work():
                days = replay.get_days(date_from, date_to, step)
                result = rebuild.rebuild(session, lifecycle, days, create_record)
                found.append(result)
                return True

            run._execute_and_notify(session, work)
        return found[-1]

    @api.model
    def _preview(self, lifecycle, company, months, step, *, task=None):
        """Return the `Result` of a rebuild, without writing anything."""
        with self.env.cr.savepoint() as savepoint:
            result = self._rebuild(lifecycle, company, months, step, task=task)
            self.env.flush_all()
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        return result

    @api.model
    def _check_active(self, lifecycle, company=None):
        """Raise if the lifecycle is not active, or not in the company."""
        if company and company not in lifecycle._get_served_companies():
            raise UserError(
                self.env._(
                    "“%(lifecycle)s” is a lifecycle of another company.",
                    lifecycle=lifecycle.name,
                )
            )
        if lifecycle.state != "active":
            raise UserError(
                self.env._(
                    "“%(lifecycle)s” is not active. Activate it, with its past.",
                    lifecycle=lifecycle.name,
                )
            )

    @api.model
    def _get_beginning(self, lifecycle, company):
        """Return the `run.rebuild.Beginning` of the history, with its last day.

        Without customers to rebuild, the day is that of the activation.
        """
        found = rebuild.read_beginning(self.env, company, lifecycle)
        day = found.date_to
        if not day:
            tz = company.lifecycle_tz or "UTC"
            moment = lifecycle.activation_date or fields.Datetime.now()
            day = fields.Datetime.context_timestamp(self.with_context(tz=tz), moment)
            day = min(day.date(), company._lifecycle_today())
        return found, day

    @api.model
    def _get_days(self, lifecycle, company, months):
        """Return the first and the last day of a rebuild."""
        _found, day = self._get_beginning(lifecycle, company)
        return day - relativedelta(months=months), day

    def _store_result(self, result):
        """Store what the rebuild did."""
        self.env.flush_all()
        [[last_id]] = self.env.execute_query(rebuild.LAST_HISTORY_ID)
        self.write(
            {
                "replaced_count": result.replaced.moves,
                "added_count": result.added.moves,
                "customer_count": result.added.customers,
                "last_history_id": last_id,
            }
        )

    # ------------------------------------------------------------
    # Undo
    # ------------------------------------------------------------

    @api.model
    def _search_undoable(self, company, lifecycle=None):
        """Return the rebuild of a company that can be undone, if there is one.

        It is the last one that is not undone.

        :param lifecycle: only if it is one of this lifecycle
        """
        last = self.search(
            [("company_id", "=", company.id), ("state", "=", "done")], limit=1
        )
        if not last or last.create_date < fields.Datetime.now() - KEPT_FOR:
            return self.browse()
        return last if lifecycle in (None, last.lifecycle_id) else self.browse()

    def _undo(self):
        """Restore the history from before the rebuild, in the caller's transaction.

        :return: the number of customers who are back, and of those who keep the rebuilt
            past, since they moved in a way that builds on it
        :raises RunUnderWay: if a run of the company is under way
        """
        self.ensure_one()
        with lock.lock_runs(self.company_id):
            if self._search_undoable(self.company_id) != self:
                raise UserError(
                    self.env._(
                        "This rebuild can't be undone: there is a newer one, or it is "
                        "more than %(days)s days old.",
                        days=KEPT_FOR.days,
                    )
                )
            back, left = rebuild.undo(self)
            self.write(
                {
                    "state": "undone",
                    "undo_date": fields.Datetime.now(),
                    "undo_user_id": self.env.uid,
                }
            )
            self._delete_lines()
        return back, left

    @api.autovacuum
    def _gc_lines(self):
        """Delete what was kept to undo rebuilds that can't be undone any more."""
        limit = fields.Datetime.now() - KEPT_FOR
        self.search([("create_date", "<", limit)])._delete_lines()

    def _delete_lines(self):
        """Delete what was kept to undo the rebuilds."""
        # Raw: there may be millions, and nothing refers to them.
        self.env.cr.execute(
            SQL(
                "DELETE FROM crm_lifecycle_rebuild_line WHERE rebuild_id = ANY(%s)",
                self.ids,
            )
        )
        self.env["crm.lifecycle.rebuild.line"].invalidate_model()


class CrmLifecycleRebuildLine(models.Model):
    """A move that a rebuild replaced or changed, or the stage of a customer before."""

    _name = "crm.lifecycle.rebuild.line"
    _description = "Replaced by a Rebuild"
    _log_access = False

    rebuild_id = fields.Many2one(
        comodel_name="crm.lifecycle.rebuild", required=True, ondelete="cascade"
    )
    profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        required=True,
        index=True,
        ondelete="cascade",
    )
    kind = fields.Selection(
        selection=[
            ("replaced", "Move replaced"),
            ("changed", "Move with other days"),
            ("profile", "Stage"),
        ],
        required=True,
    )
    data = fields.Json(required=True)

    _rebuild_idx = models.Index("(rebuild_id, profile_id)")


class CrmLifecycle(models.Model):
    _inherit = "crm.lifecycle"

    rebuild_id = fields.Many2one(
        comodel_name="crm.lifecycle.rebuild",
        compute="_compute_rebuild",
        groups="sales_team.group_sale_manager",
    )
    rebuild_note = fields.Text(
        compute="_compute_rebuild", groups="sales_team.group_sale_manager"
    )

    @api.depends_context("company", "lang", "tz")
    def _compute_rebuild(self):
        """Compute the last rebuild of the company, as long as it can be undone."""
        Rebuild = self.env["crm.lifecycle.rebuild"]
        last = Rebuild._search_undoable(self.env.company)
        for lifecycle in self:
            mine = last if last.lifecycle_id == lifecycle._origin else Rebuild
            lifecycle.rebuild_id = mine
            lifecycle.rebuild_note = mine and self.env._(
                "The history of %(company)s from %(begin)s to %(end)s was rebuilt on "
                "%(date)s. Until %(limit)s this can be undone.",
                company=mine.company_id.name,
                begin=format_date(self.env, mine.date_from),
                end=format_date(self.env, mine.date_to),
                date=format_datetime(self.env, mine.create_date),
                limit=format_date(self.env, (mine.create_date + KEPT_FOR).date()),
            )

    def action_rebuild_history(self):
        """Open the wizard that rebuilds the history."""
        self.ensure_one()
        self._check_configuration_access()
        self.env["crm.lifecycle.rebuild"]._check_active(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Rebuild History"),
            "res_model": "crm.lifecycle.rebuild.start",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_lifecycle_id": self.id,
                "default_company_id": (self.company_id or self.env.company).id,
                "dialog_size": "extra-large",
            },
        }

    def action_undo_rebuild(self):
        """Undo the last rebuild, in the background if it has many customers."""
        self.ensure_one()
        self._check_configuration_access()
        record = self._get_undoable_rebuild()
        if self._is_undo_long(record):
            return self.env["background.task"]._enqueue(
                self,
                "_task_undo_rebuild",
                kind="replay",
                name=self.env._("Undo of the rebuild of “%(name)s”", name=self.name),
            )
        message = self._undo_rebuild()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    @api.model
    def _is_undo_long(self, record):
        """Return whether an undo is better done in the background."""
        return record.customer_count > SMALL_RUN

    def _task_undo_rebuild(self, progress):
        """Do `action_undo_rebuild` in the background."""
        self._check_configuration_access()
        progress.begin(self.env._("Restoring the history"))
        return {"outcome": self._undo_rebuild(), "action": self._get_form_action()}

    def _get_undoable_rebuild(self):
        """Return the rebuild to undo.

        :raises UserError: if there is none
        """
        self.ensure_one()
        if not self.env.user.has_group("sales_team.group_sale_manager"):
            raise AccessError(
                self.env._("Only administrators of Sales rebuild histories.")
            )
        self.env.company._check_lifecycle_user()
        record = self.env["crm.lifecycle.rebuild"]._search_undoable(
            self.env.company, self
        )
        if not record:
            raise UserError(
                self.env._(
                    "“%(lifecycle)s” has no rebuild that can be undone.",
                    lifecycle=self.name,
                )
            )
        return record

    def _undo_rebuild(self):
        """Undo the last rebuild. Return what it did, in words."""
        # sudo: only the engine writes profiles and their history; checked above.
        back, left = self._get_undoable_rebuild().sudo()._undo()
        format_count = self.env["background.task.progress.mixin"]._format_count
        text = self.env._(
            "The rebuild is undone. Customers with the history from before it: "
            "%(count)s.",
            count=format_count(back),
        )
        if not left:
            return text
        return f"{text} " + self.env._(
            "%(count)s customers were moved or merged since in a way that builds on "
            "the rebuilt history, and keep it.",
            count=format_count(left),
        )


class CrmLifecycleStage(models.Model):
    _inherit = "crm.lifecycle.stage"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_kept_aside(self):
        """Prevent deleting a stage that an undo of a rebuild would restore."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT stage.id
                  FROM crm_lifecycle_rebuild_line AS l
            CROSS JOIN LATERAL (VALUES (l.data ->> 'stage_id'),
                                       (l.data ->> 'from_stage_id'),
                                       (l.data ->> 'to_stage_id')) AS kept (id)
                  JOIN crm_lifecycle_stage AS stage ON stage.id = kept.id::int
                 WHERE stage.id = ANY(%s)
                 LIMIT 1
                """,
                self.ids,
            )
        )
        if rows:
            raise UserError(
                self.env._(
                    "The stage “%(stage)s” can't be deleted as long as the rebuild of "
                    "the history can be undone, which needs it.",
                    stage=self.browse(rows[0]).name,
                )
            )
