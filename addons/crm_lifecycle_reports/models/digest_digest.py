from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain


class DigestDigest(models.Model):
    """Figures of the lifecycle in Odoo's digest mails, for whoever works with it.

    As many queries as figures and periods, each by the index of the history on company
    and day: Odoo asks for one figure at a time, and forgets each before the next.
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
        """Count moves of one kind in the period of the digest, as its reader.

        A digest is about a day and a moment: days count that begin in its period. So
        that of a day is about the day before, of which the run has told all moves.
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
