from odoo import fields, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_mixin import profile_field


class CrmLifecycleProfileMixin(models.AbstractModel):
    _inherit = "crm.lifecycle.profile.mixin"

    lifecycle_currency_id = profile_field(
        fields.Many2one, "currency_id", string="Lifecycle Currency"
    )
    lifecycle_order_count = profile_field(
        fields.Integer, "order_count", string="Lifecycle Orders"
    )
    lifecycle_last_order_date = profile_field(fields.Date, "last_order_date")
    lifecycle_order_total = profile_field(
        fields.Monetary,
        "order_total",
        string="Lifecycle Ordered",
        currency_field="lifecycle_currency_id",
    )
    lifecycle_order_total_12m = profile_field(
        fields.Monetary,
        "order_total_12m",
        string="Lifecycle Ordered in 12 months",
        currency_field="lifecycle_currency_id",
    )
