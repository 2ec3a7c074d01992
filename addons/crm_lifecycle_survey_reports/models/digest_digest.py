from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain


class DigestDigest(models.Model):
    """Show the NPS of the period in Odoo's digest emails."""

    _inherit = "digest.digest"

    kpi_lifecycle_nps = fields.Boolean(string="NPS")
    kpi_lifecycle_nps_value = fields.Float(
        digits=(16, 1), compute="_compute_kpi_lifecycle_nps_value"
    )

    @api.depends_context("uid", "start_datetime", "end_datetime")
    def _compute_kpi_lifecycle_nps_value(self):
        """Compute the NPS of the period from the answers that the user may read.

        It is 0 without answers, because a digest can't show an empty value.
        """
        if not self.env.user.has_group("sales_team.group_sale_salesman"):
            raise AccessError(
                self.env._("Only salespeople see the NPS in their digest.")
            )
        start, end, companies = self._get_kpi_compute_parameters()
        groups = self.env["crm.lifecycle.satisfaction.report"]._read_group(
            Domain("kind", "=", "nps")
            & Domain("company_id", "in", companies.ids)
            & Domain("date", ">=", fields.Date.to_date(start))
            & Domain("date", "<", fields.Date.to_date(end)),
            ["company_id"],
            ["nps:avg"],
        )
        scores = dict(groups)
        for digest in self:
            company = digest.company_id or self.env.company
            digest.kpi_lifecycle_nps_value = scores.get(company, 0)

    def _compute_kpis_actions(self, company, user):
        actions = super()._compute_kpis_actions(company, user)
        menu = self.env.ref("crm_lifecycle.crm_lifecycle_menu_root").id
        actions["kpi_lifecycle_nps"] = (
            "crm_lifecycle_survey.crm_lifecycle_satisfaction_report_action"
            f"?menu_id={menu}"
        )
        return actions
