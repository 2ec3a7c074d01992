"""Voiding a run: as if it had never been, as far as that can be had."""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..fields import LooseMany2one
from ..run import lock

# Customers who stay where they are named up to this number.
NAMED = 20


class CrmLifecycleRun(models.Model):
    """A voided run counts no more: not for the days of runs, nor for what they compare.

    Its moves are taken back by further rows of the history, and neither count in
    reports. Customers who have been moved since stay where they are. The next run
    starts from nothing, so it leaves the facts, stages and tags that it would have
    left without the voided one.
    """

    _inherit = "crm.lifecycle.run"

    void_date = fields.Datetime(string="Voided on", readonly=True)
    void_user_id = LooseMany2one(
        comodel_name="res.users", string="Voided by", readonly=True
    )
    void_reason = fields.Char(string="Why it was voided", readonly=True)
    void_account = fields.Text(string="What was taken back", readonly=True)

    def action_void(self):
        """Ask for the reason; see `crm.lifecycle.run.void`."""
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
        """Raise where the run can't be voided."""
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
        if self.state == "running" and not self._has_died():
            raise UserError(
                self.env._(
                    "The run of %(day)s is still under way. Wait until it has ended, "
                    "or cancel it, then void it.",
                    day=self.as_of,
                )
            )

    def _void(self, reason):
        """Void the run, and take its moves back, in the caller's transaction.

        :param reason: shown on the run
        :raises RunUnderWay: where a run of the company is under way
        """
        self._check_voidable()
        with lock.hold_run(self.company_id):
            Profile = self.env["crm.lifecycle.profile"].with_context(active_test=False)
            moves = self._get_moves_sql()
            back, left = Profile._reverse_moves(self, moves)
            (self | self.child_ids).write({"state": "void", "watermark": False})
            self._forget_day()
            early = self._forget_follow_ups()
            self.write(
                {
                    "void_date": fields.Datetime.now(),
                    "void_user_id": self.env.uid,
                    "void_reason": reason,
                    "void_account": self._get_void_account(back, left, early),
                }
            )
            self.env["crm.lifecycle.touch"]._trigger_run()

    def _get_moves_sql(self):
        """SQL of the ids of the moves of the run.

        Moves of runs before the history had the run are known by the time of the run.
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

    def _forget_day(self):
        """Have facts that are as of the day of the run taken for older ones."""
        self.env.cr.execute(
            SQL(
                "UPDATE crm_lifecycle_profile SET facts_as_of = NULL "
                "WHERE company_id = %s AND facts_as_of >= %s",
                self.company_id.id,
                self.as_of,
            )
        )
        self.env["crm.lifecycle.profile"].invalidate_model(["facts_as_of"])

    def _forget_follow_ups(self):
        """Have follow-ups that were planned for days to come planned again then.

        Their activities stay. Return how many there are.
        """
        last = self._get_last_collected(self.company_id)
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_lifecycle_step
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
        self.env["crm.lifecycle.step"].invalidate_model(["key"])
        return count

    def _get_void_account(self, back, left, early):
        """Return in words what was undone, and what was not.

        :param back: how many customers are back in their stages
        :param left: the customers who stay, since they were moved later
        :param early: how many follow-ups were planned too early
        """
        steps = self.env["crm.lifecycle.step"].search_count(
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
                *left[:NAMED].mapped("display_name"),
            ]
            if len(left) > NAMED:
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
        """Whether a later run was voided, so that the next one starts from nothing."""
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
