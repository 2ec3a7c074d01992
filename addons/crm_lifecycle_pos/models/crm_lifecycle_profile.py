from odoo import models
from odoo.fields import Domain

from .crm_lifecycle_purchase_channel_pos import COUNTED_STATES


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _lifecycle_timeline_sources(self, limit=None):
        """Add till orders and refunds, with the amounts on their receipts."""
        sources = super()._lifecycle_timeline_sources(limit)
        counted = self._get_customer_domain(company="company_id") & Domain(
            "state", "in", COUNTED_STATES
        )
        refund = Domain("is_refund", "=", True) | Domain("amount_total", "<", 0)
        events = [
            (counted & ~refund, self.env._("Till order")),
            (counted & refund, self.env._("Refund")),
        ]
        sources += [
            self._get_events_sql(
                model="pos.order",
                domain=domain,
                kind="sale",
                label=label,
                date="date_order",
                title="name",
                amount="amount_total",
                # The currency of the till; empty: that of the company.
                currency="sale_journal.currency_id",
                limit=limit,
            )
            for domain, label in events
        ]
        return [source for source in sources if source]
