from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import TillCase


@tagged("post_install", "-at_install")
class TestInvoices(TillCase):
    """Invoices of till orders count at the till, also beside those of Invoicing.

    An accountant credits them.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = cls._user("ann", "account.group_account_invoice")
        cls.ada = cls._partner()

    def _credit(self, invoice, days_ago=0, **changes):
        """Credit an invoice in Invoicing, all of it or with changed lines."""
        invoice = invoice.with_user(self.accountant)
        date = TODAY - timedelta(days=days_ago)
        credit = invoice._reverse_moves([{"invoice_date": date, "date": date}])
        if changes:
            credit.invoice_line_ids.write(changes)
        credit.action_post()
        self.env.invalidate_all()
        return credit

    def test_a_till_order_with_an_invoice_counts_once(self):
        order = self._sell(30, partner=self.ada, days_ago=5, to_invoice=True)
        self.assertEqual(order.account_move.state, "posted")
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 30)])
        self.assertEqual(self._ledger(self.ada, "pos"), [(5, 30)])

    def test_an_invoice_that_is_made_later_counts_nothing(self):
        order = self._sell(30, partner=self.ada, days_ago=5)
        self._close()
        self._run()
        # It takes the rights of a cashier and of an accountant.
        order.with_context(generate_pdf=False).action_pos_order_invoice()
        self.assertEqual(order.account_move.state, "posted")
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 30)])

    def test_a_refund_with_a_credit_note_counts_once(self):
        order = self._sell(30, partner=self.ada, days_ago=5, to_invoice=True)
        refund = self._refund(order, days_ago=2, to_invoice=True)
        self.assertEqual(refund.account_move.move_type, "out_refund")
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 30), (2, -30)])

    def test_a_credit_note_returns_the_till_order(self):
        order = self._sell(30, partner=self.ada, days_ago=5, to_invoice=True)
        self._run_and_age()
        credit = self._credit(order.account_move, days_ago=1)
        self._run(quick=True)
        self.assertEqual(self._ledger(self.ada), [(5, 30), (1, -30)])
        back = self.env["crm.lifecycle.purchase"].search([("amount", "=", -30)])
        self.assertEqual((back.model, back.res_id), ("account.move", credit.id))
        self.assertEqual(back.origin_id.res_id, order.id)
        self.assertEqual(self._profile(self.ada).order_count, 0)
        self._run_and_age()
        credit.button_draft()
        self._run(quick=True)
        self.assertEqual(self._ledger(self.ada), [(5, 30)])

    def test_a_credit_note_returns_what_the_till_has_not_refunded(self):
        order = self._sell(
            self._line(3, 10), partner=self.ada, days_ago=5, to_invoice=True
        )
        self._refund(order, 1, days_ago=4, to_invoice=True)
        self._credit(order.account_move, days_ago=3, quantity=1)
        self._credit(order.account_move, days_ago=2, quantity=2)
        self._run()
        self.assertEqual(
            self._ledger(self.ada), [(5, 30), (4, -10), (3, -10), (2, -10)]
        )

    def test_a_credit_note_of_one_invoice_of_two_orders(self):
        first = self._sell(30, partner=self.ada, days_ago=6)
        second = self._sell(20, partner=self.ada, days_ago=5)
        orders = (first | second).with_user(self.cashier)
        orders = orders.with_context(generate_pdf=False)
        orders._generate_pos_order_invoice()
        invoice = first.sudo().account_move
        self.assertEqual(invoice, second.sudo().account_move)
        self._run()
        self.assertEqual(self._ledger(self.ada), [(6, 30), (5, 20)])
        lines = {30: 15, 20: 20}
        credit = invoice.with_user(self.accountant)._reverse_moves(
            [{"invoice_date": TODAY, "date": TODAY}]
        )
        for line in credit.invoice_line_ids:
            line.price_unit = lines[line.price_unit]
        credit.action_post()
        self._run()
        rows = self.env["crm.lifecycle.purchase"].search([("amount", "<", 0)])
        self.assertEqual(
            {row.origin_id.res_id: row.amount for row in rows},
            {first.id: -30, second.id: -5},
        )

    def test_a_refund_of_one_order_of_an_invoice_leaves_more_for_the_other(self):
        """A credit note returns the second order with what the till refunded."""
        first = self._sell(30, partner=self.ada, days_ago=6)
        second = self._sell(20, partner=self.ada, days_ago=5)
        orders = (first | second).with_user(self.cashier)
        orders.with_context(generate_pdf=False)._generate_pos_order_invoice()
        self._credit(first.account_move, days_ago=4, quantity=0.6)
        self._run_and_age()
        self.assertEqual(
            self._ledger(self.ada), [(6, 30), (5, 20), (4, -30)], "the first one"
        )
        self._refund(first, days_ago=3)
        self._run(quick=True)
        self.assertEqual(self._ledger(self.ada), [(6, 30), (5, 20), (4, -20), (3, -30)])
