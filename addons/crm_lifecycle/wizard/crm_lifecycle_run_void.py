from odoo import api, fields, models
from odoo.exceptions import AccessError


class CrmLifecycleRunVoid(models.TransientModel):
    """Asks for confirmation and a reason before a run is voided."""

    _name = "crm.lifecycle.run.void"
    _description = "Void a Run"

    run_id = fields.Many2one(
        comodel_name="crm.lifecycle.run",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    as_of = fields.Date(related="run_id.as_of")
    moved_count = fields.Integer(related="run_id.moved_count")
    reason = fields.Char(required=True)

    @api.constrains("run_id")
    def _check_run(self):
        """Refuse runs of companies that the user may not access."""
        # Constraints are checked as superuser.
        self.run_id.sudo(False).check_access("read")

    def action_void(self):
        """Void the run and show what was reverted."""
        self.ensure_one()
        if not self.env.user.has_group("sales_team.group_sale_manager"):
            raise AccessError(self.env._("Only administrators of Sales void runs."))
        self.run_id.check_access("read")
        # Only the engine writes runs, profiles and their history.
        self.run_id.sudo()._void(self.reason)
        return self.run_id._get_form_action()
