from odoo import fields, models


class CrmLifecycleProfileAssign(models.TransientModel):
    """Assigns customers to a salesperson."""

    _name = "crm.lifecycle.profile.assign"
    _inherit = "crm.lifecycle.profile.selection"
    _description = "Assign Customers"

    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Salesperson",
        domain="[('share', '=', False)]",
        default=lambda self: self.env.user,
        ondelete="cascade",
        help="Empty: the customers are nobody's, and every salesperson sees them.",
    )

    def action_assign(self):
        """Assign the customers to the salesperson, or unassign them."""
        self.ensure_one()
        self.profile_ids.write({"user_id": self.user_id.id})
        return {"type": "ir.actions.act_window_close"}
