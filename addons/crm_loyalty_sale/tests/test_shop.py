"""Orders of the shop earn like those of salespeople.

They need Odoo's shop, which `script/test-apart` installs.
"""

from unittest import SkipTest

from odoo.tests import TransactionCase, tagged

from . import test_earned


class ShopCase(TransactionCase):
    """Skips tests without a shop, before anything is set up for them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "website_id" not in cls.env["loyalty.program"]._fields:
            raise SkipTest("There is no shop.")


@tagged("post_install", "-at_install")
class TestEarnedInShop(test_earned.TestEarned, ShopCase):
    """All that holds for orders of salespeople, for a cart that is paid."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.website = cls.env["website"].create(
            {"name": "Shop", "company_id": cls.company.id}
        )
        (cls.coffee | cls.tea).website_published = True

    @classmethod
    def _order(cls, coffees=0, teas=0, rewards=0, confirm=True, user=None):
        cart = cls.env["sale.order"].create(
            {
                "partner_id": cls.ada.id,
                "company_id": cls.company.id,
                "website_id": cls.website.id,
            }
        )
        for item, quantity in ((cls.coffee, coffees), (cls.tea, teas)):
            if quantity:
                cart._cart_add(item.id, quantity)
        for _reward in range(rewards):
            cls._redeem(cart)
        if confirm:
            # The shop confirms a cart that is paid.
            cart.action_confirm()
        return cart.with_user(user or cls.sally)

    def test_shipping_earns_nothing_and_takes_nothing_back(self):
        delivery = self.env["delivery.carrier"].create(
            {
                "name": "Post",
                "product_id": self.env["product.product"]
                .create({"name": "Shipping", "type": "service", "taxes_id": False})
                .id,
                "delivery_type": "fixed",
                "fixed_price": 20,
            }
        )
        for quantities, left in (({"Coffee": 10}, 0), ({"Shipping": 1}, 100)):
            with self.subTest(left=left), self.env.cr.savepoint() as savepoint:
                order = self._order(coffees=10, confirm=False).sudo()
                order._set_delivery_method(
                    delivery, rate={"success": True, "price": 20}
                )
                self.assertEqual(order.amount_total, 120)
                order.action_confirm()
                self._assert_card(100, "Gold")
                self._credit(self._invoice(order), quantities)
                self._assert_card(left)
                savepoint.rollback()
                self.env.invalidate_all()
