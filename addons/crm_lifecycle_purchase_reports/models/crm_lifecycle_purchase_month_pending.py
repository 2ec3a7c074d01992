from odoo import fields, models

from odoo.addons.crm_lifecycle.fields import LooseMany2one


class CrmLifecyclePurchaseMonthPending(models.Model):
    """Customers with changed purchases, for the next refresh of the months.

    There are no foreign keys, so that adding rows locks nothing.
    """

    _name = "crm.lifecycle.purchase.month.pending"
    _description = "Purchases of a Month to Refresh"
    _log_access = False

    company_id = LooseMany2one(comodel_name="res.company", required=True)
    partner_id = fields.Integer(string="Contact ID", required=True)
