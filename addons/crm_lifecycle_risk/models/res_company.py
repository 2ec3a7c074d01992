from odoo import models

from odoo.addons.crm_lifecycle.fields import Datetime


class ResCompany(models.Model):
    _inherit = "res.company"

    lifecycle_risk_check_date = Datetime(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="The time of the last check of who is at risk.",
    )
