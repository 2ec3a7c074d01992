from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.access import can_read
from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_decision import (
    DECISION_MONTHS,
    DecisionFigure,
)
from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_health import HealthSign

# Groups that may read what a customer was invoiced and owes.
GROUPS = (
    "sales_team.group_sale_salesman,"
    "account.group_account_readonly,account.group_account_invoice"
)


class CrmLifecycleProfile(models.Model):
    """Facts from invoices and payments, in the company's currency."""

    _inherit = "crm.lifecycle.profile"

    invoice_count = fields.Integer(
        string="Invoices", readonly=True, fact="only", aggregator="sum"
    )
    last_invoice_date = fields.Date(string="Last invoice", readonly=True, fact="only")
    invoiced_total = fields.Monetary(
        string="Invoiced",
        readonly=True,
        fact="only",
        aggregator="sum",
        groups=GROUPS,
        help="Posted invoices less credit notes, without taxes.",
    )
    credit_note_total = fields.Monetary(
        string="Credited",
        readonly=True,
        fact="only",
        aggregator="sum",
        groups=GROUPS,
        help="Posted credit notes, without taxes.",
    )
    paid_total = fields.Monetary(
        string="Paid",
        readonly=True,
        fact="only",
        aggregator="sum",
        groups=GROUPS,
        help="What the customer has paid, taxes included, less what was paid back.",
    )
    last_payment_date = fields.Date(string="Last payment", readonly=True, fact="only")
    balance_due = fields.Monetary(
        string="Balance due",
        readonly=True,
        fact="only",
        aggregator="sum",
        groups=GROUPS,
        help="What the customer owes, due or not, taxes included, less payments and "
        "credit notes that are not matched yet. Negative: we owe them.",
    )
    overdue_amount = fields.Monetary(
        string="Overdue",
        readonly=True,
        fact="only",
        aggregator="sum",
        groups=GROUPS,
        help="Of the balance due, what should have been paid before today.",
    )
    overdue_since = fields.Date(
        string="Overdue since",
        readonly=True,
        fact="only",
        help="The day on which the oldest amount that is overdue was due. Empty: "
        "nothing is overdue.",
    )

    @api.model
    def _get_activity_facts(self):
        return [*super()._get_activity_facts(), "last_invoice_date"]

    @api.model
    def _get_health_signs(self):
        """Add customers to watch who are late with a payment; no amount is named."""
        return [
            *super()._get_health_signs(),
            HealthSign(
                "watch",
                lambda days: Domain("overdue_since", "<=", f"today -{days}d"),
                lambda days: self.env._(
                    "A payment is overdue for %(days)s days or more", days=days
                ),
                code="overdue",
                name=self.env._("Overdue payment"),
                threshold=30,
            ),
        ]

    @api.model
    def _get_overview_fact_names(self, short=False):
        facts = {
            **super()._get_overview_fact_names(short),
            "balance_due": None,
            "overdue_amount": None,
        }
        if not short:
            more = (
                "overdue_since",
                "invoiced_total",
                "paid_total",
                "last_payment_date",
            )
            facts |= dict.fromkeys(more)
        return facts

    def _get_decision_figures(self, scope):
        """Add what was invoiced, for users who may see it."""
        found = super()._get_decision_figures(scope)
        if not can_read(self, "invoiced_total"):
            return found
        Source = self.env["crm.lifecycle.source.account"]
        self.env["account.move"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id, SUM(m.amount_untaxed_signed)
                  FROM crm_lifecycle_profile AS p
                  JOIN account_move AS m ON m.commercial_partner_id = p.partner_id
                 WHERE p.id = ANY(%(ids)s) AND %(is_document)s AND %(counts)s
                   AND m.invoice_date > %(since)s
                 GROUP BY p.id
                """,
                ids=self.ids,
                is_document=Source._is_customer_document(scope),
                counts=Source._is_counted(scope),
                since=scope.date_months_ago(DECISION_MONTHS),
            )
        )
        amounts = dict(rows)
        for profile in self:
            amount = amounts.get(profile.id, 0)
            found[profile.id].append(
                DecisionFigure("returned", self.env._("Invoiced"), amount)
            )
        return found
