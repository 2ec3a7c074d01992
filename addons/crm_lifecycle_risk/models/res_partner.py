from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    lifecycle_risk_case_count = fields.Integer(
        string="Risk Cases",
        compute="_compute_lifecycle_risk_case_count",
        compute_sudo=False,
        groups="sales_team.group_sale_salesman",
    )

    @api.depends_context("company", "uid")
    def _compute_lifecycle_risk_case_count(self):
        for partner in self:
            partner.lifecycle_risk_case_count = (
                partner.lifecycle_profile_id.risk_case_count
            )

    def action_open_lifecycle_risk_cases(self):
        """Open the cases of the contact's customer."""
        self.ensure_one()
        return self.lifecycle_profile_id.action_open_risk_cases()
