from odoo import api, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle_purchase.engine import sql

# Product lines ``s`` of orders, without down payments.
IS_GOODS = SQL("s.display_type IS NULL AND s.is_downpayment IS NOT TRUE")


class CrmLifecyclePurchaseChannelSale(models.AbstractModel):
    """Orders of Sales.

    A confirmed order counts on its order date with its present amount, at the rate of
    the order. A line that is delivered short, with nothing left to deliver or invoice,
    counts with what was invoiced of it.

    What is credited of a line, by a credit note or a negative invoice line, is a return
    on the invoice date. It counts as far as less than the line's amount remains
    invoiced: if the line was lowered as well, or invoiced again, it is no return. The
    latest documents count first.
    """

    _name = "crm.lifecycle.purchase.channel.sale"
    _inherit = "crm.lifecycle.purchase.channel"
    _description = "Purchases from Orders of Sales"

    _channel = "sale"
    _document_model = "sale.order"
    _return_models = ("account.move",)

    @api.model
    def _get_label(self):
        return self.env._("Sales")

    @api.model
    def _get_changed_documents(self, since):
        """Return SQL of orders that were written, or have lines or invoices that were.

        An invoice may be credited and made again without a change of the lines.
        """
        if since is None:
            return SQL("SELECT id FROM sale_order WHERE state = 'sale'")
        return SQL(
            """
            SELECT id FROM sale_order WHERE write_date >= %(since)s
             UNION ALL
            SELECT order_id FROM sale_order_line WHERE write_date >= %(since)s
             UNION ALL
            SELECT s.order_id
              FROM account_move AS m
              JOIN account_move_line AS i ON i.move_id = m.id
              JOIN sale_order_line_invoice_rel AS r ON r.invoice_line_id = i.id
              JOIN sale_order_line AS s ON s.id = r.order_line_id
             WHERE m.write_date >= %(since)s
               AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
            """,
            since=since,
        )

    # ------------------------------------------------------------
    # Purchases
    # ------------------------------------------------------------

    @api.model
    def _get_purchases(self):
        return SQL(
            """
            SELECT o.id AS res_id, o.company_id, o.partner_id, %(day)s AS date,
                   %(amount)s AS amount
              FROM lifecycle_document AS d
              JOIN sale_order AS o ON o.id = d.id
              %(company)s
         LEFT JOIN (%(short)s) AS short ON short.order_id = o.id
             WHERE o.state = 'sale'
            """,
            day=sql.local_date(SQL("o.date_order")),
            amount=sql.convert(
                SQL("o.amount_untaxed - COALESCE(short.amount, 0)"),
                SQL("o.currency_rate"),
            ),
            company=sql.join_company(SQL("o.company_id")),
            short=self._get_short_deliveries(),
        )

    @api.model
    def _get_short_deliveries(self):
        """SQL of what is not delivered, and never will be, of each order.

        With Inventory, a line counts as invoiced when nothing of it is left to deliver
        or to invoice, even if less than ordered was.
        """
        return SQL(
            """
            SELECT order_id, SUM(GREATEST(price_subtotal - billed, 0)) AS amount
              FROM (
                    SELECT s.order_id, s.price_subtotal,
                           COALESCE(SUM(b.amount), 0) AS billed
                      FROM lifecycle_document AS d
                      JOIN sale_order_line AS s ON s.order_id = d.id
                 LEFT JOIN (%(billed)s) AS b ON b.line_id = s.id
                     WHERE %(is_goods)s AND s.price_subtotal > 0
                       AND %(is_short)s
                     GROUP BY s.id
                   ) AS line
             GROUP BY order_id
            """,
            billed=self._get_union(
                self._get_billed_lines(
                    SQL(
                        "SELECT s.id FROM lifecycle_document AS d "
                        "JOIN sale_order_line AS s ON s.order_id = d.id WHERE %s",
                        self._get_is_short_sql(),
                    )
                )
            ),
            is_goods=IS_GOODS,
            is_short=self._get_is_short_sql(),
        )

    @api.model
    def _get_is_short_sql(self):
        return SQL(
            "s.invoice_status = 'invoiced' AND s.qty_invoiced < s.product_uom_qty"
        )

    # ------------------------------------------------------------
    # Returns
    # ------------------------------------------------------------

    @api.model
    def _get_returns(self):
        """SQL of what counts as returned of each order, by document.

        Amounts of an order are rounded so that their sum is that of all its returns. A
        rest that only comes from rounding lines is returned with them: an order that is
        returned in parts leaves no cent.
        """

        def get_returned(total, parts):
            """SQL of what was returned in the company's currency, at the order's rate.

            :param total: SQL of the amount in the currency of the order
            :param parts: SQL of the number of rounded amounts in it
            """
            return SQL(
                "CASE WHEN ABS(purchase.amount - %(total)s) <= %(rest)s "
                "THEN purchase.amount ELSE %(total)s END",
                total=sql.convert(total, SQL("o.currency_rate")),
                rest=sql.convert(
                    SQL("%s * order_currency.rounding", parts), SQL("o.currency_rate")
                ),
            )

        return SQL(
            """
            WITH
            -- what was credited of each line, by document
            credited AS MATERIALIZED (
                SELECT line_id, model, res_id, date, SUM(amount) AS amount
                  FROM (%(returned)s) AS e
                 GROUP BY line_id, model, res_id, date
            -- how much of it counts as returned: not what was lowered or billed again
            ), returned AS (
                SELECT s.id AS line_id, s.order_id, e.sign,
                       LEAST(e.sign * e.credited,
                             GREATEST(e.sign * (LEAST(s.price_subtotal, e.cap)
                                                - e.billed + e.credited), 0)) AS amount
                  FROM (
                        SELECT c.line_id, c.amount AS credited,
                               COALESCE(b.amount, 0) AS billed,
                               SIGN(COALESCE(NULLIF(b.amount, 0), c.amount)) AS sign,
                               CASE WHEN %(is_short)s THEN COALESCE(b.amount, 0)
                                    END AS cap
                          FROM (SELECT line_id, SUM(amount) AS amount
                                  FROM credited GROUP BY line_id) AS c
                          JOIN sale_order_line AS s ON s.id = c.line_id
                     LEFT JOIN (SELECT line_id, SUM(amount) AS amount
                                  FROM (%(billed)s) AS b GROUP BY line_id) AS b
                            ON b.line_id = c.line_id
                       ) AS e
                  JOIN sale_order_line AS s ON s.id = e.line_id
            -- and by which documents, the latest first
            ), allotted AS (
                SELECT r.order_id, c.model, c.res_id, c.date,
                       r.sign * GREATEST(0, LEAST(
                           r.sign * c.amount,
                           r.amount - COALESCE(SUM(r.sign * c.amount) OVER (
                               PARTITION BY c.line_id
                               ORDER BY c.date DESC, c.model DESC, c.res_id DESC
                               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
                           )) AS amount
                  FROM credited AS c
                  JOIN returned AS r ON r.line_id = c.line_id
            -- summed up by order and document
            ), document AS (
                SELECT order_id, model, res_id, date, SUM(amount) AS amount,
                       COUNT(*) FILTER (WHERE amount <> 0) AS parts
                  FROM allotted
                 GROUP BY order_id, model, res_id, date
            ), cumulated AS (
                SELECT *, SUM(amount) OVER past AS total,
                       SUM(parts) OVER past AS total_parts
                  FROM document
                WINDOW past AS (PARTITION BY order_id ORDER BY date, model, res_id)
            )
            -- in the company's currency, at the rate of the order
            SELECT o.id AS document_id, e.model, e.res_id, e.date,
                   %(before)s - %(after)s AS amount
              FROM cumulated AS e
              JOIN sale_order AS o ON o.id = e.order_id
              JOIN crm_lifecycle_purchase AS purchase
                ON purchase.res_id = o.id AND purchase.model = %(model)s
               AND COALESCE(purchase.origin_id, 0) = 0
              JOIN res_currency AS order_currency ON order_currency.id = o.currency_id
              %(company)s
            """,
            returned=self._get_union(self._get_returned_lines()),
            billed=self._get_union(
                self._get_billed_lines(SQL("SELECT line_id FROM credited"))
            ),
            is_short=self._get_is_short_sql(),
            before=get_returned(
                SQL("(e.total - e.amount)"), SQL("(e.total_parts - e.parts)")
            ),
            after=get_returned(SQL("e.total"), SQL("e.total_parts")),
            model=self._document_model,
            company=sql.join_company(SQL("o.company_id")),
        )

    @api.model
    def _get_union(self, queries):
        return SQL(" UNION ALL ").join(SQL("(%s)", query) for query in queries)

    @api.model
    def _get_returned_lines(self):
        """Extension point: return SQL of what was credited of the listed orders' lines.

        One query per kind of document. Columns: ``line_id`` (of the order), ``model``
        and ``res_id`` of the document, ``date``, and ``amount``: in the currency of the
        order, positive for goods with a price.
        """
        return [
            self._get_invoice_lines(
                SQL("m.move_type = 'out_refund' AND i.quantity >= 0"), 1
            ),
            self._get_invoice_lines(
                SQL("m.move_type = 'out_invoice' AND i.quantity < 0"), -1
            ),
        ]

    @api.model
    def _get_billed_lines(self, lines):
        """Extension point: return SQL of what was billed of some lines of orders.

        One query per kind of document. Columns: ``line_id`` and ``amount``.

        :param lines: SQL of the ids of the lines
        """
        is_listed = SQL("s.id IN (%s)", lines)
        return [
            SQL(
                "SELECT line_id, amount FROM (%s) AS i",
                self._get_invoice_lines(SQL("%s AND %s", condition, is_listed), sign),
            )
            for condition, sign in (
                (
                    SQL(
                        "m.move_type IN ('out_invoice', 'out_receipt') "
                        "AND i.quantity >= 0"
                    ),
                    1,
                ),
                # sold with an invoice that became a credit note: more came back
                (SQL("m.move_type = 'out_refund' AND i.quantity < 0"), -1),
            )
        ]

    @api.model
    def _get_invoice_lines(self, condition, sign):
        """SQL of posted invoice lines of the listed orders.

        Each line counts once, even if it is linked to several lines of orders.
        """
        return SQL(
            """
            SELECT DISTINCT ON (i.id)
                   s.id AS line_id, 'account.move' AS model, m.id AS res_id,
                   COALESCE(m.invoice_date, m.date) AS date,
                   %(sign)s * CASE WHEN i.currency_id = o.currency_id
                                   THEN i.price_subtotal
                                   ELSE ABS(i.balance) * SIGN(i.price_subtotal)
                                        * COALESCE(NULLIF(o.currency_rate, 0), 1)
                                              ::numeric
                              END AS amount
              FROM account_move AS m
              JOIN account_move_line AS i ON i.move_id = m.id
              JOIN sale_order_line_invoice_rel AS r ON r.invoice_line_id = i.id
              JOIN sale_order_line AS s ON s.id = r.order_line_id
              JOIN lifecycle_document AS d ON d.id = s.order_id
              JOIN sale_order AS o ON o.id = d.id
             WHERE m.state = 'posted' AND %(is_goods)s AND %(condition)s
             ORDER BY i.id, s.id
            """,
            sign=sign,
            is_goods=IS_GOODS,
            condition=condition,
        )
