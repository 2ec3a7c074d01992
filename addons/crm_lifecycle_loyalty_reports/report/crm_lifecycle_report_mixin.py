from odoo import api, fields, models
from odoo.tools import SQL


class CrmLifecycleReportMixin(models.AbstractModel):
    """Add the loyalty tier of the customer to all reports."""

    _inherit = "crm.lifecycle.report.mixin"
    _depends = {"crm.lifecycle.profile": ["loyalty_tier_id"]}

    loyalty_tier_id = fields.Many2one(
        comodel_name="crm.loyalty.tier",
        string="Loyalty tier",
        readonly=True,
        help="The tier that the customer has today.",
    )

    @api.model
    def _get_customer_columns(self):
        return SQL("%s, p.loyalty_tier_id", super()._get_customer_columns())
