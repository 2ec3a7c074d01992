from odoo import models
from odoo.fields import Domain


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _lifecycle_timeline_sources(self, limit=None):
        """Add quotations, orders and credit notes."""
        sources = super()._lifecycle_timeline_sources(limit)
        mine = self._get_customer_domain(company="company_id")
        order = {
            "model": "sale.order",
            "kind": "sale",
            "title": "name",
            "amount": "amount_untaxed",
            "currency": "currency_id",
            "limit": limit,
        }
        sources += [
            self._get_events_sql(
                domain=mine & Domain("state", "in", ("draft", "sent")),
                label=self.env._("Quotation"),
                date="create_date",
                **order,
            ),
            self._get_events_sql(
                domain=mine & Domain("state", "=", "sale"),
                label=self.env._("Order"),
                date="date_order",
                **order,
            ),
            self._get_events_sql(
                model="account.move",
                domain=mine
                & Domain("move_type", "=", "out_refund")
                & Domain("state", "=", "posted"),
                kind="sale",
                label=self.env._("Credit note"),
                date="invoice_date",
                title="name",
                amount="amount_untaxed_in_currency_signed",
                currency="currency_id",
                limit=limit,
            ),
        ]
        return [source for source in sources if source]
