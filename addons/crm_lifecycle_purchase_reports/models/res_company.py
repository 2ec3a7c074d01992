from odoo import models

from odoo.addons.crm_lifecycle.fields import Date, Datetime


class ResCompany(models.Model):
    _inherit = "res.company"

    lifecycle_purchase_watermark = Datetime(
        export_string_translation=False,
        help="When the purchases by month were refreshed. Empty: the next refresh "
        "computes those of all customers.",
    )
    lifecycle_purchase_as_of = Date(
        export_string_translation=False,
        help="The day up to which purchases are in the purchases by month.",
    )

    def write(self, vals):
        if "lifecycle_tz" in vals:
            # The months of purchases may change: the next refresh recomputes them.
            vals = {**vals, "lifecycle_purchase_watermark": False}
        return super().write(vals)
