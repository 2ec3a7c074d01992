from odoo import models
from odoo.exceptions import UserError

from ..fields import Date


class CrmLifecycleProfilePin(models.TransientModel):
    """Pins customers until a date, so that no rule moves them."""

    _name = "crm.lifecycle.profile.pin"
    _inherit = "crm.lifecycle.profile.selection"
    _description = "Pin Customers"

    pinned_until = Date(
        help="No rule moves the customers up to and including this day."
    )

    def action_pin(self):
        """Pin the customers in their stages."""
        self.ensure_one()
        if not self.pinned_until:
            raise UserError(
                self.env._("Choose the day until which the customers are pinned.")
            )
        self.profile_ids._pin(self.pinned_until)
        return {"type": "ir.actions.act_window_close"}

    def action_unpin(self):
        """Let the rules move the customers again."""
        self.ensure_one()
        self.profile_ids._pin(False)
        return {"type": "ir.actions.act_window_close"}
