from odoo import fields, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_mixin import profile_field


class CrmLifecycleProfileMixin(models.AbstractModel):
    _inherit = "crm.lifecycle.profile.mixin"

    lifecycle_loyalty_points = profile_field(
        fields.Float, "loyalty_points", string="Lifecycle Points"
    )
    lifecycle_loyalty_tier_id = profile_field(
        fields.Many2one, "loyalty_tier_id", string="Lifecycle Tier"
    )
