from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_decision import (
    DECISION_MONTHS,
    DecisionFigure,
)


class CrmLifecycleProfile(models.Model):
    """Facts from quotations."""

    _inherit = "crm.lifecycle.profile"

    quotation_count = fields.Integer(
        string="Open quotations",
        readonly=True,
        fact="only",
        aggregator="sum",
        help="Quotations that are neither confirmed nor cancelled nor expired.",
    )

    @api.model
    def _get_overview_fact_names(self, short=False):
        facts = super()._get_overview_fact_names(short)
        return facts if short else {**facts, "quotation_count": None}

    def _get_decision_figures(self, scope):
        """Add the discounts given, as of the last run."""
        found = super()._get_decision_figures(scope)
        discounts = dict(self._read_discounts(scope))
        for profile in self:
            found[profile.id].append(
                DecisionFigure(
                    "given", self.env._("Discounts"), discounts.get(profile.id, 0)
                )
            )
        return found

    def _read_discounts(self, scope):
        """Return ``[(profile id, discounts)]`` of the orders of the decision's months.

        A discount is the percentage of a line, or a line with a negative price, such as
        a reward. Discounts are in the company's currency, without taxes.
        """
        self.flush_recordset(["partner_id"])
        for name in ("sale.order", "sale.order.line", "res.partner"):
            self.env[name].flush_model()
        return self.env.execute_query(
            SQL(
                """
                SELECT p.id, COALESCE(SUM(given.amount / COALESCE(
                           NULLIF(o.currency_rate, 0), 1)::numeric), 0)
                  FROM crm_lifecycle_profile AS p
                  JOIN res_partner AS c ON c.commercial_partner_id = p.partner_id
                  JOIN sale_order AS o ON o.partner_id = c.id
            CROSS JOIN LATERAL (
                        SELECT SUM(
                            CASE WHEN s.price_unit < 0 THEN -s.price_subtotal
                                 WHEN s.discount >= 100
                                 THEN s.price_unit * s.product_uom_qty
                                 WHEN s.discount > 0
                                 THEN s.price_subtotal * s.discount::numeric
                                      / (100 - s.discount::numeric)
                            END) AS amount
                          FROM sale_order_line AS s
                         WHERE s.order_id = o.id AND s.display_type IS NULL
                           AND s.is_downpayment IS NOT TRUE
                       ) AS given
                 WHERE p.id = ANY(%(ids)s) AND o.company_id = %(company)s
                   AND o.state = 'sale' AND o.amount_untaxed >= 0
                   AND o.date_order >= %(since)s AND o.date_order < %(end)s
                 GROUP BY p.id
                """,
                ids=self.ids,
                company=scope.company_id,
                since=scope.end_of_date_months_ago(DECISION_MONTHS),
                end=scope.day_end,
            )
        )
