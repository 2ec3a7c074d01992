from odoo import fields, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_mixin import from_profile


class CrmLifecycleProfileMixin(models.AbstractModel):
    _inherit = "crm.lifecycle.profile.mixin"

    lifecycle_currency_id = from_profile(
        fields.Many2one, "currency_id", string="Lifecycle Currency"
    )
    lifecycle_order_count = from_profile(
        fields.Integer, "order_count", string="Lifecycle Orders"
    )
    lifecycle_last_order_date = from_profile(fields.Date, "last_order_date")
    lifecycle_order_total = from_profile(
        fields.Monetary,
        "order_total",
        string="Lifecycle Ordered",
        currency_field="lifecycle_currency_id",
    )
    lifecycle_order_total_12m = from_profile(
        fields.Monetary,
        "order_total_12m",
        string="Lifecycle Ordered in 12 months",
        currency_field="lifecycle_currency_id",
    )
