from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain


class DigestDigest(models.Model):
    """Possible cost of outstanding points, in digest emails."""

    _inherit = "digest.digest"

    kpi_loyalty_liability = fields.Boolean(string="Points Liability")
    kpi_loyalty_liability_value = fields.Monetary(
        compute="_compute_kpi_loyalty_liability_value"
    )

    @api.depends_context("uid", "start_datetime", "end_datetime")
    def _compute_kpi_loyalty_liability_value(self):
        """Compute the liability at the end of the period, with the user's access.

        It is a balance, so days before the period also count.
        """
        if not self.env.user.has_group("crm_loyalty.group_points_user"):
            raise AccessError(
                self.env._("Only who sees points has their liability in the digest.")
            )
        _start, end, companies = self._get_kpi_compute_parameters()
        day = fields.Date.to_date(end) or fields.Date.context_today(self)
        sums = self._get_loyalty_liabilities(day, companies)
        for digest in self:
            company = digest.company_id or self.env.company
            digest.kpi_loyalty_liability_value = sums.get(company, 0)

    def _get_loyalty_liabilities(self, end, companies):
        """Return ``{company: liability}`` before a day, in the company's currency.

        Programs of all companies are left out, since no company owes their points.
        """
        groups = self.env["crm.loyalty.points.report"]._read_group(
            Domain("date", "<", end)
            & Domain("company_id", "in", companies.ids)
            & Domain("program_id.program_type", "=", "loyalty"),
            ["company_id", "currency_id"],
            ["liability:sum"],
        )
        sums = {}
        for company, currency, liability in groups:
            amount = (currency or company.currency_id)._convert(
                liability, company.currency_id, company, end, round=False
            )
            sums[company] = sums.get(company, 0) + amount
        return sums

    def _compute_kpis_actions(self, company, user):
        actions = super()._compute_kpis_actions(company, user)
        menu = self.env.ref("crm_loyalty.menu_root").id
        actions["kpi_loyalty_liability"] = (
            f"crm_loyalty.crm_loyalty_points_report_action?menu_id={menu}"
        )
        return actions
