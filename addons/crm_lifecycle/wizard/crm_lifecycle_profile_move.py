from odoo import api, fields, models

from ..models.crm_lifecycle_background import SMALL_MOVE


class CrmLifecycleProfileMove(models.TransientModel):
    """Moves customers manually, with a reason."""

    _name = "crm.lifecycle.profile.move"
    _inherit = "crm.lifecycle.profile.selection"
    _description = "Move Customers to a Stage"

    _readable_fields = ("profile_ids", "stage_id")

    lifecycle_ids = fields.Many2many(
        comodel_name="crm.lifecycle", compute="_compute_lifecycle_ids"
    )
    lifecycle_count = fields.Integer(compute="_compute_lifecycle_ids")
    stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage",
        string="Move to",
        required=True,
        domain="[('lifecycle_id', 'in', lifecycle_ids)]",
        ondelete="cascade",
    )
    reason = fields.Char(required=True)
    is_refused_left_out = fields.Boolean(
        string="Leave out who can't move there",
        help="Customers of another lifecycle, and those whom the lifecycle does not "
        "let go there, stay where they are. Otherwise nobody moves if one can't.",
    )

    @api.depends("profile_ids")
    def _compute_lifecycle_ids(self):
        for wizard in self:
            wizard.lifecycle_ids = wizard.profile_ids.lifecycle_id
            wizard.lifecycle_count = len(wizard.lifecycle_ids)

    def action_move(self):
        """Move the customers, in the background if there are many.

        Return the action that notifies of rules that would move them away again.
        Whether they can move is checked first, unless customers who can't are left out.
        """
        self.ensure_one()
        if len(self.profile_ids) > SMALL_MOVE:
            if not self.is_refused_left_out:
                self.profile_ids._check_move(self.stage_id)
            return self.profile_ids._start_move(self.stage_id, self.reason)
        profiles = self.profile_ids.with_context(lifecycle_reason=self.reason)
        if not self.is_refused_left_out:
            profiles.write({"stage_id": self.stage_id.id})
            return profiles._get_move_notice_action(
                {"type": "ir.actions.act_window_close"}
            )
        movable = profiles.filtered(
            lambda profile: (
                profile.lifecycle_id == self.stage_id.lifecycle_id
                and profile.stage_id != self.stage_id
            )
        )
        refused = movable._get_refusal_reasons(self.stage_id)
        movable = movable.filtered(lambda profile: profile not in refused)
        if movable:
            movable.write({"stage_id": self.stage_id.id})
        action = profiles._get_notification_action(
            self.env._(
                "%(moved)s of %(count)s customers moved to “%(stage)s”.",
                moved=len(movable),
                count=len(profiles),
                stage=self.stage_id.name,
            )
        )
        return movable._get_move_notice_action(action)
