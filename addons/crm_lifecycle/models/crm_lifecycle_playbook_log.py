"""Playbook: the steps that follow a move, processed one by one.

A move with steps leaves its history row unprocessed and triggers the worker
`_cron_process`. The worker processes the rows in the order of their creation, each in
its own transaction and each step in a savepoint. It creates one
`crm.lifecycle.playbook.log` for each step, whatever the result. Then it plans the
follow-ups that are due.
"""

from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

# Steps on entry, which the stage may skip when the customer comes back.
ENTRY_KINDS = ("enter", "plan", "mail")
# Steps that are only done while the customer is in the stage.
IN_STAGE_KINDS = (*ENTRY_KINDS, "follow_up")
# Steps of the stage that the customer leaves.
EXIT_KINDS = ("close", "exit")


class StepSkipped(Exception):
    """A step has nothing to do; the message is the reason to show to users."""


class PlaybookStep(NamedTuple):
    """One step to do after a move, with the record to use."""

    kind: str
    key: str
    record: models.BaseModel
    name: str


class CrmLifecyclePlaybookLog(models.Model):
    """Result of one playbook step after one move of one customer.

    Each step is done at most once for a move. Its row says whether it was done, skipped
    or failed, and why.
    """

    _name = "crm.lifecycle.playbook.log"
    _description = "Playbook Step"
    _order = "id desc"

    history_id = fields.Many2one(
        comodel_name="crm.lifecycle.history",
        string="Move",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        string="Customer",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The stage whose playbook the step belongs to.",
    )
    from_stage_id = fields.Many2one(related="history_id.from_stage_id")
    to_stage_id = fields.Many2one(related="history_id.to_stage_id")
    kind = fields.Selection(
        selection=[
            ("close", "Close activities"),
            ("exit", "Action on exit"),
            ("enter", "Action on entry"),
            ("plan", "Planned activity"),
            ("mail", "Email"),
            ("follow_up", "Follow-up activity"),
        ],
        required=True,
        readonly=True,
    )
    key = fields.Char(
        required=True,
        readonly=True,
        help="What tells the steps of a move apart, such as “enter:12”.",
    )
    name = fields.Char(string="Step", readonly=True)
    state = fields.Selection(
        selection=[
            ("done", "Done"),
            ("skipped", "Skipped"),
            ("failed", "Failed"),
        ],
        required=True,
        readonly=True,
    )
    reason = fields.Text(
        readonly=True, help="Why the step was skipped, or how it failed."
    )
    date = fields.Datetime(default=fields.Datetime.now, readonly=True)
    activity_id = fields.Many2one(
        comodel_name="mail.activity",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The activity that the step scheduled. It is closed, if it is still "
        "open, when the customer leaves the stage.",
    )

    _key_unique = models.Constraint(
        "UNIQUE (history_id, key)",
        "This step of the move was worked off already.",
    )
    _failed_idx = models.Index("(stage_id, profile_id) WHERE state = 'failed'")

    # ------------------------------------------------------------
    # Triggering the worker
    # ------------------------------------------------------------

    @api.model
    def _get_processed_at_sql(self, stage, left, now):
        """Return the SQL of ``processed_at`` for a move of a profile ``p`` to
        ``stage``.

        It is empty if the worker has something to do, else ``now``. ``left`` is the SQL
        of the stage left. The plan of that stage counts even if no activity is visible,
        and so does a due follow-up: the worker may be scheduling it at the same time.

        Extension point: an addon that adds steps in `_get_steps` returns NULL for the
        moves that have them.
        """
        return SQL(
            """
            CASE WHEN EXISTS (
                SELECT FROM crm_lifecycle_stage AS s
                 WHERE s.id = %(stage)s
                   AND (s.activity_plan_id IS NOT NULL
                        OR s.mail_template_id IS NOT NULL
                        OR EXISTS (
                            SELECT FROM crm_lifecycle_stage_enter_action_rel AS r
                             WHERE r.crm_lifecycle_stage_id = s.id))
                    OR s.id = %(left)s
                   AND (s.activity_plan_id IS NOT NULL
                        OR s.follow_up_activity_type_id IS NOT NULL
                        AND p.follow_up_date
                            BETWEEN s.follow_up_since AND (%(now)s)::date + 1
                        OR EXISTS (
                            SELECT FROM crm_lifecycle_stage_exit_action_rel AS r
                             WHERE r.crm_lifecycle_stage_id = s.id))
            ) OR EXISTS (
                SELECT FROM crm_lifecycle_playbook_log AS t
                  JOIN mail_activity AS a ON a.id = t.activity_id
                 WHERE t.profile_id = p.id AND a.active
            ) THEN NULL::timestamp ELSE %(now)s END
            """,
            stage=stage.id,
            left=left,
            now=now,
        )

    def _erase_text(self):
        """Extension point: erase what the steps say of their customers."""
        self.write({"reason": False})

    @api.model
    def _trigger_process(self):
        """Trigger the worker, once per transaction."""
        once = self.env.cr.precommit.data
        if once.get("crm_lifecycle.playbook_triggered"):
            return
        cron = self.env.ref("crm_lifecycle.ir_cron_playbook", raise_if_not_found=False)
        if cron:
            once["crm_lifecycle.playbook_triggered"] = True
            # sudo: a user who may move a customer may trigger the worker, nothing else.
            cron.sudo()._trigger()
