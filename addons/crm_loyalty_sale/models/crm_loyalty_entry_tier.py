from odoo import api, models
from odoo.tools import SQL

# Points earned by confirming an order, see `sale.order._get_confirmation_postings`.
IS_ORDER_ENTRY = SQL(
    "e.kind = 'earn' AND e.source_model = 'sale.order' AND e.key LIKE '%%:earn'"
)


class CrmLoyaltyEntry(models.Model):
    """Qualifying values of points earned by orders, for tiers."""

    _inherit = "crm.loyalty.entry"

    @api.model
    def _flush_qualifying(self):
        self.env["sale.order"].flush_model(["currency_id", "currency_rate"])
        self.env["sale.order.line"].flush_model(["price_subtotal", "reward_id"])
        return super()._flush_qualifying()

    @api.model
    def _get_multiplier_sql(self):
        """Use the multiplier of the tier at the confirmation of the order."""
        return SQL(
            "CASE WHEN %s THEN COALESCE(t.multiplier, 1) ELSE %s END",
            IS_ORDER_ENTRY,
            super()._get_multiplier_sql(),
        )

    @api.model
    def _get_spend_sql(self):
        """Use the untaxed total of the order, without eWallet and gift card lines.

        The amount is in the program's currency if the order has the same, else in the
        company's currency at the rate of the order.
        """
        return SQL(
            """
            CASE WHEN %s THEN COALESCE((
                SELECT SUM(l.price_subtotal)
                       / CASE WHEN o.currency_id = p.currency_id
                                   OR COALESCE(o.currency_rate, 0) = 0
                              THEN 1 ELSE o.currency_rate::numeric END
                  FROM sale_order AS o
                  JOIN loyalty_program AS p ON p.id = e.program_id
                  JOIN sale_order_line AS l ON l.order_id = o.id
                  LEFT JOIN loyalty_reward AS r ON r.id = l.reward_id
                  LEFT JOIN loyalty_program AS rp ON rp.id = r.program_id
                 WHERE o.id = e.source_id
                   AND COALESCE(rp.program_type, '') NOT IN ('ewallet', 'gift_card')
                 GROUP BY o.id, p.id), 0)
            ELSE %s END
            """,
            IS_ORDER_ENTRY,
            super()._get_spend_sql(),
        )
