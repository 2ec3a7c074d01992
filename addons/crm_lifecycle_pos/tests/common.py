from datetime import datetime, time, timedelta
from uuid import uuid4

from odoo.fields import Command

from odoo.addons.crm_lifecycle.tests.common import TODAY, LifecycleCase


class TillCase(LifecycleCase):
    """A till with an open session, and a cashier who sells there.

    Orders reach the server as from the browser of the till, with fixed days.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_till()

    @classmethod
    def _set_up_till(cls):
        cls.env["account.chart.template"].try_loading(
            "generic_coa", company=cls.company, install_demo=False
        )
        cls.card = cls.env["pos.payment.method"].create(
            {
                "name": "Card",
                "company_id": cls.company.id,
                "journal_id": cls.env["account.journal"]
                .search([("type", "=", "bank"), ("company_id", "=", cls.company.id)])[0]
                .id,
            }
        )
        cls.cashier = cls._user("cas", "base.group_user,point_of_sale.group_pos_user")
        cls.coffee = cls.env["product.product"].create(
            {
                "name": "Coffee",
                "type": "service",
                "list_price": 10,
                "taxes_id": [Command.clear()],
                "available_in_pos": True,
            }
        )
        cls.till = cls._create_till("Till")

    @classmethod
    def _create_till(cls, name, **vals):
        till = cls.env["pos.config"].create(
            {
                "name": name,
                "company_id": cls.company.id,
                "payment_method_ids": [Command.set(cls.card.ids)],
                **vals,
            }
        )
        till.with_user(cls.cashier).open_ui()
        return till

    @classmethod
    def _line(cls, quantity=1, price=10, **vals):
        amount = vals.pop("amount", quantity * price)
        return Command.create(
            {
                "product_id": cls.coffee.id,
                "qty": quantity,
                "price_unit": price,
                "price_subtotal": amount,
                "price_subtotal_incl": vals.pop("incl", amount),
                "tax_ids": [Command.clear()],
                "uuid": str(uuid4()),
                **vals,
            }
        )

    @classmethod
    def _sell(cls, *lines, partner=None, days_ago=0, moment=time(12), **vals):
        """Send an order of the cashier to the server; return it.

        :param lines: of the order, see `_line`; a number is the price of one coffee
        """
        till = vals.pop("till", cls.till)
        lines = [
            line if isinstance(line, tuple) else cls._line(price=line) for line in lines
        ]
        total = sum(line[2]["price_subtotal_incl"] for line in lines)
        untaxed = sum(line[2]["price_subtotal"] for line in lines)
        is_paid = vals.get("state", "paid") == "paid"
        data = {
            "amount_paid": total if is_paid else 0,
            "amount_return": 0,
            "amount_tax": total - untaxed,
            "amount_total": total,
            "date_order": str(
                datetime.combine(TODAY - timedelta(days=days_ago), moment)
            ),
            "fiscal_position_id": False,
            "lines": lines,
            "partner_id": partner.id if partner else False,
            "payment_ids": [
                Command.create({"amount": total, "payment_method_id": cls.card.id})
            ]
            if is_paid
            else [],
            "session_id": till.current_session_id.id,
            "state": "paid",
            "to_invoice": False,
            "user_id": cls.cashier.id,
            "uuid": str(uuid4()),
            **vals,
        }
        Order = cls.env["pos.order"].with_user(cls.cashier)
        Order.with_context(generate_pdf=False).sync_from_ui([data])
        order = cls.env["pos.order"].search([("uuid", "=", data["uuid"])])
        cls.env.invalidate_all()
        return order

    @classmethod
    def _refund_line(cls, line, quantity=None, **vals):
        quantity = line.qty if quantity is None else quantity
        price = vals.pop("price", line.price_unit)
        return cls._line(
            -quantity,
            price,
            product_id=line.product_id.id,
            refunded_orderline_id=line.id,
            **vals,
        )

    @classmethod
    def _refund(cls, order, quantity=None, **vals):
        """Refund an order at the till, all of it or a quantity of each line."""
        lines = [cls._refund_line(line, quantity) for line in order.lines]
        vals.setdefault("partner", order.partner_id)
        return cls._sell(*lines, is_refund=True, **vals)

    @classmethod
    def _close(cls, till=None):
        session = (till or cls.till).current_session_id
        session.with_user(cls.cashier).action_pos_session_closing_control()
        return session

    @classmethod
    def _run_and_age(cls):
        """Run, and have the next run find nothing but what is written later."""
        cls._run()
        for table in ("pos_order", "pos_order_line", "account_move"):
            cls.env.cr.execute(f"UPDATE {table} SET write_date = '2020-01-01'")
        cls.env.invalidate_all()

    @classmethod
    def _ledger(cls, partner, channel=None):
        """Return ``[(days ago, amount)]`` of the customer's purchases and returns."""
        domain = [("partner_id", "=", partner.id)]
        if channel:
            domain.append(("channel", "=", channel))
        rows = cls.env["crm.lifecycle.purchase"].search(domain, order="date, id")
        return [((TODAY - row.date).days, row.amount) for row in rows]

    @classmethod
    def _facts(cls, partner, *names, as_of=TODAY):
        cls._run(as_of)
        profile = cls._profile(partner)
        values = tuple(profile[name] for name in names)
        return values if len(names) > 1 else values[0]
