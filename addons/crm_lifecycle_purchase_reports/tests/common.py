"""Purchases on fixed days, stored by month."""

from odoo.addons.crm_lifecycle.tests.common import TODAY, LifecycleCase


class PurchaseCase(LifecycleCase):
    """Purchases by month; imported ones, because each database can have them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Month = cls.env["crm.lifecycle.purchase.month"]
        cls.Report = cls.env["crm.lifecycle.purchase.report"]
        cls.ada = cls._partner("Ada", user_id=cls.salesperson.id)
        cls.bob = cls._partner("Bob")

    @classmethod
    def _buy(cls, partner, *purchases):
        """Import a purchase for each ``(day, amount)``, in this order."""
        return cls.env["crm.lifecycle.purchase.import"].create(
            [
                {
                    "partner_id": partner.id,
                    "company_id": cls.company.id,
                    "currency_id": cls.company.currency_id.id,
                    "name": f"{partner.name} {day} {amount}",
                    "date": day,
                    "amount": amount,
                }
                for day, amount in purchases
            ]
        )

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
