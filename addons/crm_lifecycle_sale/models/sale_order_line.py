from odoo import models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    # Lines are written when they are invoiced, credited or delivered.
    _lifecycle_written_idx = watermark_index("write_date")
