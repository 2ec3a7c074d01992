from odoo import models

from odoo.addons.crm_lifecycle.fields import Integer


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    lifecycle_survey_days = Integer(
        related="company_id.lifecycle_survey_days", readonly=False
    )
