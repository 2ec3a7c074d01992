from odoo import fields, models

from odoo.addons.crm_lifecycle.fields import Integer


class CrmLifecycleRiskReason(models.Model):
    """Reason why a customer may leave, to compare losses by."""

    _name = "crm.lifecycle.risk.reason"
    _description = "Risk Reason"
    _inherit = ["crm.lifecycle.company.mixin"]
    _order = "sequence, id"

    name = fields.Char(string="Reason", required=True, translate=True)
    sequence = Integer(default=10)
    active = fields.Boolean(default=True)

    _name_unique = models.UniqueIndex(
        "(name)", "There is a reason of this name already."
    )
