from odoo import api, models

from odoo.addons.crm_loyalty.renames import FIELDS


class CrmLifecycleFile(models.AbstractModel):
    _inherit = "crm.lifecycle.file"

    @api.model
    def _get_renamed_fields(self):
        renamed = super()._get_renamed_fields()
        return renamed | {
            model: renamed.get(model, {}) | names for model, names in FIELDS.items()
        }
