from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    loyalty_tz = fields.Selection(
        related="company_id.loyalty_tz", readonly=False, required=True
    )
    loyalty_adjust_limit = fields.Float(
        related="company_id.loyalty_adjust_limit", readonly=False
    )
