from odoo import api, fields, models


class CrmLifecycleProfileSelection(models.AbstractModel):
    """Customers selected in a list, on the board or in a form, for a mass action."""

    _name = "crm.lifecycle.profile.selection"
    _description = "Chosen Customers"
    _inherit = ["crm.lifecycle.reference.mixin"]

    _readable_fields = ("profile_ids",)

    profile_ids = fields.Many2many(
        comodel_name="crm.lifecycle.profile",
        string="Customers",
        required=True,
        default=lambda self: self._default_profile_ids(),
    )
    profile_count = fields.Integer(
        string="Number of customers", compute="_compute_profile_count"
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
