from odoo import fields, models


class IrActionsActWindowView(models.Model):
    _inherit = "ir.actions.act_window.view"

    view_mode = fields.Selection(
        selection_add=[
            ("lifecycle_cohort", "Lifecycle Cohorts"),
            ("lifecycle_flow", "Lifecycle Flow"),
        ],
        ondelete={"lifecycle_cohort": "cascade", "lifecycle_flow": "cascade"},
    )
