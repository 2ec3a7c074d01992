from odoo import api, fields, models
from odoo.tools import SQL


class CrmLifecycleCustomerReport(models.Model):
    """Add revenue and repeat purchases to the report on current customers."""

    _inherit = "crm.lifecycle.customer.report"
    _percentiles = {"order_interval_median": ("order_interval_days", 0.5)}

    currency_id = fields.Many2one(comodel_name="res.currency", readonly=True)
    first_order_date = fields.Date(string="First order", readonly=True)
    last_order_date = fields.Date(string="Last order", readonly=True)
    buyer_count = fields.Integer(string="Buyers", readonly=True, aggregator="sum")
    order_count = fields.Integer(string="Orders", readonly=True, aggregator="sum")
    order_total = fields.Monetary(string="Ordered", readonly=True, aggregator="sum")
    order_total_12m = fields.Monetary(
        string="Ordered in 12 months", readonly=True, aggregator="sum"
    )
    repeat_rate = fields.Float(
        string="Repeat purchase rate",
        readonly=True,
        aggregator="avg",
        help="Of all who bought, the share that bought more than once.",
    )
    order_interval_days = fields.Float(
        string="Days between orders (average)", readonly=True, aggregator="avg"
    )
    order_interval_median = fields.Float(
        string="Days between orders (median)", readonly=True, aggregator="avg"
    )

    @api.model
    def _get_fact_columns(self):
        return SQL(
            """
            %s, company.currency_id, p.first_order_date, p.last_order_date,
            (p.order_count > 0)::int AS buyer_count, p.order_count,
            p.order_total, p.order_total_12m,
            CASE WHEN p.order_count > 0 THEN (p.order_count > 1)::int END
                AS repeat_rate,
            p.order_interval_days, p.order_interval_days AS order_interval_median
            """,
            super()._get_fact_columns(),
        )

    @api.model
    def _get_customer_joins(self):
        return SQL(
            "%s LEFT JOIN res_company AS company ON company.id = p.company_id",
            super()._get_customer_joins(),
        )
