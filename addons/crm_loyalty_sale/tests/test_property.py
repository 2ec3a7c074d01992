"""Whatever happens in whatever order, the ledger adds up."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.crm_loyalty.engine.ledger import to_units
from odoo.addons.crm_loyalty.tests.common import TODAY

from .common import OrderCase

STEPS = (
    "earn",
    "redeem",
    "redeem",
    "invoice",
    "pay",
    "return_part",
    "return_all",
    "cancel",
    "reconfirm",
    "expire",
    "reinstate",
    "bonus",
    "adjust",
    "merge",
    "pass_days",
    "pass_days",
)


@tagged("post_install", "-at_install")
class TestProperty(OrderCase):
    """Each example is a story of one customer over simulated days."""

    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        policies=st.tuples(
            st.sampled_from(["none", "days", "paid"]),
            st.sampled_from(["never", "days", "month", "activity"]),
            st.sampled_from(["debt", "floor", "block"]),
        ),
        story=st.lists(
            st.tuples(st.sampled_from(STEPS), st.integers(0, 7)),
            min_size=6,
            max_size=16,
        ),
    )
    def test_any_story_keeps_the_ledger_sound(self, policies, story):
        savepoint = self.env.cr.savepoint(flush=True)
        try:
            self._tell(policies, story)
        finally:
            self.env.clear()
            savepoint.close(rollback=True)
            self.env.invalidate_all()

    def _tell(self, policies, story):
        pending, expiry, negative = policies
        self.program.write(
            {
                "pending_policy": pending,
                "pending_days": 5,
                "expiry_policy": expiry,
                "expire_after": 20,
                "negative_policy": negative,
                "reinstate_days": 15,
            }
        )
        self.day = TODAY
        self._on(self.day)
        self.orders = self.env["sale.order"]
        self.notes = []
        for step, number in story:
            try:
                with self.env.cr.savepoint():
                    getattr(self, f"_do_{step}")(number)
            except (UserError, AssertionError) as error:
                # Refused: there was not enough, or it was too late.
                if type(error) is AssertionError and "points" not in str(error):
                    raise
                self.env.invalidate_all()
            self._check()

    def _check(self):
        """The invariants of the ledger."""
        self._assert_sound()
        self.env.invalidate_all()
        entries = self.env["loyalty.point.entry"].search(
            [("program_id", "=", self.program.id)]
        )
        for card in entries.card_id:
            mine = entries.filtered(lambda e, card=card: e.card_id == card)
            opened = sum(to_units(entry.remaining) for entry in mine)
            self.assertEqual(opened, to_units(card.points))
            if self.program.negative_policy != "debt":
                self.assertGreaterEqual(card.points, 0)
        for part in entries.filtered(lambda e: e.kind == "burn").consumed_ids:
            burn, lot = part.entry_id, part.award_id
            self.assertTrue(lot.available_date and lot.available_date <= burn.date)
            self.assertTrue(not lot.expiration_date or lot.expiration_date >= burn.date)

    def _pick(self, records, number):
        return records[number % len(records)] if records else None

    def _confirmed(self):
        return self.orders.filtered(lambda order: order.state == "sale")

    # Steps

    def _do_earn(self, number):
        self.orders |= self._order(coffees=number * 3 + 1)

    def _do_redeem(self, number):
        order = self._order(coffees=number, teas=4, confirm=False)
        self.orders |= order
        status = order._apply_program_reward(self.reward, self.card)
        if "error" in status:
            raise UserError(status["error"])
        order.action_confirm()

    def _do_invoice(self, number):
        order = self._pick(
            self._confirmed().filtered(lambda o: o.invoice_status == "to invoice"),
            number,
        )
        if order:
            self._invoice(order)

    def _do_pay(self, number):
        invoice = self._pick(
            self.orders.sudo().invoice_ids.filtered(
                lambda m: (
                    m.state == "posted"
                    and m.move_type == "out_invoice"
                    and m.payment_state == "not_paid"
                    and m.amount_residual
                )
            ),
            number,
        )
        if invoice:
            self._pay(invoice)

    def _invoiced(self, number):
        return self._pick(
            self.orders.sudo().invoice_ids.filtered(
                lambda m: (
                    m.state == "posted"
                    and m.move_type == "out_invoice"
                    and m.amount_total > 0
                )
            ),
            number,
        )

    def _do_return_part(self, number):
        invoice = self._invoiced(number)
        if invoice:
            self._credit(invoice, {"Coffee": 1, "Tea": 1})

    def _do_return_all(self, number):
        invoice = self._invoiced(number)
        if invoice:
            self._credit(invoice)

    def _do_cancel(self, number):
        order = self._pick(self._confirmed(), number)
        if order:
            order.sudo()._action_cancel()

    def _do_reconfirm(self, number):
        order = self._pick(
            self.orders.filtered(lambda order: order.state == "cancel"), number
        )
        if order:
            order.action_draft()
            order._update_programs_and_rewards()
            order.action_confirm()

    def _do_expire(self, number):
        self.env["loyalty.card"]._expire_points(as_of=self.day)
        self.env.invalidate_all()
        again = self.env["loyalty.card"]._expire_points(as_of=self.day)
        self.assertFalse(again, "a rerun adds nothing")

    def _do_reinstate(self, number):
        expiries = self.card._get_reinstatable()
        until = self.day + timedelta(days=10)
        for _time in range(2):
            expiries.with_user(self.manager)._reinstate(until, "Story")

    def _do_bonus(self, number):
        entry = self.card._post_points(number + 1, "bonus", key=f"bonus:{number}")
        again = self.card._post_points(number + 1, "bonus", key=f"bonus:{number}")
        self.assertEqual(entry, again)

    def _do_adjust(self, number):
        self.card._post_points(number - 3, "adjust", reason="Story")

    def _do_merge(self, number):
        other = self._card(number)
        if number % 2:
            other._post_points(number, "earn")
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (other.partner_id | self.ada).ids, self.ada
        )
        self.env.invalidate_all()

    def _do_pass_days(self, number):
        self.day += timedelta(days=number * 2)
        self._on(self.day)
