from odoo import models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class CrmLoyaltyEntry(models.Model):
    _inherit = "crm.loyalty.entry"

    _lifecycle_created_idx = watermark_index("create_date")
    _lifecycle_date_idx = watermark_index("date")
