from odoo import api, fields, models, tools


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    lifecycle_stage_ids = fields.Many2many(
        comodel_name="crm.lifecycle.stage",
        relation="loyalty_program_stage_rel",
        string="Earn in stages",
        groups="sales_team.group_sale_salesman",
        help="Only customers in one of these lifecycle stages earn points with "
        "orders. Empty: all.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        programs = super().create(vals_list)
        if programs.sudo().lifecycle_stage_ids:  # read, not shown
            self.env.registry.clear_cache()
        return programs

    def write(self, vals):
        if "lifecycle_stage_ids" in vals:
            self.env.registry.clear_cache()
        return super().write(vals)

    @api.model
    @tools.ormcache()
    def _get_stage_program_ids(self):
        """Return the ids of the programmes with a stage condition, from the cache."""
        # `sudo()`: the cached ids must not depend on the user.
        staged = self.sudo().with_context(active_test=False)
        return frozenset(staged.search([("lifecycle_stage_ids", "!=", False)]).ids)

    def _has_multiplier(self):
        return super()._has_multiplier() or self.id in self._get_stage_program_ids()

    def _get_multiplier(self, card, partner):
        """Give no points to customers that are not in one of the programme's stages."""
        if self.id in self._get_stage_program_ids() and not self._is_in_stages(partner):
            return 0
        return super()._get_multiplier(card, partner)

    def _is_in_stages(self, partner):
        """Return whether a customer is in one of the stages that earn points."""
        # `sudo()`: the stage counts even if the user can't read it.
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
        # As above.
        return profile.stage_id in self.sudo().lifecycle_stage_ids
