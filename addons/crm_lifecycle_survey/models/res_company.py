from odoo import models

from odoo.addons.crm_lifecycle.engine.bounds import MAX_DAYS
from odoo.addons.crm_lifecycle.fields import Integer


class ResCompany(models.Model):
    _inherit = "res.company"

    lifecycle_survey_days = Integer(
        minimum=0,
        maximum=MAX_DAYS,
        string="Days between Surveys",
        default=90,
        help="A customer is asked at most once in so many days, whatever the survey. "
        "0: no limit.",
    )
