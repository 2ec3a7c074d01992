from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    lifecycle_risk_check_date = fields.Datetime(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="The time of the last check of who is at risk.",
    )
