from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.crm_lifecycle.engine.effective_dates import FactEvents
from odoo.addons.crm_lifecycle.engine.scope import day_end
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
