from datetime import datetime, time, timedelta

from odoo.fields import Command

from odoo.addons.crm_lifecycle.tests.common import TODAY, LifecycleCase


class SaleLifecycleCase(LifecycleCase):
    """Orders with fixed days and amounts, on top of `LifecycleCase`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product = cls.env["product.product"].create(
            {"name": "Thing", "type": "service", "taxes_id": [Command.clear()]}
        )

    @classmethod
    def _order(cls, partner, amount=100, days_ago=0, state="sale", **vals):
        """Create an order dated some days before `TODAY`, at noon."""
        moment = vals.pop("moment", time(12))
        order = cls.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "company_id": cls.company.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": cls.product.id,
                            "product_uom_qty": 1,
                            "price_unit": amount,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
                **vals,
            }
        )
        if state == "sale":
            order.action_confirm()
        order.date_order = datetime.combine(TODAY - timedelta(days=days_ago), moment)
        cls._set_create_date(order, days_ago, moment)
        return order


class InvoiceCase(SaleLifecycleCase):
    """The accounts and the journal that invoices of the company need."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        account = cls.env["account.account"]
        income = account.create(
            {
                "name": "Sales",
                "code": "400000",
                "account_type": "income",
                "company_ids": [Command.set(cls.company.ids)],
            }
        )
        receivable = account.create(
            {
                "name": "Debtors",
                "code": "110000",
                "account_type": "asset_receivable",
                "reconcile": True,
                "company_ids": [Command.set(cls.company.ids)],
            }
        )
        _sales, exchange = cls.env["account.journal"].create(
            [
                {
                    "name": name,
                    "code": code,
                    "type": kind,
                    "company_id": cls.company.id,
                    "default_account_id": income.id,
                }
                for name, code, kind in (
                    ("Sales", "SAL", "sale"),
                    ("Exchange", "EXC", "general"),
                )
            ]
        )
        cls.company.write(
            {
                "currency_exchange_journal_id": exchange.id,
                "income_currency_exchange_account_id": income.id,
                "expense_currency_exchange_account_id": income.id,
            }
        )
        cls.product.with_company(cls.company).property_account_income_id = income
        cls.env["ir.default"].set(
            "res.partner",
            "property_account_receivable_id",
            receivable.id,
            company_id=cls.company.id,
        )

    @classmethod
    def _invoice(cls, orders, days_ago=0, final=False):
        """Invoice what can be invoiced, as Odoo does, some days before `TODAY`."""
        return cls._post(orders._create_invoices(final=final), days_ago)

    @classmethod
    def _post(cls, move, days_ago=0):
        move.invoice_date = TODAY - timedelta(days=days_ago)
        move.action_post()
        return move

    @classmethod
    def _credit(cls, invoice, days_ago=0, quantity=None, modify=False):
        """Credit an invoice with Odoo's wizard, in part if a quantity is given."""
        wizard = (
            cls.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create(
                {
                    "journal_id": invoice.journal_id.id,
                    "date": TODAY - timedelta(days=days_ago),
                }
            )
        )
        note = cls.env["account.move"].browse(wizard.reverse_moves(modify)["res_id"])
        if modify:
            return note
        if quantity is not None:
            note.invoice_line_ids.quantity = quantity
        return cls._post(note, days_ago)

    @classmethod
    def _refund(cls, order, amount, days_ago=0):
        """Create a posted credit note of an amount on the order's line."""
        note = cls.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": order.partner_id.id,
                "company_id": cls.company.id,
                "invoice_date": TODAY - timedelta(days=days_ago),
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": cls.product.id,
                            "quantity": 1,
                            "price_unit": amount,
                            "tax_ids": [Command.clear()],
                            "sale_line_ids": [Command.set(order.order_line.ids)],
                        }
                    )
                ],
            }
        )
        note.action_post()
        return note
