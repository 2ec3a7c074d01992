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
