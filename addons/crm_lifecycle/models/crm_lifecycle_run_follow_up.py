"""Follow-up clock: customers who have waited too long for a contact."""

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.scope import Scope
from ..engine.statements import join_stage_entry

# Kinds of runs that update the facts of all customers.
FULL_SCAN_KINDS = ("full", "changes")

# SQL conditions on a profile ``p`` and its present ``entry``: an activity of the clock
# is still open, or was planned for the same day.
IS_OPEN = SQL(
    """
    EXISTS (SELECT FROM crm_lifecycle_playbook_log AS t
              JOIN mail_activity AS a ON a.id = t.activity_id
             WHERE t.profile_id = p.id AND t.kind = 'follow_up' AND a.active)
    """
)
IS_PLANNED = SQL(
    """
    EXISTS (SELECT FROM crm_lifecycle_playbook_log AS t
             WHERE t.history_id = entry.id
               AND t.key = 'follow_up:' || to_char(p.follow_up_date, 'YYYY-MM-DD'))
    """
)

# Profiles with a follow-up due, and the history row of their stay.
DUE_FOLLOW_UPS = """
        SELECT p.id, entry.id
          FROM crm_lifecycle_profile AS p
          JOIN crm_lifecycle_stage AS s ON s.id = p.stage_id
          JOIN crm_lifecycle AS l ON l.id = s.lifecycle_id
           -- the last move into the present stage
    %(join_stage_entry)s
           -- the clock has run out
         WHERE p.company_id = %(company)s
           AND p.active
           AND p.follow_up_date <= %(as_of)s
           AND %(mine)s
           AND l.state = 'active'
           AND s.follow_up_days > 0
           -- not before the stage got its clock, or the lifecycle became active
           AND p.follow_up_date >=
               GREATEST(s.follow_up_since, %(activated_on)s)
           AND s.follow_up_activity_type_id IS NOT NULL
           -- not moved there quietly, unless contacted since
           AND (entry.is_quiet IS FALSE
                OR p.last_contact_date >= %(placed_on)s)
           -- no activity of the clock exists
           AND NOT %(is_open)s
           AND NOT %(is_planned)s
         ORDER BY p.follow_up_date, p.id
         LIMIT %(limit)s
"""


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    followed_up_at = fields.Datetime(
        string="Follow-ups planned",
        readonly=True,
        help="When the activities for all follow-ups due on the day of the run had "
        "been planned.",
    )

    def _trigger_follow_ups(self, checkpoint):
        """Trigger the worker if the run found work that is due on its day."""
        whole = self.kind in FULL_SCAN_KINDS and not self.parent_id
        if self.state == "done" and whole and self._has_due_work():
            self.env["crm.lifecycle.playbook.log"]._trigger_process()
            if checkpoint is not None:
                checkpoint(0, 0)

    def _has_due_work(self):
        """Extension point: return whether any work is due on the day of the run."""
        self.ensure_one()
        return bool(self._get_due_follow_ups(limit=1))

    @api.model
    def _get_runs_with_due_work(self, done="followed_up_at"):
        """Return each company's last run over all customers, if follow-ups are left.

        The day of that run counts, not today: its facts show which customers were
        contacted.

        :param done: the field that marks a kind of work as finished
        """
        last = self._read_group(
            [
                ("state", "=", "done"),
                ("parent_id", "=", False),
                ("kind", "in", FULL_SCAN_KINDS),
            ],
            ["company_id"],
            ["id:max"],
        )
        return self.browse(run_id for _company, run_id in last).filtered(
            lambda run: not run[done]
        )

    def _get_due_follow_ups(self, profile_ids=None, limit=None):
        """Return ``{profile id: history id of the stay}`` of follow-ups to plan.

        A customer is due if they have neither entered the stage nor been in contact for
        the days of the stage. One activity is planned until the clock restarts: none if
        one is still open, or was planned for the same day. Customers that a quiet move
        put into the stage are shown as due in lists, but their clock starts with the
        first contact after the move. The same applies to customers that were already
        overdue when the stage got its clock, or when the lifecycle became active.
        """
        self.ensure_one()
        self.env.flush_all()
        scope = Scope(
            self.company_id.id, self.as_of, self.company_id.lifecycle_tz or "UTC"
        )
        mine = SQL("TRUE")
        if profile_ids is not None:
            mine = SQL("p.id = ANY(%s)", list(profile_ids))
        return dict(
            self.env.execute_query(
                SQL(
                    DUE_FOLLOW_UPS,
                    company=self.company_id.id,
                    as_of=self.as_of,
                    mine=mine,
                    placed_on=scope.local_date(SQL("entry.create_date")),
                    activated_on=scope.local_date(SQL("l.activation_date")),
                    join_stage_entry=join_stage_entry(SQL("p.id"), SQL("p.stage_id")),
                    is_open=IS_OPEN,
                    is_planned=IS_PLANNED,
                    limit=limit,
                )
            )
        )
