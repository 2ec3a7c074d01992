from odoo import api, fields, models


class CrmLifecycleErase(models.TransientModel):
    """Asks for confirmation before persons are erased."""

    _name = "crm.lifecycle.erase"
    _description = "Erase a Person"
    _inherit = ["crm.lifecycle.reference.mixin"]

    _readable_fields = ("profile_ids",)

    profile_ids = fields.Many2many(
        comodel_name="crm.lifecycle.profile", string="Customers", required=True
    )
    names = fields.Text(compute="_compute_names", string="Who")

    @api.depends("profile_ids")
    def _compute_names(self):
        for wizard in self:
            wizard.names = "\n".join(wizard.profile_ids.mapped("display_name"))

    def action_erase(self):
        """Erase the selected persons."""
        self.profile_ids.action_erase()
        return {"type": "ir.actions.act_window_close"}
