from odoo import fields, models


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    lifecycle_stage_ids = fields.Many2many(
        comodel_name="crm.lifecycle.stage",
        relation="loyalty_program_stage_rel",
        string="Earn in stages",
        help="Only customers in one of these lifecycle stages earn points with "
        "orders. Empty: all.",
    )

    def _has_multiplier(self):
        return super()._has_multiplier() or bool(self.lifecycle_stage_ids)

    def _get_multiplier(self, card, partner):
        """Give nothing to customers in other stages than those of the programme."""
        if self.lifecycle_stage_ids and not self._is_in_stages(partner):
            return 0
        return super()._get_multiplier(card, partner)

    def _is_in_stages(self, partner):
        """Whether a customer is in one of the stages that earn."""
        # Where a customer stands decides, whoever enters the order.
        profile = (
            self.env["crm.lifecycle.profile"]
            .sudo()
            .search(
                [
                    ("partner_id", "=", partner.commercial_partner_id.id),
                    ("company_id", "=", (self.company_id or self.env.company).id),
                ]
            )
        )
        return profile.stage_id in self.sudo().lifecycle_stage_ids
