from odoo import api, fields, models


class CrmLifecycleProfileMove(models.TransientModel):
    """Move customers by hand, with the reason for it."""

    _name = "crm.lifecycle.profile.move"
    _description = "Move Customers to a Stage"

    profile_ids = fields.Many2many(
        comodel_name="crm.lifecycle.profile",
        string="Customers",
        required=True,
        default=lambda self: self._default_profile_ids(),
    )
    lifecycle_id = fields.Many2one(
        comodel_name="crm.lifecycle", compute="_compute_lifecycle_id"
    )
    stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage",
        string="Move to",
        required=True,
        domain="[('lifecycle_id', '=', lifecycle_id)]",
        ondelete="cascade",
    )
    reason = fields.Char(required=True)

    @api.model
    def _default_profile_ids(self):
        if self.env.context.get("active_model") != "crm.lifecycle.profile":
            return False
        return self.env.context.get("active_ids")

    @api.depends("profile_ids")
    def _compute_lifecycle_id(self):
        for wizard in self:
            wizard.lifecycle_id = wizard.profile_ids.lifecycle_id[:1]

    def action_move(self):
        """Move the customers through the one writer, with the reason."""
        self.ensure_one()
        profiles = self.profile_ids.with_context(lifecycle_reason=self.reason)
        profiles.write({"stage_id": self.stage_id.id})
        return {"type": "ir.actions.act_window_close"}
