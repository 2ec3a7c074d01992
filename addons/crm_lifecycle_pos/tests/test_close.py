from unittest.mock import patch

from odoo.tests import tagged

from .common import TillCase


@tagged("post_install", "-at_install")
class TestClose(TillCase):
    def _count_queries(self, orders):
        """Return the queries of closing a session of some orders with a customer."""
        for number in range(orders):
            self._sell(10, partner=self._partner(f"Customer {number}"))
        session = self.till.current_session_id
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        self._close()
        self.env.flush_all()
        queries = self.cr.sql_log_count - before
        self.assertEqual(session.state, "closed")
        self.till.with_user(self.cashier).open_ui()
        return queries

    def test_closing_costs_no_query_per_order(self):
        """Compared with the same session without this addon's hooks."""
        self._count_queries(2)  # warm the caches of the registry
        PosOrder = type(self.env["pos.order"])
        ours = {20: self._count_queries(20), 60: self._count_queries(60)}
        with patch.object(PosOrder, "_filter_counted", lambda self: self.browse()):
            without = {20: self._count_queries(20), 60: self._count_queries(60)}
        self.assertLessEqual(ours[20] - without[20], 2)
        self.assertLessEqual(ours[60] - without[60], 2)

    def test_paying_costs_two_more_queries(self):
        PosOrder = type(self.env["pos.order"])
        partner = self._partner()

        def count():
            order = self._sell(10, partner=partner, state="draft")
            order.with_user(self.cashier).add_payment(
                {
                    "pos_order_id": order.id,
                    "payment_method_id": self.card.id,
                    "amount": 10,
                }
            )
            self.env.cr.flush()  # as at the start of a transaction
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            order.with_user(self.cashier).action_pos_order_paid()
            self.env.flush_all()
            return self.cr.sql_log_count - before

        count()  # warm the caches of the registry
        ours = count()
        with patch.object(PosOrder, "_mark_lifecycle_pending", lambda self: None):
            without = count()
        self.assertLessEqual(ours - without, 2)

    def test_paying_triggers_a_run(self):
        triggers = [("cron_id", "=", self.env.ref("crm_lifecycle.ir_cron_run").id)]
        Trigger = self.env["ir.cron.trigger"].sudo()
        before = Trigger.search_count(triggers)
        partner = self._partner()
        self.env.cr.flush()  # as at the start of a transaction
        self._sell(10, partner=partner, state="draft")
        self.assertEqual(Trigger.search_count(triggers), before)
        self._sell(10, partner=partner)
        self._sell(20, partner=partner)
        self.assertEqual(Trigger.search_count(triggers), before + 1)
