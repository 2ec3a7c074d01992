from odoo import api, fields, models
from odoo.tools import SQL, format_datetime

from odoo.addons.crm_lifecycle.engine.statements import is_counted
from odoo.addons.crm_lifecycle_reports.report.crm_lifecycle_cohort_mixin import (
    Anchor,
    Measure,
)


class CrmLifecyclePurchaseReport(models.Model):
    """Purchases by customer and month: cohorts, new and returning buyers, revenue.

    Worked example: a customer buys in January, twice in February and in June. There are
    three rows. January is the first purchase and was followed in the next month,
    February was not, and all belong to the cohort of January.
    """

    _name = "crm.lifecycle.purchase.report"
    _inherit = ["crm.lifecycle.report.mixin", "crm.lifecycle.cohort.mixin"]
    _description = "Purchases by Month"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "profile_id"
    _depends = {
        "crm.lifecycle.purchase.month": [
            "profile_id",
            "company_id",
            "month",
            "purchase_count",
            "amount",
            "cohort_date",
            "previous_month",
            "next_month",
        ],
        "crm.lifecycle.profile": ["user_id", "stage_id", "first_seen_date"],
    }

    currency_id = fields.Many2one(comodel_name="res.currency", readonly=True)
    stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage", string="Stage today", readonly=True
    )
    lifecycle_id = fields.Many2one(comodel_name="crm.lifecycle", readonly=True)
    date = fields.Date(string="Month", readonly=True)
    cohort_date = fields.Date(string="First order", readonly=True)
    first_seen_date = fields.Date(string="First contact", readonly=True)
    purchase_count = fields.Integer(string="Orders", readonly=True, aggregator="sum")
    amount = fields.Monetary(
        string="Revenue",
        readonly=True,
        aggregator="sum",
        help="Purchases less returns, without taxes.",
    )
    month_buyer_count = fields.Integer(
        string="Buyers",
        readonly=True,
        aggregator="sum",
        help="Customers who bought in the month; over longer periods, each counts "
        "once for each month.",
    )
    quarter_buyer_count = fields.Integer(
        string="Buyers (quarters)",
        readonly=True,
        aggregator="sum",
        help="Customers who bought, each counted once for each quarter.",
    )
    year_buyer_count = fields.Integer(
        string="Buyers (years)",
        readonly=True,
        aggregator="sum",
        help="Customers who bought, each counted once for each year.",
    )
    first_count = fields.Integer(
        string="First time buyers", readonly=True, aggregator="sum"
    )
    returning_count = fields.Integer(
        string="Returning buyers",
        readonly=True,
        aggregator="sum",
        help="Those of the month who had bought in an earlier month.",
    )
    returning_rate = fields.Float(
        string="Returning buyers (share)", readonly=True, aggregator="avg"
    )
    retained_rate = fields.Float(
        string="Retention rate",
        readonly=True,
        aggregator="avg",
        help="Of those who bought in a month, the share that bought in the next one "
        "too. Empty while that is not over.",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT m.id, m.profile_id, m.company_id, %(customer)s,
                   company.currency_id, p.stage_id, p.lifecycle_id,
                   m.month AS date, m.cohort_date, p.first_seen_date,
                   m.purchase_count, m.amount,
                   (m.purchase_count > 0)::int AS month_buyer_count,
                   %(quarter)s AS quarter_buyer_count,
                   %(year)s AS year_buyer_count,
                   (m.purchase_count > 0 AND m.previous_month IS NULL)::int
                       AS first_count,
                   (m.purchase_count > 0 AND m.previous_month IS NOT NULL)::int
                       AS returning_count,
                   CASE WHEN m.purchase_count > 0
                        THEN (m.previous_month IS NOT NULL)::int END AS returning_rate,
                   CASE WHEN m.purchase_count > 0
                         AND m.month + INTERVAL '2 months' <= %(today)s
                        THEN COALESCE(
                            (m.next_month = m.month + INTERVAL '1 month')::int, 0)
                        END AS retained_rate
              FROM crm_lifecycle_purchase_month AS m
         LEFT JOIN crm_lifecycle_profile AS p ON p.id = m.profile_id
         LEFT JOIN res_company AS company ON company.id = m.company_id
              %(joins)s
             WHERE %(is_counted)s
            """,
            is_counted=is_counted(SQL("m.profile_id")),
            customer=self._get_customer_columns(),
            joins=self._get_customer_joins(),
            quarter=self._get_first_of("quarter"),
            year=self._get_first_of("year"),
            today=fields.Date.context_today(self),
        )

    @api.model
    def _get_first_of(self, interval):
        """SQL: 1 for a customer's first month with purchases in a longer period."""
        return SQL(
            "(m.purchase_count > 0 AND (m.previous_month IS NULL OR "
            "date_trunc(%(interval)s, m.previous_month::timestamp) < "
            "date_trunc(%(interval)s, m.month::timestamp)))::int",
            interval=interval,
        )

    # ------------------------------------------------------------
    # Cohorts
    # ------------------------------------------------------------

    @api.model
    def _get_cohort_anchors(self):
        return [
            Anchor(
                "order", self.env._("First order"), "cohort_date", "first_count:sum"
            ),
            Anchor(
                "contact",
                self.env._("First contact"),
                "first_seen_date",
                "first_count:sum",
            ),
        ]

    @api.model
    def _get_cohort_measures(self):
        return [
            Measure(
                "buyers",
                self.env._("Buyers"),
                "{interval}_buyer_count:sum",
                False,
            ),
            Measure(
                "revenue", self.env._("Revenue"), "amount:sum", False, is_amount=True
            ),
            Measure("orders", self.env._("Orders"), "purchase_count:sum", False),
        ]

    @api.model
    def _get_cohort_event_domain(self, measure):
        if measure.is_amount:
            return super()._get_cohort_event_domain(measure)
        return [("purchase_count", ">", 0)]

    @api.model
    def _get_cohort_note(self):
        """Return the time of the last refresh, which is at most an hour ago."""
        moment = self.env.company.lifecycle_purchase_watermark
        if not moment:
            return self.env._("The purchases of the past are being counted.")
        return self.env._(
            "Purchases up to %(moment)s", moment=format_datetime(self.env, moment)
        )
