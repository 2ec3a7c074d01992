"""Worker of the playbook: processes the steps of pending moves."""

import logging

from odoo import api, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, format_date

from odoo.addons.base_background_task.retry import retry

from .crm_lifecycle_playbook_log import (
    ENTRY_KINDS,
    EXIT_KINDS,
    IN_STAGE_KINDS,
    PlaybookStep,
    StepSkipped,
)

_logger = logging.getLogger(__name__)

# Moves per call; the scheduler calls again while more are pending.
BATCH = 1000
# Maximum number of consecutive moves by actions: an action may move a customer to a
# stage with more actions, which may form a loop.
MAX_CHAIN = 10


class CrmLifecyclePlaybookLog(models.Model):
    _inherit = "crm.lifecycle.playbook.log"

    @api.model
    def _cron_process(self):
        """Process pending moves, in the order of their creation.

        Then do the work that is due on its day, such as follow-ups. A customer with an
        error does not block the others: their moves stay pending, and the error is
        raised at the end.
        """
        cron = self.env["ir.cron"]
        waiting = [("processed_at", "=", False)]
        History = self.env["crm.lifecycle.history"].sudo()  # sudo: moves of all users
        row_ids = History.search(waiting, order="id", limit=BATCH).ids
        timed = self._get_due_work()
        cron._commit_progress(remaining=History.search_count(waiting) + len(timed))
        jobs = [(self._process_move, row_id) for row_id in row_ids]
        jobs += timed[:BATCH]
        failed = None
        for work, record_id in jobs:
            try:
                done = self._attempt(work, record_id)
            except Exception as error:
                self.env.cr.rollback()
                _logger.exception("%s(%s) broke off", work.__name__, record_id)
                failed = error
                continue
            if not cron._commit_progress(int(done)):
                break
        if failed:
            raise failed

    @api.model
    def _attempt(self, work, record_id):
        """Do one unit of work, and retry it after a concurrent update.

        Return whether it was done: records locked by another transaction are left to
        the next call.
        """
        try:
            return retry(self.env, work, record_id)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.cr.rollback()
            return False

    @api.model
    def _process_move(self, row_id):
        """Do the pending steps of one move; return whether the move could be locked."""
        row = self.sudo()._lock_move(row_id)  # sudo: see `_prepare_row`
        if not row:
            return False
        row = self._prepare_row(row)
        steps = self.with_env(row.env)
        past = set(steps.search([("history_id", "=", row.id)]).mapped("key"))
        for step in steps._get_steps(row):
            if step.key not in past:
                steps._perform(row, step)
        self.env.flush_all()
        row._set_processed()
        return True

    @api.model
    def _prepare_row(self, row):
        """Return the move with the rights, company and language of its steps.

        Like automation rules, steps act for the company, not for a user. Their own
        moves are one link further down the chain.
        """
        row = row.sudo()
        return row.with_company(row.company_id).with_context(
            lang=row.profile_id.user_id.lang or row.company_id.partner_id.lang,
            lifecycle_chain=(row.chain or 0) + 1,
        )

    @api.model
    def _lock_move(self, row_id):
        """Return the move, locked together with its customer; empty if it can't be.

        The moves of a customer are processed one after the other, even by several
        workers, because a move closes the activities that earlier ones scheduled. The
        customer can't be moved meanwhile.
        """
        History = self.env["crm.lifecycle.history"]
        rows = self.env.execute_query(
            SQL(
                """
                SELECT h.id
                  FROM crm_lifecycle_history AS h
                 WHERE h.id = %s
                   AND h.processed_at IS NULL
                   AND NOT EXISTS (
                        SELECT FROM crm_lifecycle_history AS e
                         WHERE e.profile_id = h.profile_id
                           AND e.processed_at IS NULL
                           AND e.id < h.id)
                   FOR NO KEY UPDATE SKIP LOCKED
                """,
                row_id,
            )
        )
        row = History.browse(rows[0]) if rows else History
        profile = row.profile_id
        if profile and not profile.try_lock_for_update(allow_referencing=True):
            return History
        return row

    @api.model
    def _get_steps(self, row):
        """Extension point: return the `PlaybookStep` list of a move, in order.

        A ``kind`` is performed by the method ``_perform_<kind>``. The worker sees only
        moves that `_get_processed_at_sql` leaves unprocessed.
        """
        left, entered = row._get_left_stage(), row.to_stage_id
        steps = []
        activities = self._get_open_activities(row)
        if activities:
            steps.append(
                PlaybookStep(
                    "close", "close", activities, self.env._("Close open activities")
                )
            )
        for kind, records in (
            ("exit", left.exit_action_ids),
            ("enter", entered.enter_action_ids),
            ("plan", entered.activity_plan_id.template_ids),
            ("mail", entered.mail_template_id),
        ):
            for record in records:
                name = record.display_name
                if kind == "plan":
                    name = record.summary or record.activity_type_id.name
                steps.append(PlaybookStep(kind, f"{kind}:{record.id}", record, name))
        return steps

    @api.model
    def _get_open_activities(self, row):
        """Return the open activities that earlier moves of the customer scheduled.

        A move from before a merge leaves those of the other profile open.
        """
        if not row.profile_id:
            return self.env["mail.activity"]
        return self.search(
            [
                ("profile_id", "=", row.profile_id.id),
                ("history_id", "<", row.id),
                "|",
                ("history_id.merge_id", "=", row.merge_id.id),
                ("history_id.merge_id", "<", row.id),
                ("activity_id.active", "=", True),
            ],
            order="id",
        ).activity_id

    @api.model
    def _perform(self, row, step):
        """Do one step of a move and store its result."""
        vals = self._attempt_step(row, step)
        stage = row.to_stage_id
        if step.kind in EXIT_KINDS:
            stage = row._get_left_stage()
        self.create(
            {
                "history_id": row.id,
                "profile_id": row.profile_id.id,
                "company_id": row.company_id.id,
                "stage_id": stage.id,
                "kind": step.kind,
                "key": step.key,
                "name": step.name,
                **vals,
            }
        )

    @api.model
    def _attempt_step(self, row, step):
        """Do one step of a move; return the values of its result."""
        vals = {"state": "done"}
        try:
            with self.env.cr.savepoint():
                self._check_step(row, step)
                perform = getattr(self, f"_perform_{step.kind}")
                vals.update(perform(row, step.record) or {})
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except StepSkipped as skipped:
            vals = {"state": "skipped", "reason": str(skipped)}
        except Exception as error:
            _logger.warning(
                "Playbook step %s of move %s failed", step.key, row.id, exc_info=True
            )
            vals = {"state": "failed", "reason": self._get_error_text(error)}
        row.invalidate_recordset(["profile_id"])  # the step may have deleted it
        return vals

    @api.model
    def _get_error_text(self, error):
        """Return the error message to show to users; the log has the details."""
        if isinstance(error, UserError):
            return str(error)
        if type(error) is ValueError and isinstance(error.__context__, Exception):
            error = error.__context__  # the error in the code of the action
        return f"{type(error).__name__}: {error}"

    @api.model
    def _check_step(self, row, step):
        """Extension point: raise `StepSkipped` if a step must not be done.

        The customer is checked again for each step, since an earlier step may have
        moved them.
        """
        profile = row.profile_id
        if not profile:
            raise StepSkipped(self.env._("The customer's profile is gone."))
        if not profile.active and step.kind != "close":
            raise StepSkipped(self.env._("The customer is archived."))
        if row.merge_id and step.kind != "close":
            raise StepSkipped(self.env._("The customer has been merged since."))
        if step.kind in IN_STAGE_KINDS and row._has_left_stage():
            raise StepSkipped(self.env._("The customer has left the stage again."))
        if step.kind in ENTRY_KINDS:
            self._check_reentry(row, step)
        if step.kind in ("enter", "exit"):
            self._check_chain(row)

    @api.model
    def _check_reentry(self, row, step):
        """Raise `StepSkipped` if the stage does not repeat a step yet.

        Only stays in which the step was done count: a customer who was moved to the
        stage quietly has not had its playbook.
        """
        stage = row.to_stage_id
        if stage.reentry_mode == "always":
            return
        done = self.search(
            [
                ("profile_id", "=", row.profile_id.id),
                ("stage_id", "=", stage.id),
                ("key", "=", step.key),
                ("state", "=", "done"),
                ("history_id", "<", row.id),
            ],
            order="id desc",
            limit=1,
        )
        if not done:
            return
        if stage.reentry_mode == "once":
            raise StepSkipped(
                self.env._(
                    "Done on %(date)s: the stage does it once for each customer.",
                    date=format_date(self.env, done.history_id.date),
                )
            )
        ended = done.history_id._get_end_date()
        if not ended or (row.date - ended).days < stage.reentry_days:
            raise StepSkipped(
                self.env._(
                    "Done in the stay that ended on %(date)s: the stage does it again "
                    "%(days)s days later.",
                    date=format_date(self.env, ended or row.date),
                    days=stage.reentry_days,
                )
            )

    @api.model
    def _check_chain(self, row):
        """Raise if actions have moved the customer too many times in a row."""
        if self.env.context.get("lifecycle_chain", 0) > MAX_CHAIN:
            raise UserError(
                self.env._(
                    "Actions have moved the customer %(count)s times in a row, at last "
                    "from “%(left)s” to “%(entered)s”: they seem to move customers in "
                    "a circle. Change the actions of these stages, then try again.",
                    count=MAX_CHAIN,
                    left=row.from_stage_id.name,
                    entered=row.to_stage_id.name,
                )
            )
