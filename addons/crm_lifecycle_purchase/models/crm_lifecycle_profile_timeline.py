from odoo import models
from odoo.fields import Domain


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _lifecycle_timeline_sources(self, limit=None):
        """Add imported purchases; bridges add the documents of their channels."""
        sources = super()._lifecycle_timeline_sources(limit)
        purchase = {
            "model": "crm.lifecycle.purchase.import",
            "kind": "sale",
            "date": "date",
            "title": "name",
            "amount": "amount",
            "currency": "currency_id",
            "limit": limit,
        }
        mine = self._get_customer_domain(company="company_id")
        sources += [
            self._get_events_sql(
                domain=mine & Domain("amount", ">=", 0),
                label=self.env._("Purchase"),
                **purchase,
            ),
            self._get_events_sql(
                domain=mine & Domain("amount", "<", 0),
                label=self.env._("Return"),
                **purchase,
            ),
        ]
        return [source for source in sources if source]
