from odoo import api, models


class CrmLifecycle(models.Model):
    _inherit = "crm.lifecycle"

    @api.model
    def _lifecycle_sources(self):
        return [*super()._lifecycle_sources(), "crm.lifecycle.source.visit"]
