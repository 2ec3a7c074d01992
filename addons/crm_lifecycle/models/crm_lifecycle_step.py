"""The playbook: what follows from a move, worked off step by step.

A move that has steps leaves its row of history unprocessed and wakes the worker
`_cron_process`. The worker takes the rows in the order in which they were made,
each in a transaction of its own, each step in a savepoint, and leaves one
`crm.lifecycle.step` for each step, whatever came of it. Then it plans the
follow-ups that are due.
"""

from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

# Steps of an entry, which the stage may leave out when the customer comes back.
ENTRY_KINDS = ("enter", "plan", "mail")
# Steps that make sense only while the customer is in the stage.
STAY_KINDS = (*ENTRY_KINDS, "follow_up")
# Steps of the stage that is left.
EXIT_KINDS = ("close", "exit")


class StepSkipped(Exception):
    """A step has nothing to do here; the message is the reason, for people."""


class PlaybookStep(NamedTuple):
    """One step that a move asks for: what to do, with which record."""

    kind: str
    key: str
    record: models.BaseModel
    name: str


class CrmLifecycleStep(models.Model):
    """What one step of the playbook did after one move of one customer.

    Each step happens at most once for a move; its row says whether it was done,
    skipped or failed, and why.
    """

    _name = "crm.lifecycle.step"
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
    # Is there anything to do?
    # ------------------------------------------------------------

    @api.model
    def _get_processed_at_sql(self, stage, left, now):
        """SQL of ``processed_at`` of a move of ``p`` (a profile) to ``stage``.

        Empty where the worker has something to do, else ``now``. ``left`` is SQL of
        the stage left. Its plan counts even if no activity is in sight, and so does
        a follow-up that is due: the worker may be scheduling it this very moment.

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
                SELECT FROM crm_lifecycle_step AS t
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
        """Have the worker look at the history, once for a transaction."""
        once = self.env.cr.precommit.data
        if once.get("crm_lifecycle.playbook_triggered"):
            return
        cron = self.env.ref("crm_lifecycle.ir_cron_playbook", raise_if_not_found=False)
        if cron:
            once["crm_lifecycle.playbook_triggered"] = True
            # Whoever moves a customer may ring the bell, and nothing more.
            cron.sudo()._trigger()
