"""Every way to earn × every kind of line × every change, against `oracle_points`."""

from fractions import Fraction

from odoo.fields import Command
from odoo.tests import tagged

from . import oracle_points as oracle
from .common import OrderCase
from .oracle_points import Item

COFFEE, TEA = Item("Coffee", 10, Fraction(10)), Item("Tea", 5, Fraction(20))
GOODS = [COFFEE, TEA]
ORDERS = {
    "goods": GOODS,
    "shipping": [*GOODS, Item("Shipping", 1, Fraction(20), "shipping")],
    "discount": [*GOODS, Item("Promotion", 1, Fraction(-10), "discount")],
    "reward": [*GOODS, Item("Reward", 1, Fraction(-5), "reward")],
    "gift_card": [*GOODS, Item("Gift card", 1, Fraction(-15), "gift card")],
    "tax": [Item("Coffee", 10, Fraction(12)), TEA],
}
CHANGES = (
    "lowered",
    "raised",
    "cancelled",
    "credited_in_part",
    "credited_in_full",
    "negative_line",
    "returned_by_picking",
    "payment_undone",
)


@tagged("post_install", "-at_install")
class TestEarnedMatrix(OrderCase):
    """An order earns in four programs at once, one for each way to earn."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.has_stock = "stock.picking" in cls.env
        cls.shipping = cls.env["product.product"].create(
            {
                "name": "Shipping",
                "list_price": 20,
                "type": "service",
                "invoice_policy": "order",
                "taxes_id": False,
            }
        )
        cls.tea.list_price = 20
        cls.program.active = False
        cls.programs = {
            "amount": cls._earning_program("money", 1),
            "product": cls._earning_program("money", 1, cls.coffee),
            "unit": cls._earning_program("unit", 3),
            "order": cls._earning_program("order", 50),
        }
        cls.cards = {
            mode: cls._card(0, program, partner_id=cls.ada.id)
            for mode, program in cls.programs.items()
        }
        cls.promotion, cls.gift = cls.env["loyalty.program"].create(
            [
                {
                    "name": "Promotion",
                    "program_type": "promotion",
                    "trigger": "auto",
                    "applies_on": "current",
                    "company_id": cls.company.id,
                    "rule_ids": [Command.create({"minimum_qty": 0})],
                    "reward_ids": [cls._discount(10, 1)],
                },
                {
                    "name": "Gift card",
                    "program_type": "gift_card",
                    "applies_on": "future",
                    "trigger": "auto",
                    "company_id": cls.company.id,
                    "reward_ids": [
                        Command.create(
                            {
                                "reward_type": "discount",
                                "discount_mode": "per_point",
                                "discount": 1,
                                "required_points": 1,
                            }
                        )
                    ],
                },
            ]
        )
        cls.promotion.active = False
        cls.tax = cls.env["account.tax"].create(
            {"name": "20 %", "amount": 20, "company_id": cls.company.id}
        )
        if cls.has_stock:
            (cls.coffee | cls.tea).invoice_policy = "delivery"

    @classmethod
    def _earning_program(cls, mode, points, item=None):
        """A program with a rule. Without Delivery, rules leave out the shipping."""
        domain = f"[('id', '!=', {cls.shipping.id})]"
        return cls._program(
            mode,
            rule_ids=[
                Command.create(
                    {
                        "reward_point_mode": mode,
                        "reward_point_amount": points,
                        "minimum_qty": 0,
                        "product_ids": [Command.set(item.ids if item else [])],
                        "product_domain": "[]" if cls._has_delivery() else domain,
                    }
                )
            ],
            reward_ids=[cls._discount(5, 10)],
        )

    @classmethod
    def _has_delivery(cls):
        return "is_delivery" in cls.env["sale.order.line"]._fields

    @classmethod
    def _discount(cls, amount, points):
        return Command.create(
            {
                "reward_type": "discount",
                "discount_mode": "per_order",
                "discount": amount,
                "required_points": points,
            }
        )

    # ------------------------------------------------------------
    # The matrix
    # ------------------------------------------------------------

    def test_goods(self):
        self._check_changes("goods")

    def test_shipping(self):
        self._check_changes("shipping")

    def test_discount_line(self):
        self._check_changes("discount")

    def test_reward_line(self):
        self._check_changes("reward")

    def test_gift_card(self):
        self._check_changes("gift_card")

    def test_tax_included(self):
        self._check_changes("tax")

    def _check_changes(self, kind):
        items = ORDERS[kind]
        order = self._make_order(kind)
        self._check(items)
        for name in CHANGES:
            if name == "returned_by_picking" and not self.has_stock:
                continue
            with self.subTest(change=name), self.env.cr.savepoint() as savepoint:
                self._check(getattr(self, f"_do_{name}")(order, items))
                savepoint.rollback()
                self.env.invalidate_all()

    def _check(self, items):
        self.env.invalidate_all()
        expected = {mode: oracle.get_points(mode, items) for mode in self.cards}
        rewards = [item for item in items if item.kind == "reward"]
        expected["amount"] += 10 * (1 - sum(item.kept for item in rewards))
        self.assertEqual(
            {mode: card.points for mode, card in self.cards.items()}, expected
        )
        self._assert_sound()

    def _make_order(self, kind):
        self.cards["amount"]._post_points(10, "bonus")
        if kind == "tax":
            self.coffee.taxes_id = self.tax
            self.tea.taxes_id = self.tax.copy(
                {"name": "20 % incl.", "price_include_override": "tax_included"}
            )
        self.promotion.active = kind == "discount"
        order = self._order(coffees=10, teas=5, confirm=False)
        if kind == "shipping":
            values = {"product_id": self.shipping.id, "price_unit": 20}
            if self._has_delivery():
                values["is_delivery"] = True
            order.order_line = [Command.create(values)]
            order._update_programs_and_rewards()
        elif kind == "discount":
            coupon = order.coupon_point_ids.coupon_id.filtered(
                lambda card: card.program_id == self.promotion
            )
            self._apply(order, self.promotion, coupon)
        elif kind == "reward":
            self._apply(order, self.programs["amount"], self.cards["amount"])
        elif kind == "gift_card":
            card = self._card(15, self.gift)
            order._try_apply_code(card.code)
            self._apply(order, self.gift, card)
        order.action_confirm()
        return order

    def _apply(self, order, program, card):
        status = order._apply_program_reward(program.reward_ids, card)
        self.assertNotIn("error", status)

    # ------------------------------------------------------------
    # Changes: each returns the items as they are then
    # ------------------------------------------------------------

    def _get_line(self, order):
        return order.order_line.filtered(lambda line: line.product_id == self.coffee)

    def _do_lowered(self, order, items):
        self._get_line(order).product_uom_qty = 4
        return oracle.change(items, ordered={"Coffee": 4})

    def _do_raised(self, order, items):
        self._get_line(order).product_uom_qty = 15
        return oracle.change(items, ordered={"Coffee": 15})

    def _do_cancelled(self, order, items):
        order.sudo()._action_cancel()
        return oracle.return_all(items)

    def _do_credited_in_part(self, order, items):
        self._credit(self._invoice(order), {"Coffee": 3, "Tea": 1})
        return oracle.change(items, back={"Coffee": 3, "Tea": 1})

    def _do_credited_in_full(self, order, items):
        self._credit(self._invoice(order))
        return oracle.return_all(items)

    def _do_negative_line(self, order, items):
        self._invoice(order)
        line = self._get_line(order)
        invoice = order.sudo().invoice_ids.copy(
            {
                "invoice_date": order.sudo().invoice_ids.invoice_date,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": item.id,
                            "quantity": quantity,
                            "price_unit": 10,
                            "tax_ids": line.tax_ids.ids,
                            "sale_line_ids": lines.ids,
                        }
                    )
                    for item, quantity, lines in (
                        (self.coffee, -4, line),
                        (self.shipping, 50, self.env["sale.order.line"]),
                    )
                ],
            }
        )
        invoice.action_post()
        return oracle.change(items, back={"Coffee": 4})

    def _do_returned_by_picking(self, order, items):
        picking = order.sudo().picking_ids
        self._deliver(picking)
        wizard = (
            self.env["stock.return.picking"]
            .with_context(
                active_id=picking.id,
                active_ids=picking.ids,
                active_model="stock.picking",
            )
            .create({})
        )
        for line in wizard.product_return_moves:
            line.quantity = 3 if line.product_id == self.coffee else 0
            line.to_refund = True
        self._deliver(wizard._create_return())
        self._invoice(order)
        return oracle.change(items, back={"Coffee": 3})

    def _do_payment_undone(self, order, items):
        invoice = self._invoice(order, paid=True)
        invoice.line_ids.remove_move_reconcile()
        return items

    @classmethod
    def _invoice(cls, order, paid=False):
        if cls.has_stock:
            cls._deliver(order.sudo().picking_ids)
        return super()._invoice(order, paid)

    @classmethod
    def _deliver(cls, pickings):
        for picking in pickings.filtered(lambda picking: picking.state != "done"):
            for move in picking.move_ids:
                move.quantity = move.product_uom_qty
                move.picked = True
            picking._action_done()
