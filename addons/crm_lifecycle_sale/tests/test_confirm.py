from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import SaleLifecycleCase


@tagged("post_install", "-at_install")
class TestConfirm(SaleLifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.company._lifecycle_today()
        cls._rule(cls.customer, [("order_count", ">", 0)], cls.prospect)

    def _quotation(self, partner=None):
        return self.env["sale.order"].create(
            {
                "partner_id": (partner or self._partner()).id,
                "company_id": self.company.id,
                "order_line": [
                    Command.create(
                        {"product_id": self.product.id, "product_uom_qty": 1}
                    )
                ],
            }
        )

    def test_confirming_an_order_moves_the_customer(self):
        self._run(self.today)
        quotation = self._quotation()
        self._run(self.today, quick=True)
        profile = self._profile(quotation.partner_id)
        self.assertEqual(profile.stage_id, self.prospect)
        triggers = [("cron_id", "=", self.env.ref("crm_lifecycle.ir_cron_run").id)]
        Trigger = self.env["ir.cron.trigger"].sudo()
        before = Trigger.search_count(triggers)
        self.env.cr.flush()  # as at the start of a transaction
        quotation.action_confirm()
        self.assertEqual(Trigger.search_count(triggers), before + 1)
        run = self._run(self.today, quick=True)
        self.assertEqual(profile.stage_id, self.customer)
        self.assertEqual(run.profile_count, 1)

    def test_a_salesperson_without_access_to_profiles_of_others_confirms(self):
        partner = self._partner(user_id=self.colleague.id)
        quotation = self._quotation(partner)
        quotation.user_id = self.salesperson
        quotation.with_user(self.salesperson).action_confirm()
        self._run(self.today)
        self.assertEqual(self._profile(partner).stage_id, self.customer)

    def test_confirming_costs_two_more_queries(self):
        """Compared with the same confirmation without this addon's hooks."""
        SaleOrder = type(self.env["sale.order"])

        def count_queries():
            order = self._quotation()
            self.env.cr.flush()  # as at the start of a transaction
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            order.action_confirm()
            self.env.flush_all()
            return self.cr.sql_log_count - before

        count_queries()  # warm the caches of the registry
        with_us = count_queries()
        with patch.object(SaleOrder, "_mark_lifecycle_pending", lambda self: None):
            without_us = count_queries()
        self.assertLessEqual(with_us, without_us + 2)

    def test_a_portal_customer_confirms(self):
        portal = new_test_user(self.env, "portia", groups="base.group_portal")
        quotation = self._quotation(portal.partner_id)
        quotation.with_user(portal).sudo().action_confirm()
        self._run(self.today)
        self.assertEqual(self._profile(portal.partner_id).order_count, 1)
