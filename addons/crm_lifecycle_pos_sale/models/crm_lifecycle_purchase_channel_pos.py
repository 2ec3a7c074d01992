from odoo import api, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle_pos.models.crm_lifecycle_purchase_channel_pos import (
    COUNTED_STATES,
)


class CrmLifecyclePurchaseChannelPos(models.AbstractModel):
    """Till orders without lines that settle orders of Sales or are down payments."""

    _inherit = "crm.lifecycle.purchase.channel.pos"

    @api.model
    def _get_is_own_line(self):
        return SQL("(%s AND l.sale_order_line_id IS NULL)", super()._get_is_own_line())

    @api.model
    def _get_credit_notes(self, invoices):
        """Leave out what credit notes return of orders of Sales."""
        return SQL(
            """
            SELECT note.id, note.reversed_entry_id, note.date,
                   note.amount - COALESCE(settled.amount, 0) AS amount
              FROM (%(notes)s) AS note
         LEFT JOIN (SELECT id, SUM(amount) AS amount FROM (%(settled)s) AS c
                     GROUP BY id) AS settled ON settled.id = note.id
            """,
            notes=super()._get_credit_notes(invoices),
            settled=self._get_settled_credits(invoices),
        )

    @api.model
    def _get_settled_credits(self, invoices):
        """SQL of what credit notes of Invoicing return of settled lines.

        A credit note doesn't name lines, but products: it returns the settled lines of
        its product one after the other, as far as the till hasn't refunded them. The
        rest of it returns what the till sold besides.

        Columns: ``till_line_id``, ``id`` and ``date`` of the credit note, and
        ``amount`` in the currency of the till.

        :param invoices: SQL of the ids of the invoices
        """
        return SQL(
            """
            SELECT s.id AS till_line_id, c.id, c.date,
                   s.sign * (LEAST(GREATEST(s.sign * c.total - s.before, 0), s.rest)
                             - LEAST(GREATEST(s.sign * (c.total - c.amount) - s.before,
                                              0), s.rest)) AS amount
              FROM (
                    -- what is left of each line, and of those before it
                    SELECT id, account_move, product_id, sign,
                           GREATEST(sign * amount, 0) AS rest,
                           SUM(GREATEST(sign * amount, 0)) OVER (
                               PARTITION BY account_move, product_id ORDER BY id)
                               - GREATEST(sign * amount, 0) AS before
                      FROM (
                            -- discounts have a negative sum
                            SELECT *, CASE WHEN SUM(amount) OVER (
                                                PARTITION BY account_move, product_id)
                                                < 0 THEN -1 ELSE 1 END AS sign
                              FROM (%(lines)s) AS line
                           ) AS line
                   ) AS s
              JOIN (
                    -- the credit notes of each product, and the sums up to each of them
                    SELECT *, SUM(amount) OVER (
                                PARTITION BY reversed_entry_id, product_id
                                ORDER BY date, id) AS total
                      FROM (%(credited)s) AS i
                   ) AS c
                ON c.reversed_entry_id = s.account_move AND c.product_id = s.product_id
            """,
            lines=self._get_settling_lines(invoices),
            credited=self._get_credited_products(invoices),
        )

    @api.model
    def _get_settling_lines(self, invoices):
        """SQL of the settling lines of invoices, with what isn't refunded of them."""
        return SQL(
            """
            SELECT l.id, p.account_move, l.product_id,
                   %(line_amount)s + COALESCE(SUM(%(refund_amount)s), 0) AS amount
              FROM pos_order AS p
              JOIN pos_order_line AS l ON l.order_id = p.id
         LEFT JOIN (pos_order_line AS r
                    JOIN pos_order AS b ON b.id = r.order_id AND b.state IN %(states)s)
                ON r.refunded_orderline_id = l.id
             WHERE p.account_move IN (%(invoices)s) AND p.state IN %(states)s
               AND l.sale_order_line_id IS NOT NULL AND l.refunded_orderline_id IS NULL
             GROUP BY l.id, p.id
            """,
            line_amount=self._get_line_amount("l"),
            refund_amount=self._get_line_amount("r"),
            states=COUNTED_STATES,
            invoices=invoices,
        )
