from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from ..models.account_move import AccountMove
from ..models.pos_order import PosOrder
from .common import TillCase


def without_write(model):
    """Patch a class of this addon so that records are written without its hook."""
    return patch.object(
        model, "write", lambda self, vals: super(model, self).write(vals)
    )


@tagged("post_install", "-at_install")
class TestClose(TillCase):
    def _sell_to_many(self, number):
        """Create paid orders of as many customers at once."""
        customers = self.env["res.partner"].create(
            [{"name": f"Customer {index}"} for index in range(number)]
        )
        return self.env["pos.order"].create(
            [
                {
                    "company_id": self.company.id,
                    "session_id": self.till.current_session_id.id,
                    "partner_id": customer.id,
                    "lines": [self._line()],
                    "payment_ids": [
                        Command.create(
                            {"amount": 10, "payment_method_id": self.card.id}
                        )
                    ],
                    "amount_paid": 10,
                    "amount_return": 0,
                    "amount_tax": 0,
                    "amount_total": 10,
                    "state": "paid",
                }
                for customer in customers
            ]
        )

    def _count_queries(self, number):
        """Return the queries of closing a session of some orders with a customer."""
        orders = self._sell_to_many(number)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        session = self._close()
        self.env.flush_all()
        queries = self.cr.sql_log_count - before
        self.assertEqual(session.state, "closed")
        self.assertEqual(set(orders.mapped("state")), {"done"})
        self.till.with_user(self.cashier).open_ui()
        return queries

    def test_closing_500_orders_costs_two_more_queries(self):
        """Compared with the same session without this addon's hooks."""
        self._count_queries(2)  # warm the caches of the registry
        ours = self._count_queries(500)
        with without_write(PosOrder), without_write(AccountMove):
            without = self._count_queries(500)
        self.assertLessEqual(ours - without, 2)

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
