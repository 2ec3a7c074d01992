from odoo import models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class AccountMove(models.Model):
    _inherit = "account.move"

    # The same as in `crm_lifecycle_account`, which may not be installed.
    _lifecycle_written_idx = watermark_index("write_date")
