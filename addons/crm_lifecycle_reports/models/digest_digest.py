from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain


class DigestDigest(models.Model):
    """Show lifecycle figures in Odoo's digest emails to salespeople.

    One query per figure and period, by the index on company and day: Odoo computes one
    figure at a time and invalidates the cache in between.
    """

    _inherit = "digest.digest"

    kpi_lifecycle_new = fields.Boolean(string="New Customers")
    kpi_lifecycle_new_value = fields.Integer(compute="_compute_kpi_lifecycle_new_value")
    kpi_lifecycle_reactivated = fields.Boolean(string="Reactivated Customers")
    kpi_lifecycle_reactivated_value = fields.Integer(
        compute="_compute_kpi_lifecycle_reactivated_value"
    )
    kpi_lifecycle_at_risk = fields.Boolean(string="Customers Who Came to Be at Risk")
    kpi_lifecycle_at_risk_value = fields.Integer(
        compute="_compute_kpi_lifecycle_at_risk_value"
    )
    kpi_lifecycle_churned = fields.Boolean(string="Churned Customers")
    kpi_lifecycle_churned_value = fields.Integer(
        compute="_compute_kpi_lifecycle_churned_value"
    )

    @api.depends_context("uid", "start_datetime", "end_datetime")
    def _compute_kpi_lifecycle_new_value(self):
        self._compute_kpi_lifecycle("new")

    @api.depends_context("uid", "start_datetime", "end_datetime")
    def _compute_kpi_lifecycle_reactivated_value(self):
        self._compute_kpi_lifecycle("reactivated")

    @api.depends_context("uid", "start_datetime", "end_datetime")
    def _compute_kpi_lifecycle_at_risk_value(self):
        self._compute_kpi_lifecycle("at_risk")

    @api.depends_context("uid", "start_datetime", "end_datetime")
    def _compute_kpi_lifecycle_churned_value(self):
        self._compute_kpi_lifecycle("churned")

    def _compute_kpi_lifecycle(self, what):
        """Count moves of one kind in the digest's period, with the reader's rights.

        The period of a digest has times, moves have days. Count the days that begin in
        the period: a daily digest is about the day before, which the runs have
        completed.
        """
        if not self.env.user.has_group("sales_team.group_sale_salesman"):
            raise AccessError(
                self.env._("Only salespeople see the lifecycle in their digest.")
            )
        start, end, companies = self._get_kpi_compute_parameters()
        domain = Domain("date", ">=", fields.Date.to_date(start)) & Domain(
            "date", "<", fields.Date.to_date(end)
        )
        counts = self.env["crm.lifecycle.growth.mixin"]._count_flow(
            domain & Domain("company_id", "in", companies.ids), what
        )
        for digest in self:
            company = digest.company_id or self.env.company
            digest[f"kpi_lifecycle_{what}_value"] = counts.get(company.id, 0)

    def _compute_kpis_actions(self, company, user):
        actions = super()._compute_kpis_actions(company, user)
        menu = self.env.ref("crm_lifecycle.crm_lifecycle_menu_root").id
        for what in ("new", "reactivated", "at_risk", "churned"):
            actions[f"kpi_lifecycle_{what}"] = (
                f"crm_lifecycle.crm_lifecycle_history_action?menu_id={menu}"
            )
        return actions
