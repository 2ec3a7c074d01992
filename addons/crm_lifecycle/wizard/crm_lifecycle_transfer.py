from odoo import api, fields, models

from ..fields import Date


class CrmLifecycleTransfer(models.TransientModel):
    """Moves customers to another lifecycle, with a reason."""

    _name = "crm.lifecycle.transfer"
    _description = "Move Customers to Another Lifecycle"
    _inherit = ["crm.lifecycle.reference.mixin"]

    _readable_fields = ("profile_ids", "lifecycle_id")

    profile_ids = fields.Many2many(
        comodel_name="crm.lifecycle.profile",
        string="Customers",
        required=True,
        default=lambda self: self._default_profile_ids(),
    )
    profile_count = fields.Integer(string="How many", compute="_compute_profile_count")
    lifecycle_id = fields.Many2one(
        comodel_name="crm.lifecycle",
        string="Move to",
        required=True,
        domain="[('state', '=', 'active')]",
        ondelete="cascade",
    )
    pinned_until = Date(
        help="No run moves them back, up to and including this day. Empty: once the "
        "hold after manual moves ends, the run leaves the customers that the "
        "conditions of the lifecycle take, and moves the others back."
    )
    reason = fields.Char(required=True)
    targets = fields.Html(
        string="They go to",
        compute="_compute_targets",
        sanitize=False,  # only our own template writes it
    )

    @api.model
    def _default_profile_ids(self):
        if self.env.context.get("active_model") != "crm.lifecycle.profile":
            return False
        return self.env.context.get("active_ids")

    @api.depends("profile_ids")
    def _compute_profile_count(self):
        for wizard in self:
            wizard.profile_count = len(wizard.profile_ids)

    @api.depends("profile_ids", "lifecycle_id")
    @api.depends_context("lang")
    def _compute_targets(self):
        for wizard in self:
            if not wizard.lifecycle_id.stage_ids:
                wizard.targets = False
                continue
            profiles = wizard.profile_ids._origin
            groups = profiles._group_by_stage_in(wizard.lifecycle_id._origin)
            going = sum(len(members) for _stage, members in groups)
            wizard.targets = self.env["ir.qweb"]._render(
                "crm_lifecycle.transfer_targets",
                {"groups": groups, "staying": len(profiles) - going},
            )

    def action_transfer(self):
        """Move the customers with the move service, and pin them if requested."""
        self.ensure_one()
        moved = self.profile_ids._lifecycle_transfer(self.lifecycle_id, self.reason)
        if self.pinned_until and moved:
            moved.write({"pinned_until": self.pinned_until})
        return moved._get_move_notice_action({"type": "ir.actions.act_window_close"})
