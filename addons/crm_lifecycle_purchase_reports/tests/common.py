"""Purchases on fixed days, stored by month."""

from datetime import date

from odoo.addons.crm_lifecycle.tests.common import TODAY
from odoo.addons.crm_lifecycle_sale.tests.common import SaleLifecycleCase


class PurchaseCase(SaleLifecycleCase):
    """Orders by month, on top of `SaleLifecycleCase`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Month = cls.env["crm.lifecycle.purchase.month"]
        cls.Report = cls.env["crm.lifecycle.purchase.report"]
        cls.ada = cls._partner("Ada", user_id=cls.salesperson.id)
        cls.bob = cls._partner("Bob")

    @classmethod
    def _buy(cls, partner, *purchases):
        """Create an order for each ``(day, amount)``."""
        for day, amount in purchases:
            days_ago = (TODAY - date.fromisoformat(day)).days
            cls._order(partner, amount, days_ago)

    @classmethod
    def _refresh(cls, as_of=TODAY, **kwargs):
        cls._run(as_of)
        cls.Month._refresh(cls.company, as_of, **kwargs)
        cls.env.invalidate_all()

    def _months(self, partner):
        """Return ``[(month, purchases, amount, previous, next)]`` in order."""
        rows = self.Month.search(
            [("profile_id", "=", self._profile(partner).id)], order="month"
        )
        return [
            (
                str(row.month)[:7],
                row.purchase_count,
                row.amount,
                str(row.previous_month or "")[:7],
                str(row.next_month or "")[:7],
            )
            for row in rows
        ]
