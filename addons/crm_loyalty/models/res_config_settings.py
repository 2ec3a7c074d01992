from odoo import api, fields, models

from .crm_loyalty_bounded_mixin import check_values
from .res_company import LIMIT_BOUNDS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    crm_loyalty_tz = fields.Selection(
        related="company_id.crm_loyalty_tz", readonly=False, required=True
    )
    crm_loyalty_adjust_limit = fields.Float(
        related="company_id.crm_loyalty_adjust_limit", readonly=False
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            check_values(self, vals, LIMIT_BOUNDS)
        return super().create(vals_list)

    def write(self, vals):
        check_values(self, vals, LIMIT_BOUNDS)
        return super().write(vals)
