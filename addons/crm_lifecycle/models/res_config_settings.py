from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    lifecycle_tz = fields.Selection(
        related="company_id.lifecycle_tz", readonly=False, string="Time Zone"
    )
