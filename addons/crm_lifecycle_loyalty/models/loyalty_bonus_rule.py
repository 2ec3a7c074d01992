from odoo import fields, models
from odoo.fields import Domain


class LoyaltyBonusRule(models.Model):
    _inherit = "loyalty.bonus.rule"

    lifecycle_stage_ids = fields.Many2many(
        comodel_name="crm.lifecycle.stage",
        relation="loyalty_bonus_rule_stage_rel",
        string="Lifecycle stages",
        help="Only customers in one of these stages get the bonus. Empty: all.",
    )

    def _get_partner_domain(self):
        """Leave out customers in other stages than those of the rule."""
        domain = super()._get_partner_domain()
        if not self.lifecycle_stage_ids:
            return domain
        # Where a customer stands decides, whoever posts the bonus.
        profiles = self.env["crm.lifecycle.profile"].sudo()
        company = self.program_id.company_id or self.env.company
        found = profiles.search(
            [
                ("stage_id", "in", self.lifecycle_stage_ids.ids),
                ("company_id", "=", company.id),
                ("partner_id", "!=", False),
            ]
        )
        return domain & Domain("commercial_partner_id", "in", found.partner_id.ids)
