"""Points that are pending until the order is paid, and again if it no longer is."""

from datetime import timedelta

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_loyalty.tests.common import TODAY

from .common import OrderCase


@tagged("post_install", "-at_install")
class TestPaid(OrderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.crm_loyalty_pending_policy = "paid"
        cls.accountant = cls._user("acc", "account.group_account_invoice")

    def _state(self, card=None):
        """Return the available, pending and owed points of a card."""
        self.env.invalidate_all()
        card = card or self.card
        return (
            card.crm_loyalty_points_available,
            card.crm_loyalty_points_pending,
            card.crm_loyalty_points_debt,
        )

    def _paid_order(self, coffees=10):
        order = self._order(coffees=coffees)
        return order, self._invoice(order, paid=True)

    def _unpay(self, invoice):
        """Remove the payment from the invoice, as the accountant."""
        lines = invoice.with_user(self.accountant).line_ids
        lines.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).remove_move_reconcile()

    def test_points_are_pending_again_when_the_payment_is_removed(self):
        """Regression: they stayed spendable."""
        order, invoice = self._paid_order()
        self.assertEqual(self._state(), (10, 0, 0))
        self._unpay(invoice)
        self.assertEqual(self._state(), (0, 10, 0))
        self._unpay(invoice)
        order._sync_paid_points()
        self.assertEqual(self._state(), (0, 10, 0))
        self.assertEqual(self._posted(order), [("earn", 10)])
        self._assert_sound()

    def test_points_are_pending_again_when_the_payment_is_cancelled_or_reset(self):
        for undo in ("action_cancel", "action_draft", "action_reject"):
            with self.subTest(undo=undo):
                _order, invoice = self._paid_order()
                before = self._state()
                payment = self.env["account.payment"].search(
                    [], limit=1, order="id desc"
                )
                payment = payment.with_user(self.accountant)
                if undo == "action_reject":
                    # Banks reject what has no journal entry.
                    self._unpay(invoice)
                getattr(payment, undo)()
                available, pending, debt = before
                self.assertEqual(self._state(), (available - 10, pending + 10, debt))
                if undo == "action_draft":
                    payment.action_post()
                    self.assertEqual(self._state(), before)
        self._assert_sound()

    def test_points_are_pending_again_when_the_invoice_is_reset(self):
        _order, invoice = self._paid_order()
        invoice.with_user(self.accountant).button_draft()
        self.assertEqual(self._state(), (0, 10, 0))
        invoice.with_user(self.accountant).button_cancel()
        self.assertEqual(self._state(), (0, 10, 0))

    def test_points_are_released_again_when_the_order_is_paid_again(self):
        _order, invoice = self._paid_order()
        self._unpay(invoice)
        self._on(5)
        self._pay(invoice)
        self.assertEqual(self._state(), (10, 0, 0))
        earned = self.card.crm_loyalty_entry_ids.filtered(lambda e: e.kind == "earn")
        self.assertEqual(earned.available_date, TODAY + timedelta(days=5))
        self._assert_sound()

    # Spent meanwhile

    def test_what_was_spent_meanwhile_is_owed(self):
        _order, invoice = self._paid_order()
        self.card._post_points(-4, "burn")
        self._unpay(invoice)
        self.assertEqual(self._state(), (0, 10, 4))
        self.assertEqual(self.card.points, 6)
        self._assert_sound()
        self._pay(invoice)
        self.assertEqual(self._state(), (6, 0, 0))
        self._assert_sound()

    def test_new_points_pay_what_was_spent_meanwhile(self):
        _order, invoice = self._paid_order()
        self.card._post_points(-4, "burn")
        self._unpay(invoice)
        self.card._post_points(3, "bonus")
        self.assertEqual(self._state(), (0, 9, 0))
        self.assertEqual(self.card.points, 9)
        self._assert_sound()

    def test_what_was_spent_meanwhile_is_taken_from_other_points(self):
        for policy in ("debt", "floor", "block"):
            with self.subTest(policy=policy):
                self.program.crm_loyalty_negative_policy = policy
                self.card = self._card(0, partner_id=self.ada.id)
                self._others().action_archive()
                _order, invoice = self._paid_order()
                self.card._post_points(-4, "burn")
                self.card._post_points(5, "bonus")
                self._unpay(invoice)
                self.assertEqual(self._state(), (1, 10, 0))
                self._assert_sound()

    def _others(self):
        return self.env["loyalty.card"].search(
            [("partner_id", "=", self.ada.id), ("id", "!=", self.card.id)]
        )

    def test_what_was_spent_meanwhile_is_done_without_if_the_program_says_so(self):
        for policy in ("floor", "block"):
            with self.subTest(policy=policy):
                self.program.crm_loyalty_negative_policy = policy
                self.card = self._card(0, partner_id=self.ada.id)
                self._others().action_archive()
                _order, invoice = self._paid_order()
                self.card._post_points(-4, "burn")
                self._unpay(invoice)
                self.assertEqual(self._state(), (0, 6, 0))
                self._pay(invoice)
                self.assertEqual(self._state(), (6, 0, 0))
                self._assert_sound()

    def test_a_cancelled_order_owes_what_was_spent_once(self):
        order, invoice = self._paid_order()
        self.card._post_points(-4, "burn")
        self._unpay(invoice)
        invoice.button_draft()
        invoice.button_cancel()
        order.with_context(disable_cancel_warning=True).action_cancel()
        self.assertEqual(self.card.points, -4)
        self.assertEqual(self._state(), (0, 0, 4))
        self._assert_sound()

    # What is paid

    def test_points_of_other_programs_stay_available(self):
        """A payment that is undone leaves points alone that never waited for it."""
        self.program.crm_loyalty_pending_policy = "none"
        _order, invoice = self._paid_order()
        self.program.crm_loyalty_pending_policy = "paid"
        self._unpay(invoice)
        self.assertEqual(self._state(), (10, 0, 0))

    def test_a_second_invoice_that_is_not_paid_makes_points_pending(self):
        order, _invoice = self._paid_order()
        order.order_line.product_uom_qty = 12
        self._invoice(order)
        self.assertEqual(self._state()[0], 0)

    def test_a_paid_down_payment_does_not_pay_the_order(self):
        self.coffee.invoice_policy = "delivery"
        order = self._order(coffees=10)
        wizard = (
            self.env["sale.advance.payment.inv"]
            .with_context(active_model="sale.order", active_ids=order.ids)
            .create({"advance_payment_method": "percentage", "amount": 20})
        )
        invoice = wizard._create_invoices(order.sudo())
        invoice.action_post()
        self._pay(invoice)
        self.assertEqual(self._state(), (0, 10, 0))

    def test_points_follow_the_payment_after_a_merge_of_customers(self):
        """Regression: points of merged cards stayed pending for ever."""
        order = self._order(coffees=10)
        invoice = self._invoice(order)
        kept = self._card(3)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.ada | kept.partner_id).ids, kept.partner_id
        )
        self.assertEqual(self._state(kept), (3, 10, 0))
        self._pay(invoice)
        self.assertEqual(self._state(kept), (13, 0, 0))
        kept._post_points(-12, "burn")
        self._unpay(invoice)
        self.assertEqual(self._state(kept)[0], 0)
        self._assert_sound()
        self.env.cr.execute(
            "UPDATE account_move SET payment_state = 'paid' WHERE id = %s", [invoice.id]
        )
        self.env.invalidate_all()
        with self.enter_registry_test_mode():
            self.env.ref("crm_loyalty_sale.ir_cron_release").method_direct_trigger()
        self.assertEqual(self._state(kept), (1, 0, 0))
        self._assert_sound()

    # Payment transactions

    def _transaction(self, order, **vals):
        provider = self.env["payment.provider"].create(
            {"name": "Shop", "company_id": self.company.id}
        )
        return self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": self.env.ref("payment.payment_method_unknown").id,
                "reference": f"{order.name}-{vals.get('operation')}",
                "amount": order.amount_total,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "sale_order_ids": [Command.set(order.ids)],
                **vals,
            }
        )

    def test_a_payment_in_the_shop_releases_points_without_an_invoice(self):
        order = self._order(coffees=10)
        transaction = self._transaction(order, operation="online_redirect")
        transaction._set_pending()
        self.assertEqual(self._state(), (0, 10, 0))
        transaction._set_done()
        self.assertEqual(self._state(), (10, 0, 0))
        refund = self._transaction(
            order,
            operation="refund",
            amount=-order.amount_total,
            source_transaction_id=transaction.id,
            sale_order_ids=False,
        )
        self.assertEqual(self._state(), (10, 0, 0))
        refund._set_done()
        self.assertEqual(self._state(), (0, 10, 0))
        self._assert_sound()

    def test_a_part_payment_in_the_shop_releases_nothing(self):
        order = self._order(coffees=10)
        self._transaction(order, operation="offline", amount=99)._set_done()
        self.assertEqual(self._state(), (0, 10, 0))

    def test_an_order_with_a_payment_is_released_when_it_is_confirmed_by_it(self):
        order = self._order(coffees=10, confirm=False)
        transaction = self._transaction(order, operation="online_redirect")
        transaction._set_done()
        Transaction = type(transaction)
        # The provider has no journal.
        self.patch(Transaction, "_create_payment", lambda self, **kwargs: None)
        transaction._post_process()
        self.assertEqual(order.state, "sale")
        self.assertEqual(self._state(), (10, 0, 0))
