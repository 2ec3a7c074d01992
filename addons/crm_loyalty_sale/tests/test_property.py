"""Property test: the ledger adds up after any sequence of steps."""

from collections import Counter
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_loyalty.engine.ledger import to_units
from odoo.addons.crm_loyalty.tests.common import TODAY
from odoo.addons.crm_loyalty.tests.thorough import THOROUGH, rounds

from .common import OrderCase

STORIES = rounds(18, 500)
LENGTH = 24
# Minimum number of times that each step takes effect in all stories together. The
# stories are the same in each run.
LEAST = 2
# Steps, rarely possible ones first, because the first ones are drawn most often.
STEPS = (
    "reinstate",
    "bill_back",
    "pay",
    "expire",
    "reconfirm",
    "return_part",
    "invoice",
    "redeem",
    "pass_days",
    "return_all",
    "cancel",
    "change",
    "add_line",
    "adjust",
    "earn",
    "bonus",
    "merge",
)


# Steps of stories that are told with late jobs.
LATE_STEPS = (
    "earn",
    "return_part",
    "return_all",
    "pass_days",
    "invoice",
    "change",
    "spend",
    "cancel",
    "bill_back",
)


@tagged("post_install", "-at_install")
class TestProperty(OrderCase):
    """Random stories of a customer over simulated days, see `Story`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Create tiers here, because rolling back a savepoint keeps their cache.
        cls.program.crm_loyalty_tier_ids = [
            Command.create({"name": name, "threshold": threshold, "multiplier": times})
            for name, threshold, times in (("Basic", 0, 1), ("Gold", 60, 1.5))
        ]

    def test_any_story_keeps_the_ledger_sound(self):
        reached = Counter()

        @settings(
            max_examples=STORIES,
            deadline=None,
            database=None,
            derandomize=not THOROUGH,
            suppress_health_check=list(HealthCheck),
        )
        @given(
            pending=st.sampled_from(["none", "days", "paid"]),
            expiry=st.sampled_from(["days", "month", "activity", "never"]),
            negative=st.sampled_from(["debt", "floor", "block"]),
            data=st.data(),
        )
        def tell(pending, expiry, negative, data):
            story = Story(self, reached)
            try:
                story.begin(pending, expiry, negative)
                for _step in range(LENGTH):
                    story.go_on(data)
            finally:
                story.end()

        tell()
        self.assertEqual(
            {step: reached[step] for step in STEPS if reached[step] < LEAST}, {}
        )

    def test_the_day_of_a_job_makes_no_difference(self):
        """A story with jobs each night ends like one with late jobs."""

        @settings(
            max_examples=rounds(1, 200),
            deadline=None,
            database=None,
            derandomize=not THOROUGH,
            suppress_health_check=list(HealthCheck),
        )
        @given(
            negative=st.sampled_from(["debt", "floor"]),
            steps=st.lists(
                st.tuples(st.sampled_from(LATE_STEPS), st.integers(0, 7)),
                min_size=4,
                max_size=9,
            ),
        )
        def tell(negative, steps):
            ends = []
            for is_late in (False, True):
                story = Story(self, Counter())
                try:
                    story.begin("none", "days", negative)
                    ends.append(story.tell(steps, is_late))
                finally:
                    story.end()
            self.assertEqual(*ends)

        tell()


class Story:
    """A story of a customer, as a sequence of steps.

    A step is a method ``do_<step>``, which gets a random number. ``may_<step>``
    returns whether the step is possible.
    """

    def __init__(self, case, reached):
        self.case = case
        self.env = case.env
        self.program, self.card = case.program, case.card
        self.reached = reached
        self.savepoint = self.env.cr.savepoint(flush=True)
        self.day = TODAY
        case._on(self.day)
        self.orders = self.env["sale.order"]

    def begin(self, pending, expiry, negative):
        self.program.write(
            {
                "crm_loyalty_pending_policy": pending,
                "crm_loyalty_pending_days": 3,
                "crm_loyalty_expiry_policy": expiry,
                "crm_loyalty_expiry_days": 6,
                "crm_loyalty_negative_policy": negative,
                "crm_loyalty_reinstate_days": 30,
            }
        )
        self.card._post_points(12, "bonus", key="welcome")

    def go_on(self, data):
        """Do one of the possible steps, and check the ledger."""
        steps = [step for step in STEPS if getattr(self, f"may_{step}", lambda: True)()]
        step = data.draw(st.sampled_from(steps), label="step")
        number = data.draw(st.integers(0, 7), label="number")
        before = self.get_state()
        try:
            with self.env.cr.savepoint():
                getattr(self, f"do_{step}")(number)
        except UserError:
            # The card lacks points, or the program refuses debts.
            self.reached[f"{step} refused"] += 1
        self.env.invalidate_all()
        self.reached[step] += self.get_state() != before
        self.check()

    def tell(self, steps, is_late):
        """Do the steps that are possible; return the balance and the tier's points."""
        for step, number in steps:
            if getattr(self, f"may_{step}", lambda: True)():
                getattr(self, f"do_{step}")(number)
                self.env.invalidate_all()
            if not is_late:
                self.work_at_night()
        self.work_at_night()
        self.case._assert_sound()
        return self.card.points, self.card.crm_loyalty_qualifying_points

    def end(self):
        self.env.clear()
        self.savepoint.close(rollback=True)
        self.env.invalidate_all()

    def get_state(self):
        """Return everything that a step may change."""
        entries = self.get_entries()
        return (
            self.day,
            entries.mapped(lambda entry: (entry.id, entry.remaining)),
            entries.mapped("available_date"),
            self.card.crm_loyalty_tier_id,
            self.card.crm_loyalty_tier_history_ids,
            self.orders.mapped("invoice_status"),
            self.orders.sudo().invoice_ids.mapped("payment_state"),
        )

    def get_entries(self):
        return self.env["crm.loyalty.entry"].search(
            [("program_id", "=", self.program.id)]
        )

    # ------------------------------------------------------------
    # Invariants
    # ------------------------------------------------------------

    def check(self):
        case = self.case
        case._assert_sound()
        self.env.invalidate_all()
        entries = self.get_entries()
        for card, mine in entries.grouped("card_id").items():
            opened = sum(to_units(entry.remaining) for entry in mine)
            case.assertEqual(opened, to_units(card.points))
            if self.program.crm_loyalty_negative_policy != "debt":
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
        for order in self.orders:
            self.check_earned(order, entries)

    def check_earned(self, order, entries):
        """Each order has earned what its coffees earn, unless some came back."""
        case = self.case
        earned = entries.filtered(
            lambda entry: (
                entry.kind == "earn"
                and (entry.source_model, entry.source_id) == (order._name, order.id)
            )
        )
        parts = earned | entries.filtered(lambda entry: entry.origin_id in earned)
        kept = sum(to_units(entry.points) - to_units(entry.waived) for entry in parts)
        if order.state == "cancel":
            case.assertEqual(kept, 0, "a cancelled order earns nothing")
            return
        case.assertTrue(0 <= kept <= sum(to_units(entry.points) for entry in earned))
        billed = order.sudo().order_line.invoice_lines
        if any(line.move_type == "out_refund" or line.quantity < 0 for line in billed):
            return
        current = earned.filtered(
            lambda entry: entry.key.startswith(order._get_entry_key_prefix())
        )
        times = current and current.sorted("id")[0].earning["times"] or 0
        coffees = sum(self.get_coffees(order).mapped("product_uom_qty"))
        case.assertEqual(kept, to_units(round(coffees * times, 2)))

    # ------------------------------------------------------------
    # Orders
    # ------------------------------------------------------------

    def do_earn(self, number):
        self.orders |= self.case._order(coffees=number + 1)

    def may_redeem(self):
        return self.card.crm_loyalty_points_available >= 10

    def do_redeem(self, number):
        order = self.case._order(coffees=number, teas=4, confirm=False)
        self.case._redeem(order)
        order.action_confirm()
        self.orders |= order

    def do_spend(self, number):
        points = min(number, self.card.crm_loyalty_points_available)
        if points > 0:
            self.card._post_points(-points, "burn")

    def may_change(self):
        return self.get_coffees(self.get_orders("sale"))

    def do_change(self, number):
        lines = self.get_coffees(self.get_orders("sale"))
        self.pick(lines, number).product_uom_qty = number

    def may_add_line(self):
        return self.get_orders("sale")

    def do_add_line(self, number):
        item = self.pick(self.case.coffee | self.case.tea, number)
        self.pick(self.get_orders("sale"), number).order_line = [
            Command.create({"product_id": item.id, "product_uom_qty": number})
        ]

    def get_coffees(self, orders):
        return orders.order_line.filtered(
            lambda line: line.product_id == self.case.coffee
        )

    def may_cancel(self):
        return self.get_orders("sale")

    def do_cancel(self, number):
        self.pick(self.get_orders("sale"), number).sudo()._action_cancel()

    def may_reconfirm(self):
        return self.get_orders("cancel")

    def do_reconfirm(self, number):
        order = self.pick(self.get_orders("cancel"), number)
        order.action_draft()
        order._update_programs_and_rewards()
        order.action_confirm()

    def get_orders(self, state):
        return self.orders.filtered(lambda order: order.state == state)

    def pick(self, records, number):
        return records[number % len(records)]

    # ------------------------------------------------------------
    # Invoices
    # ------------------------------------------------------------

    def may_invoice(self):
        return self.get_orders_to_invoice()

    def do_invoice(self, number):
        self.case._invoice(self.pick(self.get_orders_to_invoice(), number))

    def get_orders_to_invoice(self):
        return self.get_orders("sale").filtered(
            lambda order: any(line.qty_to_invoice > 0 for line in order.order_line)
        )

    def may_pay(self):
        return self.get_unpaid()

    def do_pay(self, number):
        invoice = self.pick(self.get_unpaid(), number)
        self.case._pay(invoice)
        self.case.assertIn(invoice.payment_state, ("in_payment", "paid"))

    def get_unpaid(self):
        return self.get_invoices().filtered(
            lambda move: move.payment_state == "not_paid"
        )

    def may_return_part(self):
        return self.get_invoices()

    def do_return_part(self, number):
        invoice = self.pick(self.get_invoices(), number)
        self.case._credit(invoice, {"Coffee": 1, "Tea": 1})

    def may_return_all(self):
        return self.get_invoices()

    def do_return_all(self, number):
        self.case._credit(self.pick(self.get_invoices(), number))

    def may_bill_back(self):
        return self.get_coffees(self.get_invoices().line_ids.sale_line_ids.order_id)

    def do_bill_back(self, number):
        """Bill tea together with a coffee that comes back."""
        lines = self.get_coffees(
            self.get_invoices().invoice_line_ids.sale_line_ids.order_id
        )
        line = self.pick(lines, number)
        values = [
            {"product_id": self.case.tea.id, "quantity": 9},
            {
                "product_id": line.product_id.id,
                "quantity": -1,
                "sale_line_ids": line.ids,
            },
        ]
        self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.case.ada.id,
                "company_id": self.case.company.id,
                "invoice_date": self.day,
                "invoice_line_ids": [
                    Command.create({**vals, "price_unit": 10, "tax_ids": False})
                    for vals in values
                ],
            }
        ).action_post()

    def get_invoices(self):
        """Return the invoices of confirmed orders that are not credited yet."""
        invoices = self.get_orders("sale").sudo().invoice_ids
        return invoices.filtered(
            lambda move: (
                move.state == "posted"
                and move.move_type == "out_invoice"
                and move.amount_total
                > sum(move.reversal_move_ids.mapped("amount_total"))
            )
        )

    # ------------------------------------------------------------
    # Days and nightly jobs
    # ------------------------------------------------------------

    def do_pass_days(self, number):
        self.day += timedelta(days=2 * number + 2)
        self.case._on(self.day)

    def may_expire(self):
        return self.card.crm_loyalty_lot_ids.filtered(
            lambda lot: (
                lot.remaining > 0
                and lot.expiration_date
                and lot.expiration_date < self.day
            )
        )

    def do_expire(self, number):
        self.work_at_night()
        before = self.get_state()
        self.work_at_night()
        self.case.assertEqual(self.get_state(), before, "a rerun adds nothing")

    def work_at_night(self):
        self.env["loyalty.card"]._expire_points(as_of=self.day)
        self.orders._sync_paid_points()
        self.program._evaluate_tiers(self.day)
        self.env.invalidate_all()

    def may_reinstate(self):
        return self.card._get_reinstatable()

    def do_reinstate(self, number):
        expiries = self.card._get_reinstatable().with_user(self.case.manager)
        until = self.day + timedelta(days=number)
        given = [expiries._reinstate(until, "Story") for _time in range(2)]
        self.case.assertEqual(given[0], given[1])

    # ------------------------------------------------------------
    # Points without an order
    # ------------------------------------------------------------

    def do_bonus(self, number):
        entries = [
            self.card._post_points(number + 1, "bonus", key=f"bonus:{number}")
            for _time in range(2)
        ]
        self.case.assertEqual(entries[0], entries[1])

    def do_adjust(self, number):
        self.card._post_points((number - 6) * 4, "adjust", reason="Story")

    def do_merge(self, number):
        other = self.case._card(number)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (other.partner_id | self.case.ada).ids, self.case.ada
        )
