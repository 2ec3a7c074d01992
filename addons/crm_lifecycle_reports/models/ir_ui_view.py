from odoo import fields, models


class IrUiView(models.Model):
    _inherit = "ir.ui.view"

    type = fields.Selection(
        selection_add=[
            ("lifecycle_cohort", "Lifecycle Cohorts"),
            ("lifecycle_flow", "Lifecycle Flow"),
        ]
    )

    def _get_view_info(self):
        return super()._get_view_info() | {
            "lifecycle_cohort": {"icon": "fa fa-th"},
            "lifecycle_flow": {"icon": "fa fa-random"},
        }
