from odoo import fields, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_mixin import from_profile


class CrmLifecycleProfileMixin(models.AbstractModel):
    _inherit = "crm.lifecycle.profile.mixin"

    lifecycle_currency_id = from_profile(
        fields.Many2one, "currency_id", string="Lifecycle Currency"
    )
    lifecycle_balance_due = from_profile(
        fields.Monetary,
        "balance_due",
        string="Lifecycle Balance due",
        currency_field="lifecycle_currency_id",
    )
    lifecycle_overdue_amount = from_profile(
        fields.Monetary,
        "overdue_amount",
        string="Lifecycle Overdue",
        currency_field="lifecycle_currency_id",
    )
    lifecycle_overdue_since = from_profile(fields.Date, "overdue_since")
