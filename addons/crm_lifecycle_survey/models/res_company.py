from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    lifecycle_survey_days = fields.Integer(
        string="Days between Surveys",
        default=90,
        help="A customer is asked at most once in so many days, whatever the survey. "
        "0: no limit.",
    )
