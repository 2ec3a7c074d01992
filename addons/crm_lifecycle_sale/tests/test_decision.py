from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_lifecycle.engine.scope import Scope
from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import SaleLifecycleCase


@tagged("post_install", "-at_install")
class TestDecision(SaleLifecycleCase):
    """What a customer ordered in two years, and the discounts given."""

    def _figures(self, *partners):
        """Return ``[(label, value)]`` of the figures from orders."""
        self._run()
        profiles = self.env["crm.lifecycle.profile"].union(
            *(self._profile(partner) for partner in partners)
        )
        profiles.mapped("order_total")
        scope = Scope(company_id=self.company.id, as_of=TODAY, tz="UTC")
        with self.assertQueryCount(12):  # with those of the other addons
            found = profiles._get_decision_figures(scope)
        labels = ("Ordered", "Orders", "Discounts")
        return [
            {
                figure.label: round(float(figure.value), 2)
                for figure in found[profile.id]
                if figure.label in labels
            }
            for profile in profiles
        ]

    def test_orders_and_discounts_of_two_years(self):
        ada, bea = self._partner(), self._partner("Bea")
        order = self._order(ada, 200, days_ago=10)
        order.order_line.discount = 25
        order.order_line = [
            Command.create(
                {
                    "product_id": self.product.id,
                    "price_unit": -30,  # a reward
                    "tax_ids": [Command.clear()],
                }
            )
        ]
        self._order(ada, 70, days_ago=700)
        self._order(ada, 1000, days_ago=740)
        self._order(ada, 500, days_ago=3, state="draft")
        self._order(bea, 5, days_ago=3).order_line.discount = 100
        self.assertEqual(
            self._figures(ada, bea),
            [
                {"Ordered": 190, "Orders": 2, "Discounts": 80},
                {"Ordered": 0, "Orders": 0, "Discounts": 5},
            ],
        )

    def test_the_first_day_of_the_window(self):
        ada = self._partner()
        self._order(ada, 10, days_ago=(TODAY - TODAY.replace(year=2024)).days)
        self._order(ada, 20, days_ago=(TODAY - TODAY.replace(year=2024)).days - 1)
        self.assertEqual(
            self._figures(ada), [{"Ordered": 20, "Orders": 1, "Discounts": 0}]
        )

    def test_another_currency_is_converted(self):
        currency = self.env["res.currency"].create(
            {
                "name": "XTS",
                "symbol": "X",
                "rate_ids": [Command.create({"name": "2000-01-01", "rate": 4})],
            }
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "X", "currency_id": currency.id, "company_id": self.company.id}
        )
        ada = self._partner()
        order = self._order(ada, 100, pricelist_id=pricelist.id)
        order.order_line.write({"price_unit": 100, "discount": 20})
        self.assertEqual(order.currency_rate, 4)
        [figures] = self._figures(ada)
        self.assertEqual(figures["Discounts"], 5)

    def test_a_customer_without_orders(self):
        ada = self._partner()
        self._lead(partner_id=ada.id)
        self.assertEqual(
            self._figures(ada), [{"Ordered": 0, "Orders": 0, "Discounts": 0}]
        )
