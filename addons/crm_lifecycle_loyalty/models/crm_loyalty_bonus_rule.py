from odoo import fields, models
from odoo.fields import Domain


class CrmLoyaltyBonusRule(models.Model):
    _inherit = "crm.loyalty.bonus.rule"

    lifecycle_stage_ids = fields.Many2many(
        comodel_name="crm.lifecycle.stage",
        relation="crm_loyalty_bonus_rule_stage_rel",
        string="Lifecycle stages",
        groups="sales_team.group_sale_salesman",
        help="Only customers in one of these stages get the bonus. Empty: all.",
    )

    def _get_partner_domain(self):
        """Leave out customers that are not in one of the rule's stages."""
        domain = super()._get_partner_domain()
        # `sudo()`: the stage counts even if the user can't read it.
        stages = self.sudo().lifecycle_stage_ids
        if not stages:
            return domain
        profiles = self.env["crm.lifecycle.profile"].sudo()
        company = self.program_id.company_id or self.env.company
        found = profiles.search(
            [
                ("stage_id", "in", stages.ids),
                ("company_id", "=", company.id),
                ("partner_id", "!=", False),
            ]
        )
        return domain & Domain("commercial_partner_id", "in", found.partner_id.ids)
