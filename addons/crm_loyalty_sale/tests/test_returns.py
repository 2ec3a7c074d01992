"""Cancelled and returned orders take points back and give points back, once."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import OrderCase


@tagged("post_install", "-at_install")
class TestReturns(OrderCase):
    # Cancelling

    def test_cancel_and_confirm_again_gives_the_points_again_once(self):
        """Regression: an order that was confirmed again gave no points."""
        order = self._order(coffees=4)
        for _time in range(2):
            order._action_cancel()
            self.assertEqual(self.card.points, 0)
            order.action_draft()
            order._update_programs_and_rewards()
            order.action_confirm()
            self.assertEqual(self.card.points, 4)
        self.assertEqual(
            self._posted(order),
            [("earn", 4), ("reverse", -4)] * 2 + [("earn", 4)],
        )
        self._assert_sound()

    def test_a_cancelled_order_gives_spent_points_back_to_their_lots(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        self.card._post_points(6, "bonus")
        self._on(10)
        self.card._post_points(6, "bonus")
        self.assertEqual(self._lots(self.card), [(6, 30), (6, 40)])
        order = self._order(teas=4, rewards=1)
        self.assertEqual(self._lots(self.card), [(2, 40)])
        self._on(20)
        order._action_cancel()
        self.assertEqual(self._lots(self.card), [(6, 30), (6, 40)])
        order._action_cancel()
        self.assertEqual(self.card.points, 12)
        self._assert_sound()

    def test_cancel_after_a_credit_note_takes_only_what_is_left(self):
        """Regression: a credit note and a cancellation took the points twice."""
        order = self._order(coffees=4)
        self._credit(self._invoice(order), {"Coffee": 1})
        self.assertEqual(self.card.points, 3)
        order._action_cancel()
        self.assertEqual(self.card.points, 0)
        self._assert_sound()

    # Credit notes

    def test_a_full_credit_note_takes_all_points_back(self):
        """Regression: a refund kept the points."""
        invoice = self._invoice(self._order(coffees=4))
        note = self._credit(invoice)
        self.assertEqual(self.card.points, 0)
        entry = self.card.crm_loyalty_entry_ids.sorted("sequence")[-1]
        self.assertEqual((entry.kind, entry.points), ("reverse", -4))
        self.assertEqual(entry.source_model, "account.move")
        self.assertEqual(entry.source_id, note.id)
        self._assert_sound()

    def test_partial_credit_notes_add_up_to_all_points_exactly(self):
        invoice = self._invoice(self._order(coffees=3))
        balances = []
        for _note in range(3):
            self._credit(invoice, {"Coffee": 1})
            balances.append(self.card.points)
        self.assertEqual(balances, [2, 1, 0])
        self._credit(invoice, {"Coffee": 1})
        self.assertEqual(self.card.points, 0)
        self._assert_sound()

    def test_what_earned_nothing_takes_nothing_back(self):
        invoice = self._invoice(self._order(coffees=4, teas=4))
        self._credit(invoice, {"Tea": 4})
        self.assertEqual(self.card.points, 4)
        self._credit(invoice, {"Coffee": 2})
        self.assertEqual(self.card.points, 2)

    def test_a_draft_credit_note_changes_nothing_until_it_is_posted(self):
        invoice = self._invoice(self._order(coffees=4))
        note = self._credit(invoice, {"Coffee": 1}, post=False)
        self.assertEqual(self.card.points, 4)
        note.action_post()
        self.assertEqual(self.card.points, 3)
        note.button_draft()
        self.assertEqual(self.card.points, 4)
        self.assertEqual(self._lots(self.card), [(4, False)])
        note.action_post()
        self.assertEqual(self.card.points, 3)
        note.button_draft()
        note.button_cancel()
        self.assertEqual(self.card.points, 4)
        self._assert_sound()

    def test_a_returned_reward_gives_its_points_back_to_their_lots(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        self.card._post_points(15, "bonus")
        order = self._order(coffees=4, rewards=1)
        self.assertEqual(self.card.points, 9)
        invoice = self._invoice(order)
        goods = self._credit(invoice, {"Coffee": 4})
        self.assertEqual(self.card.points, 5)
        goods.button_draft()
        reward = order.order_line.filtered("reward_id").product_id.name
        self._on(10)
        self._credit(invoice, {"Coffee": 1, reward: 1})
        self.assertEqual(self.card.points, 18)
        self.assertEqual(self._lots(self.card), [(15, 30), (3, 30)])
        self._credit(invoice, {"Coffee": 1, reward: 1})
        self.assertEqual(self.card.points, 17)
        self._assert_sound()

    def test_credit_and_invoice_again_leaves_the_points(self):
        order = self._order(coffees=4)
        invoice = self._invoice(order)
        self._credit(invoice)
        self.assertEqual(self.card.points, 0)
        again = invoice.copy()
        self.assertEqual(
            again.invoice_line_ids.sale_line_ids | order.order_line, order.order_line
        )
        again.invoice_line_ids.sale_line_ids = order.order_line
        again.invoice_date = invoice.invoice_date
        again.action_post()
        self.assertEqual(self.card.points, 4)
        self._assert_sound()

    # Returns after points are spent

    def _spent_order(self, policy):
        self.program.crm_loyalty_negative_policy = policy
        order = self._order(coffees=10)
        invoice = self._invoice(order)
        self._order(teas=4, rewards=1)
        self.assertEqual(self.card.points, 0)
        return order, invoice

    def test_a_return_after_spending_leaves_a_debt(self):
        _order, invoice = self._spent_order("debt")
        self._credit(invoice, {"Coffee": 4})
        self.assertEqual((self.card.points, self.card.crm_loyalty_points_debt), (-4, 4))
        self._order(coffees=10)
        self.assertEqual((self.card.points, self.card.crm_loyalty_points_debt), (6, 0))
        self._assert_sound()

    def test_a_return_after_spending_stops_at_zero(self):
        order, invoice = self._spent_order("floor")
        self.card._post_points(1, "bonus")
        self._credit(invoice, {"Coffee": 4})
        self.assertEqual(self.card.points, 0)
        entry = self.card.crm_loyalty_entry_ids.sorted("sequence")[-1]
        self.assertEqual((entry.points, entry.waived), (-1, 3))
        self._order(coffees=10)
        order._action_cancel()
        self.assertEqual(self.card.points, 4)
        self._assert_sound()

    def test_a_return_after_spending_is_refused(self):
        order, invoice = self._spent_order("block")
        with self.assertRaisesRegex(UserError, "spent the others"):
            self._credit(invoice, {"Coffee": 4})
        with self.assertRaisesRegex(UserError, "spent the others"):
            order._action_cancel()

    def test_cancelling_what_spent_the_points_pays_the_debt(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        earning = self._order(coffees=10)
        spending = self._order(teas=4, rewards=1)
        earning._action_cancel()
        self.assertEqual(self.card.points, -10)
        spending._action_cancel()
        self.assertEqual(self.card.points, 0)
        self.assertFalse(self.card.crm_loyalty_lot_ids)
        self._assert_sound()

    def test_an_order_from_before_the_ledger_is_returned_too(self):
        order = self._order(coffees=4)
        invoice = self._invoice(order)
        self.env.flush_all()
        # Simulate an earlier confirmation: the points are an opening balance.
        self.env.cr.execute(
            "UPDATE crm_loyalty_entry SET source_model = NULL, source_id = NULL, "
            "kind = 'opening', key = 'opening' WHERE card_id = %s",
            [self.card.id],
        )
        self.env.invalidate_all()
        self._credit(invoice, {"Coffee": 1})
        self.assertEqual(self.card.points, 3)
        self._credit(invoice, {"Coffee": 1})
        self.assertEqual(self.card.points, 2)
        order._action_cancel()
        self.assertEqual(self.card.points, 0)
