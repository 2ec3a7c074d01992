from odoo import fields, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_mixin import profile_field


class CrmLifecycleProfileMixin(models.AbstractModel):
    _inherit = "crm.lifecycle.profile.mixin"

    lifecycle_currency_id = profile_field(
        fields.Many2one, "currency_id", string="Lifecycle Currency"
    )
    lifecycle_balance_due = profile_field(
        fields.Monetary,
        "balance_due",
        string="Lifecycle Balance due",
        currency_field="lifecycle_currency_id",
    )
    lifecycle_overdue_amount = profile_field(
        fields.Monetary,
        "overdue_amount",
        string="Lifecycle Overdue",
        currency_field="lifecycle_currency_id",
    )
    lifecycle_overdue_since = profile_field(fields.Date, "overdue_since")
