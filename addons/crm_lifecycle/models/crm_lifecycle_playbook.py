from odoo import api, fields, models
from odoo.exceptions import ValidationError

# Models that a webhook may send.
WEBHOOK_MODELS = ("crm.lifecycle.profile", "crm.lifecycle.history")


class CrmLifecycle(models.Model):
    _inherit = "crm.lifecycle"

    failed_step_count = fields.Integer(
        string="Failed Steps", compute="_compute_failed_step_count"
    )
    move_action_ids = fields.Many2many(
        comodel_name="ir.actions.server",
        relation="crm_lifecycle_move_action_rel",
        column1="lifecycle_id",
        column2="action_id",
        string="Webhooks",
        groups="base.group_system",
        domain=[("state", "=", "webhook"), ("model_name", "in", WEBHOOK_MODELS)],
        copy=False,
        help="Sent on every move of a customer into or within the lifecycle, but for "
        "quiet ones: first runs, imports and replays.",
    )

    @api.constrains("move_action_ids")
    def _check_move_actions(self):
        for lifecycle in self:
            for action in lifecycle.sudo().move_action_ids:  # sudo: restricted field
                if action.state != "webhook" or action.model_name not in WEBHOOK_MODELS:
                    raise ValidationError(
                        self.env._(
                            "“%(action)s” is no webhook about customer profiles or "
                            "moves. Choose one of the type “Send Webhook Notification” "
                            "on the model “Customer Profile” or “Lifecycle History”.",
                            action=action.name,
                        )
                    )

    def _compute_failed_step_count(self):
        for lifecycle in self:
            stages = lifecycle.stage_ids
            lifecycle.failed_step_count = sum(stages.mapped("failed_step_count"))

    def action_open_failed_steps(self):
        """Open the failed steps of the lifecycle's playbooks."""
        return self.env["crm.lifecycle.step"]._open_failed(
            [("stage_id.lifecycle_id", "in", self.ids)]
        )
