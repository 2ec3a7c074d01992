"""Voiding a run: its effects are undone as far as possible."""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..fields import LooseMany2one
from ..run import lock

# Maximum number of names in the list of customers who stay.
MAX_NAMED = 20


class CrmLifecycleRun(models.Model):
    """Later runs ignore a voided run, both for their day and to find changes.

    Further history rows reverse its moves, and reports count neither. Customers who
    have been moved since stay where they are. The next run is a full rebuild, so its
    facts, stages and tags are the same as without the voided run.
    """

    _inherit = "crm.lifecycle.run"

    void_date = fields.Datetime(string="Voided on", readonly=True)
    void_user_id = LooseMany2one(
        comodel_name="res.users", string="Voided by", readonly=True
    )
    void_reason = fields.Char(string="Why it was voided", readonly=True)
    void_account = fields.Text(string="What was taken back", readonly=True)

    def action_void(self):
        """Open the dialog for the reason; see `crm.lifecycle.run.void`."""
        self.ensure_one()
        self._check_voidable()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Void the Run"),
            "res_model": "crm.lifecycle.run.void",
            "view_mode": "form",
            "target": "new",
            "context": {"default_run_id": self.id},
        }

    def _check_voidable(self):
        """Raise if the run can't be voided."""
        self.ensure_one()
        if self.parent_id:
            raise UserError(
                self.env._(
                    "This is a part of the run of %(day)s. Void the whole run.",
                    day=self.parent_id.as_of,
                )
            )
        if self.state == "void":
            raise UserError(
                self.env._("The run of %(day)s is voided already.", day=self.as_of)
            )
        if self.kind == "rebuild":
            raise UserError(
                self.env._(
                    "This run rebuilt a history. Undo it in the lifecycle instead."
                )
            )
        if self._is_kept_aside():
            raise UserError(
                self.env._(
                    "A rebuild of the history has replaced moves of the run of "
                    "%(day)s. Undo the rebuild in the lifecycle first, or wait until "
                    "it can't be undone any more.",
                    day=self.as_of,
                )
            )
        if self.state == "running" and not self._is_unfinished():
            raise UserError(
                self.env._(
                    "The run of %(day)s is still under way. Wait until it has ended, "
                    "or cancel it, then void it.",
                    day=self.as_of,
                )
            )

    def _is_kept_aside(self):
        """Return whether a rebuild that can be undone has replaced moves of the run."""
        rebuilds = self.env["crm.lifecycle.rebuild"]._search_undoable(self.company_id)
        return bool(rebuilds) and bool(
            self.env.execute_query(
                SQL(
                    "SELECT FROM crm_lifecycle_rebuild_line "
                    "WHERE rebuild_id = ANY(%s) AND kind = 'replaced' "
                    "AND (data ->> 'run_id')::int = %s LIMIT 1",
                    rebuilds.ids,
                    self.id,
                )
            )
        )

    def _void(self, reason):
        """Void the run and reverse its moves, in the caller's transaction.

        :param reason: shown on the run
        :raises RunUnderWay: if a run of the company is under way
        """
        self._check_voidable()
        with lock.lock_runs(self.company_id):
            Profile = self.env["crm.lifecycle.profile"].with_context(active_test=False)
            moves = self._get_moves_sql()
            back, left = Profile._reverse_moves(self, moves)
            (self | self.child_ids).write({"state": "void", "watermark": False})
            self._reset_facts_as_of()
            early = self._reset_follow_ups()
            self.write(
                {
                    "void_date": fields.Datetime.now(),
                    "void_user_id": self.env.uid,
                    "void_reason": reason,
                    "void_account": self._get_void_summary(back, left, early),
                }
            )
            self.env["crm.lifecycle.pending"]._trigger_run()

    def _get_moves_sql(self):
        """Return the SQL of the ids of the moves of the run.

        Moves from before the history stored the run are found by the time of the run.
        """
        day = SQL() if self.kind == "replay" else SQL("AND h.date = %s", self.as_of)
        return SQL(
            """
            SELECT h.id
              FROM crm_lifecycle_history AS h
             WHERE h.company_id = %(company)s AND h.profile_id IS NOT NULL %(day)s
               AND h.is_voided IS NOT TRUE
               AND (h.run_id = %(run)s
                    OR (h.run_id IS NULL AND h.origin = 'rule'
                        AND h.create_date BETWEEN %(begin)s AND %(end)s))
            """,
            company=self.company_id.id,
            day=day,
            run=self.id,
            begin=self.date_start,
            end=self.date_end or self.date_progress,
        )

    def _reset_facts_as_of(self):
        """Mark facts as of the day of the run, or a later one, as outdated."""
        self.env.cr.execute(
            SQL(
                "UPDATE crm_lifecycle_profile SET facts_as_of = NULL "
                "WHERE company_id = %s AND facts_as_of >= %s",
                self.company_id.id,
                self.as_of,
            )
        )
        self.env["crm.lifecycle.profile"].invalidate_model(["facts_as_of"])

    def _reset_follow_ups(self):
        """Allow follow-ups that were planned for future days to be planned again.

        Their activities stay. Return the number of follow-ups.
        """
        last = self._get_last_collected(self.company_id)
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_lifecycle_playbook_log
                   SET key = key || %(mark)s
                 WHERE company_id = %(company)s AND kind = 'follow_up'
                   AND date >= %(begin)s
                   AND key LIKE 'follow_up:____-__-__'
                   AND key > %(last)s
                """,
                mark=f":void:{self.id}",
                company=self.company_id.id,
                begin=self.date_start,
                last=f"follow_up:{last.as_of or self.company_id._lifecycle_today()}",
            )
        )
        count = self.env.cr.rowcount
        self.env["crm.lifecycle.playbook.log"].invalidate_model(["key"])
        return count

    def _get_void_summary(self, back, left, early):
        """Return a summary of what was undone, and what was not.

        :param back: the number of customers who are back in their stages
        :param left: the customers who stay, since they were moved later
        :param early: the number of follow-ups that were planned too early
        """
        steps = self.env["crm.lifecycle.playbook.log"].search_count(
            [("history_id.run_id", "=", self.id), ("state", "=", "done")]
        )
        lines = [
            self.env._(
                "%(count)s customers are back in the stage that they were in.",
                count=self._format_count(back),
            )
        ]
        if left:
            lines += [
                self.env._(
                    "%(count)s customers have been moved since, and stay:",
                    count=self._format_count(len(left)),
                ),
                *left[:MAX_NAMED].mapped("display_name"),
            ]
            if len(left) > MAX_NAMED:
                lines.append("…")
        if early:
            lines.append(
                self.env._(
                    "%(count)s follow-ups were planned too early. Their activities "
                    "stay.",
                    count=self._format_count(early),
                )
            )
        if steps:
            lines.append(
                self.env._(
                    "%(count)s steps of playbooks were done, and can't be undone.",
                    count=self._format_count(steps),
                )
            )
        return "\n".join(lines)

    def _is_followed_by_void(self):
        """Return whether a later run was voided, so that a full rebuild is due."""
        return bool(
            self.search_count(
                [
                    ("company_id", "=", self.company_id.id),
                    ("id", ">", self.id),
                    ("parent_id", "=", False),
                    ("state", "=", "void"),
                ],
                limit=1,
            )
        )
