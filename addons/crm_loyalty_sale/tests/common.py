"""Common setup for tests of the ledger with orders and invoices."""

from odoo.fields import Command

from odoo.addons.crm_loyalty.tests.common import LedgerCase


class OrderCase(LedgerCase):
    """A program where a coffee earns 1 point, and 10 points give a discount of 5.

    Ada is the customer, Sally the salesperson (own documents only).
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["loyalty.program"].search([]).action_archive()
        cls.env["account.chart.template"].try_loading(
            "generic_coa", company=cls.company, install_demo=False
        )
        cls.sally = cls._user("sally", "sales_team.group_sale_salesman")
        cls.coffee, cls.tea = cls.env["product.product"].create(
            [
                {
                    "name": name,
                    "list_price": 10,
                    "type": "consu",
                    "taxes_id": False,
                    "invoice_policy": "order",
                }
                for name in ("Coffee", "Tea")
            ]
        )
        cls.program = cls._coffee_program()
        cls.reward = cls.program.reward_ids
        cls.ada = cls.env["res.partner"].create(
            {"name": "Ada", "email": "ada@example.com"}
        )
        cls.card = cls._card(0, partner_id=cls.ada.id)

    @classmethod
    def _coffee_program(cls, **vals):
        return cls._program(
            "Coffee club",
            rule_ids=[
                Command.create(
                    {
                        "reward_point_mode": "unit",
                        "reward_point_amount": 1,
                        "minimum_qty": 0,
                        "product_ids": [Command.set(cls.coffee.ids)],
                    }
                )
            ],
            reward_ids=[
                Command.create(
                    {
                        "reward_type": "discount",
                        "discount_mode": "per_order",
                        "discount": 5,
                        "required_points": 10,
                    }
                )
            ],
            **vals,
        )

    @classmethod
    def _order(
        cls, coffees=0, teas=0, rewards=0, confirm=True, user=None, customer=None
    ):
        """Create an order of Ada or a customer, entered and confirmed by Sally."""
        user = user or cls.sally
        order = (
            cls.env["sale.order"]
            .with_user(user)
            .create(
                {
                    "partner_id": (customer or cls.ada).id,
                    "company_id": cls.company.id,
                    "user_id": user.id,
                    "order_line": [
                        Command.create(
                            {"product_id": product.id, "product_uom_qty": quantity}
                        )
                        for product, quantity in (
                            (cls.coffee, coffees),
                            (cls.tea, teas),
                        )
                        if quantity
                    ],
                }
            )
        )
        order._update_programs_and_rewards()
        for _reward in range(rewards):
            cls._redeem(order)
        if confirm:
            order.action_confirm()
        return order

    @classmethod
    def _redeem(cls, order):
        status = order._apply_program_reward(cls.reward, cls.card)
        if "error" in status:
            raise AssertionError(status["error"])

    @classmethod
    def _invoice(cls, order, paid=False):
        invoice = order.sudo()._create_invoices()
        invoice.action_post()
        if paid:
            cls._pay(invoice)
        return invoice

    @classmethod
    def _pay(cls, invoice):
        cls.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({})._create_payments()

    @classmethod
    def _credit(cls, invoice, quantities=None, post=True):
        """Credit an invoice completely, or quantities by product name."""
        wizard = (
            cls.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": invoice.date})
        )
        note = cls.env["account.move"].browse(wizard.refund_moves()["res_id"])
        if quantities is not None:
            for line in note.invoice_line_ids:
                line.quantity = quantities.get(line.product_id.name, 0)
        if post:
            note.action_post()
        return note

    def _posted(self, order):
        """Return the entries of an order: ``[(kind, points)]``."""
        entries = self.env["crm.loyalty.entry"].search(
            [("source_model", "=", "sale.order"), ("source_id", "=", order.id)],
            order="id",
        )
        return [(entry.kind, entry.points) for entry in entries]
