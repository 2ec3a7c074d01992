"""Whatever happens in whatever order, the ledger adds up."""

from collections import Counter
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_loyalty.engine.ledger import to_units
from odoo.addons.crm_loyalty.tests.common import TODAY

from .common import OrderCase

STORIES = 16
STEPS = 30
# How often each step takes effect at least, in all stories together. They are the
# same in each run.
LEAST = 8
NUMBERS = st.integers(0, 7)


@tagged("post_install", "-at_install")
class TestProperty(OrderCase):
    """Stories of one customer over simulated days, told by `Story`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Here, as what is cached of tiers does not go with a savepoint.
        cls.program.tier_ids = [
            Command.create({"name": name, "threshold": threshold, "multiplier": times})
            for name, threshold, times in (("Basic", 0, 1), ("Gold", 60, 1.5))
        ]

    def test_any_story_keeps_the_ledger_sound(self):
        reached = Counter()

        def tell():
            return Story(self, reached)

        run_state_machine_as_test(
            tell,
            settings=settings(
                max_examples=STORIES,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
        steps = [name for name in dir(Story) if name.startswith("step_")]
        self.assertEqual(
            {name: reached[name] for name in steps if reached[name] < LEAST}, {}
        )


class Story(RuleBasedStateMachine):
    """What may happen to a customer, each step only where it can take effect."""

    def __init__(self, case, reached):
        super().__init__()
        self.case = case
        self.env = case.env
        self.program, self.card = case.program, case.card
        self.reached = reached
        self.savepoint = self.env.cr.savepoint(flush=True)
        self.day = TODAY
        case._on(self.day)
        self.orders = self.env["sale.order"]

    def teardown(self):
        self.env.clear()
        self.savepoint.close(rollback=True)
        self.env.invalidate_all()

    @initialize(
        pending=st.sampled_from(["none", "days", "paid"]),
        expiry=st.sampled_from(["days", "month", "activity", "never"]),
        negative=st.sampled_from(["debt", "floor", "block"]),
    )
    def begin(self, pending, expiry, negative):
        self.program.write(
            {
                "pending_policy": pending,
                "pending_days": 3,
                "expiry_policy": expiry,
                "expire_after": 12,
                "negative_policy": negative,
                "reinstate_days": 15,
            }
        )
        self.card._post_points(15, "bonus", key="welcome")

    # ------------------------------------------------------------
    # What always holds
    # ------------------------------------------------------------

    @invariant()
    def the_ledger_is_sound(self):
        case = self.case
        case._assert_sound()
        self.env.invalidate_all()
        entries = self._get_entries()
        for card, mine in entries.grouped("card_id").items():
            opened = sum(to_units(entry.remaining) for entry in mine)
            case.assertEqual(opened, to_units(card.points))
            if self.program.negative_policy != "debt":
                case.assertGreaterEqual(card.points, 0)
        for entry in entries.filtered(lambda entry: entry.points > 0):
            case.assertGreaterEqual(entry.remaining, 0, "no lot is below zero")
        for part in entries.filtered(lambda e: e.kind == "burn").consumed_ids:
            burn, lot = part.entry_id, part.award_id
            if part.points < 0:
                continue
            case.assertTrue(lot.available_date and lot.available_date <= burn.date)
            case.assertTrue(not lot.expiration_date or lot.expiration_date >= burn.date)
        case.assertFalse(entries.filtered(lambda entry: not entry.qualifying_date))

    def _get_entries(self):
        return self.env["loyalty.point.entry"].search(
            [("program_id", "=", self.program.id)]
        )

    # ------------------------------------------------------------
    # Orders
    # ------------------------------------------------------------

    @rule(number=NUMBERS)
    def step_earn(self, number):
        with self._step("earn"):
            self.orders |= self.case._order(coffees=number * 3 + 1)

    @precondition(lambda self: self.card.points_available >= 10)
    @rule(number=NUMBERS)
    def step_redeem(self, number):
        with self._step("redeem"):
            order = self.case._order(coffees=number, teas=4, confirm=False)
            self.case._redeem(order)
            order.action_confirm()
            self.orders |= order

    @precondition(lambda self: self._get_orders("sale"))
    @rule(number=NUMBERS)
    def step_cancel(self, number):
        with self._step("cancel"):
            self._pick(self._get_orders("sale"), number).sudo()._action_cancel()

    @precondition(lambda self: self._get_orders("cancel"))
    @rule(number=NUMBERS)
    def step_reconfirm(self, number):
        with self._step("reconfirm"):
            order = self._pick(self._get_orders("cancel"), number)
            order.action_draft()
            order._update_programs_and_rewards()
            order.action_confirm()

    def _get_orders(self, state):
        return self.orders.filtered(lambda order: order.state == state)

    # ------------------------------------------------------------
    # Invoices
    # ------------------------------------------------------------

    @precondition(lambda self: self._get_orders_to_invoice())
    @rule(number=NUMBERS)
    def step_invoice(self, number):
        # Posts nothing: what waits for payment waits on.
        self.reached["step_invoice"] += 1
        self.case._invoice(self._pick(self._get_orders_to_invoice(), number))

    def _get_orders_to_invoice(self):
        return self._get_orders("sale").filtered(
            lambda order: order.invoice_status == "to invoice"
        )

    @precondition(lambda self: self._get_invoices("not_paid"))
    @rule(number=NUMBERS)
    def step_pay(self, number):
        invoice = self._pick(self._get_invoices("not_paid"), number)
        self.case._pay(invoice)
        self.case.assertIn(invoice.payment_state, ("in_payment", "paid"))
        self.reached["step_pay"] += 1

    @precondition(lambda self: self._get_invoices())
    @rule(number=NUMBERS)
    def step_return_part(self, number):
        with self._step("return_part"):
            self.case._credit(
                self._pick(self._get_invoices(), number), {"Coffee": 1, "Tea": 1}
            )

    @precondition(lambda self: self._get_invoices())
    @rule(number=NUMBERS)
    def step_return_all(self, number):
        with self._step("return_all"):
            self.case._credit(self._pick(self._get_invoices(), number))

    def _get_invoices(self, *payment_states):
        """Return the invoices of orders that hold, less what was credited."""
        return (
            self._get_orders("sale")
            .sudo()
            .invoice_ids.filtered(
                lambda move: (
                    move.state == "posted"
                    and move.move_type == "out_invoice"
                    and move.amount_total > 0
                    and sum(move.reversal_move_ids.mapped("amount_total"))
                    < move.amount_total
                    and (not payment_states or move.payment_state in payment_states)
                )
            )
        )

    # ------------------------------------------------------------
    # Days, and the jobs of a night
    # ------------------------------------------------------------

    @rule(days=st.integers(1, 9))
    def pass_days(self, days):
        self.day += timedelta(days=days)
        self.case._on(self.day)

    @precondition(lambda self: self._get_due_lots())
    @rule()
    def step_expire(self):
        with self._step("expire"):
            self._work_at_night()
        before = self._get_state()
        self._work_at_night()
        self.case.assertEqual(self._get_state(), before, "a rerun adds nothing")

    def _work_at_night(self):
        self.env["loyalty.card"]._expire_points(as_of=self.day)
        self.orders._release_points()
        self.program._evaluate_tiers(self.day)
        self.env.invalidate_all()

    def _get_state(self):
        entries = self._get_entries()
        return (
            entries.ids,
            entries.mapped("remaining"),
            entries.mapped("available_date"),
            self.card.points,
            self.card.tier_id,
            self.card.tier_history_ids,
        )

    def _get_due_lots(self):
        return self.card.lot_ids.filtered(
            lambda lot: (
                lot.remaining > 0
                and lot.expiration_date
                and lot.expiration_date < self.day
            )
        )

    @precondition(lambda self: self.card._get_reinstatable())
    @rule(days=st.integers(0, 10))
    def step_reinstate(self, days):
        with self._step("reinstate"):
            expiries = self.card._get_reinstatable().with_user(self.case.manager)
            until = self.day + timedelta(days=days)
            given = [expiries._reinstate(until, "Story") for _time in range(2)]
            self.case.assertEqual(given[0], given[1])

    # ------------------------------------------------------------
    # Points without an order
    # ------------------------------------------------------------

    @rule(number=NUMBERS)
    def step_bonus(self, number):
        with self._step("bonus"):
            entries = [
                self.card._post_points(number + 1, "bonus", key=f"bonus:{number}")
                for _time in range(2)
            ]
            self.case.assertEqual(entries[0], entries[1])

    @rule(points=st.integers(-4, 4))
    def step_adjust(self, points):
        with self._step("adjust"):
            self.card._post_points(points, "adjust", reason="Story")

    @rule(number=NUMBERS)
    def step_merge(self, number):
        with self._step("merge"):
            other = self.case._card(number)
            self.env["base.partner.merge.automatic.wizard"].create({})._merge(
                (other.partner_id | self.case.ada).ids, self.case.ada
            )

    # ------------------------------------------------------------
    # Telling
    # ------------------------------------------------------------

    def _pick(self, records, number):
        return records[number % len(records)]

    def _step(self, name):
        return _Step(self, f"step_{name}")


class _Step:
    """Something that may be refused; it counts if it posts."""

    def __init__(self, story, name):
        self.story, self.name = story, name

    def __enter__(self):
        self.before = self.story._get_entries()
        self.savepoint = self.story.env.cr.savepoint()

    def __exit__(self, kind, error, _trace):
        refused = kind and issubclass(kind, UserError)
        self.savepoint.close(rollback=bool(kind))
        self.story.env.invalidate_all()
        if kind and not refused:
            return False
        if refused:
            self.story.reached["refused " + self.name] += 1
        elif self.story._get_entries() != self.before:
            self.story.reached[self.name] += 1
        return True
