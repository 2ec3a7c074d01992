from odoo import api, fields, models
from odoo.exceptions import ValidationError

# What a webhook may be about.
WEBHOOK_MODELS = ("crm.lifecycle.profile", "crm.lifecycle.history")


class CrmLifecycle(models.Model):
    _inherit = "crm.lifecycle"

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
            # The check covers actions that the user may not read.
            for action in lifecycle.sudo().move_action_ids:
                if action.state != "webhook" or action.model_name not in WEBHOOK_MODELS:
                    raise ValidationError(
                        self.env._(
                            "“%(action)s” is no webhook about customer profiles or "
                            "moves. Choose one of the type “Send Webhook Notification” "
                            "on the model “Customer Profile” or “Lifecycle History”.",
                            action=action.name,
                        )
                    )
