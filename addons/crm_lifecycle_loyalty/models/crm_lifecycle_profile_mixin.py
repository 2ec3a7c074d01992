from odoo import fields, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_mixin import from_profile


class CrmLifecycleProfileMixin(models.AbstractModel):
    _inherit = "crm.lifecycle.profile.mixin"

    lifecycle_loyalty_points = from_profile(
        fields.Float, "loyalty_points", string="Lifecycle Points"
    )
    lifecycle_loyalty_tier_id = from_profile(
        fields.Many2one, "loyalty_tier_id", string="Lifecycle Tier"
    )
