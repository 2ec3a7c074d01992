from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    lifecycle_survey_days = fields.Integer(
        related="company_id.lifecycle_survey_days", readonly=False
    )
