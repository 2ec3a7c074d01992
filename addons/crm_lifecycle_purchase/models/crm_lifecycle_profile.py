from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine.effective_dates import FactEvents
from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_decision import (
    DECISION_MONTHS,
    DecisionFigure,
)
from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_health import HealthSign
from odoo.addons.crm_lifecycle.personal_data import ALL, KEEP, PersonalModel


class CrmLifecycleProfile(models.Model):
    """Facts from purchases, in the company's currency, without taxes, less returns."""

    _inherit = "crm.lifecycle.profile"

    first_order_date = fields.Date(string="First order", readonly=True, fact="only")
    last_order_date = fields.Date(string="Last order", readonly=True, fact="only")
    order_count = fields.Integer(
        string="Orders",
        readonly=True,
        fact="only",
        aggregator="sum",
        help="Purchases of which something is left, from every channel.",
    )
    purchase_day_count = fields.Integer(
        string="Days with purchases",
        readonly=True,
        fact="only",
        aggregator="sum",
        help="Days on which the customer bought, however many orders.",
    )
    order_total = fields.Monetary(
        string="Ordered",
        readonly=True,
        fact="only",
        aggregator="sum",
        help="Purchases less returns, without taxes.",
    )
    order_total_6m = fields.Monetary(
        string="Ordered in 6 months", readonly=True, fact="only", aggregator="sum"
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
        "percent more. Empty until two full years are known.",
    )
    order_trend_6m = fields.Float(
        string="Order trend of 6 months",
        readonly=True,
        fact="only",
        aggregator="avg",
        help="Orders of 6 months against those of the 6 months before: 0.1 is ten "
        "percent more. Empty until a full year is known.",
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
            facts |= dict.fromkeys(more)
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
        """Add customers to watch who order less than before.

        The half year counts until two years are known.
        """
        return [
            *super()._get_health_signs(),
            HealthSign(
                "watch",
                lambda percent: (
                    Domain("order_trend", "<=", -percent / 100)
                    | (
                        Domain("order_trend", "=", False)
                        & Domain("order_trend_6m", "<=", -percent / 100)
                    )
                ),
                lambda percent: self.env._(
                    "Orders are %(percent)s %% or more below the period before",
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
    def _get_personal_models(self):
        """Keep purchases, for the sums: they have no name, only document numbers."""
        return [
            *super()._get_personal_models(),
            PersonalModel(
                name="crm.lifecycle.purchase.import",
                decision=KEEP,
                links=("partner_id",),
                kept=ALL,
                names=("name", "date", "amount"),
                reason=self.env._("Purchases stay, for the sums; they have no name."),
            ),
            PersonalModel(
                name="crm.lifecycle.purchase",
                decision=KEEP,
                links=("partner_id",),
                kept=ALL,
                is_technical=True,  # what other documents say
            ),
            PersonalModel(
                name="crm.lifecycle.purchase.pending",
                decision=KEEP,  # numbers only
                kept=ALL,
                is_technical=True,
            ),
        ]

    @api.model
    def _get_fact_events(self, scope):
        Source = self.env["crm.lifecycle.source.purchase"]
        first_new_date = None
        if scope.previous_as_of:
            first_new_date = Source._get_nth_date(scope, 1, since=scope.previous_as_of)
        return super()._get_fact_events(scope) | {
            "order_count": FactEvents(
                nth_date=lambda number: Source._get_nth_date(scope, number)
            ),
            "purchase_day_count": FactEvents(
                nth_date=lambda number: Source._get_nth_date(scope, number, by_day=True)
            ),
            "last_order_date": FactEvents(first_new_date=first_new_date),
        }

    def action_open_purchases(self):
        """Open the purchases of the customer, as far as the user may read them."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "crm_lifecycle_purchase.crm_lifecycle_purchase_action"
        )
        return {
            **action,
            "domain": [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
            ],
        }

    def _get_decision_figures(self, scope):
        """Add what was ordered, and how many orders, as of the last run."""
        found = super()._get_decision_figures(scope)
        counts = dict(self._read_purchase_counts(scope))
        for profile in self:
            ordered = profile.order_total_12m + profile.order_total_prev_12m
            count = counts.get(profile.id, 0)
            found[profile.id] += [
                DecisionFigure("returned", self.env._("Ordered"), ordered),
                DecisionFigure("returned", self.env._("Orders"), count, "number"),
            ]
        return found

    def _read_purchase_counts(self, scope):
        """Return ``[(profile id, number of purchases)]`` of the decision's months."""
        Purchase = self.env["crm.lifecycle.purchase"]
        return self.env.execute_query(
            SQL(
                """
                SELECT p.id, COUNT(*)
                  FROM crm_lifecycle_profile AS p
                  JOIN crm_lifecycle_purchase AS l
                    ON l.partner_id = p.partner_id AND l.company_id = p.company_id
                 WHERE p.id = ANY(%s) AND l.date > %s AND l.date <= %s AND %s
                 GROUP BY p.id
                """,
                self.ids,
                scope.date_months_ago(DECISION_MONTHS),
                scope.as_of,
                Purchase._get_is_purchase_sql("l", scope.as_of),
            )
        )
