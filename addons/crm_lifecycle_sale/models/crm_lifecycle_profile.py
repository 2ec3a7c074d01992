from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine.effective_dates import FactEvents
from odoo.addons.crm_lifecycle.engine.scope import day_end
from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_decision import (
    DECISION_MONTHS,
    DecisionFigure,
)
from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_health import HealthSign


class CrmLifecycleProfile(models.Model):
    """Facts from orders, in the company's currency, without taxes, less returns."""

    _inherit = "crm.lifecycle.profile"

    quotation_count = fields.Integer(
        string="Open quotations",
        readonly=True,
        fact="only",
        aggregator="sum",
        help="Quotations that are neither confirmed nor cancelled nor expired.",
    )
    first_order_date = fields.Date(string="First order", readonly=True, fact="only")
    last_order_date = fields.Date(string="Last order", readonly=True, fact="only")
    order_count = fields.Integer(
        string="Orders", readonly=True, fact="only", aggregator="sum"
    )
    order_total = fields.Monetary(
        string="Ordered",
        readonly=True,
        fact="only",
        aggregator="sum",
        help="Confirmed orders less credit notes, without taxes.",
    )
    order_total_12m = fields.Monetary(
        string="Ordered in 12 months", readonly=True, fact="only", aggregator="sum"
    )
    order_total_prev_12m = fields.Monetary(
        string="Ordered in the 12 months before",
        readonly=True,
        fact="only",
        aggregator="sum",
    )
    average_order_value = fields.Monetary(
        string="Average order", readonly=True, fact="only", aggregator="avg"
    )
    order_interval_days = fields.Float(
        string="Days between orders",
        readonly=True,
        fact="only",
        aggregator="avg",
        help="Mean days between the days on which the customer bought; empty for "
        "customers who bought on one day only.",
    )
    order_trend = fields.Float(
        string="Order trend",
        readonly=True,
        fact="only",
        aggregator="avg",
        help="Orders of 12 months against those of the 12 months before: 0.1 is ten "
        "percent more. Empty where there was nothing before.",
    )

    @api.model
    def _get_overview_fact_names(self, short=False):
        facts = {
            **super()._get_overview_fact_names(short),
            "order_total_12m": "order_total_prev_12m",
            "order_count": None,
            "last_order_date": None,
        }
        if not short:
            more = ("order_total", "average_order_value", "order_interval_days")
            facts |= dict.fromkeys((*more, "quotation_count"))
        return facts

    @api.model
    def _get_customer_date_sql(self):
        return SQL("COALESCE(p.first_order_date, %s)", super()._get_customer_date_sql())

    @api.model
    def _get_purchase_date_sql(self):
        return SQL("GREATEST(p.last_order_date, %s)", super()._get_purchase_date_sql())

    @api.model
    def _get_activity_facts(self):
        return [*super()._get_activity_facts(), "last_order_date"]

    @api.model
    def _get_health_signs(self):
        """Add customers to watch who order less than the year before."""
        return [
            *super()._get_health_signs(),
            HealthSign(
                "watch",
                lambda percent: Domain("order_trend", "<=", -percent / 100),
                lambda percent: self.env._(
                    "Orders are %(percent)s %% or more below the year before",
                    percent=percent,
                ),
                code="decline",
                name=self.env._("Decline in orders"),
                threshold=30,
                unit="percent",
                maximum=100,
            ),
        ]

    @api.model
    def _get_fact_events(self, scope):
        Source = self.env["crm.lifecycle.source.sale"]
        first_new_date = None
        if scope.previous_as_of:
            first_new_date = Source._get_purchase_day(
                scope, 1, since=day_end(scope.previous_as_of, scope.tz)
            )
        return super()._get_fact_events(scope) | {
            "order_count": FactEvents(
                nth_date=lambda number: Source._get_purchase_day(scope, number)
            ),
            "last_order_date": FactEvents(first_new_date=first_new_date),
        }

    def _get_decision_figures(self, scope):
        """Add what was ordered, as of the last run, and the discounts given."""
        found = super()._get_decision_figures(scope)
        orders = {
            profile_id: (count, discounts)
            for profile_id, count, discounts in self._read_decision_orders(scope)
        }
        for profile in self:
            count, discounts = orders.get(profile.id, (0, 0))
            ordered = profile.order_total_12m + profile.order_total_prev_12m
            found[profile.id] += [
                DecisionFigure("returned", self.env._("Ordered"), ordered),
                DecisionFigure("returned", self.env._("Orders"), count, "number"),
                DecisionFigure("given", self.env._("Discounts"), discounts),
            ]
        return found

    def _read_decision_orders(self, scope):
        """Return ``[(profile id, number of orders, discounts)]``.

        A discount is the percentage of a line, or a line with a negative price, such as
        a reward. Discounts are in the company's currency, without taxes.
        """
        self.flush_recordset(["partner_id"])
        for name in ("sale.order", "sale.order.line", "res.partner"):
            self.env[name].flush_model()
        return self.env.execute_query(
            SQL(
                """
                SELECT p.id, COUNT(*),
                       COALESCE(SUM(given.amount / COALESCE(
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
