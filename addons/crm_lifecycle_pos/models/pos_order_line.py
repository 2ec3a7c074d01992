from odoo import models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class PosOrderLine(models.Model):
    _inherit = "pos.order.line"

    _lifecycle_written_idx = watermark_index("write_date")
