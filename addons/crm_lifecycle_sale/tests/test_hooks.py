from odoo.tests import tagged

from ..hooks import uninstall_hook
from .common import SaleLifecycleCase


@tagged("post_install", "-at_install")
class TestHooks(SaleLifecycleCase):
    def test_uninstalling_removes_the_purchases_of_the_channel(self):
        partner = self._partner()
        self._order(partner)
        self._run()
        Purchase = self.env["crm.lifecycle.purchase"]
        mine = [("channel", "=", "sale"), ("partner_id", "=", partner.id)]
        self.assertEqual(Purchase.search_count(mine), 1)
        uninstall_hook(self.env)
        self.assertFalse(Purchase.search_count([("channel", "=", "sale")]))
        # All documents are compared again: others may count now.
        Watermark = self.env["crm.lifecycle.purchase.watermark"]
        self.assertFalse(Watermark.search([("moment", "!=", False)]))
        self._run()
        self.assertEqual(Purchase.search_count(mine), 1)
