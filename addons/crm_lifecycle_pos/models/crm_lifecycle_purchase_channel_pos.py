from odoo import api, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle_purchase.engine import sql

# States of paid orders. Databases from older versions have invoiced ones.
COUNTED_STATES = ("paid", "done", "invoiced")


class CrmLifecyclePurchaseChannelPos(models.AbstractModel):
    """Orders of the till.

    A paid order counts on its own day, at its own rate, for its customer; an order
    without a customer doesn't count until it gets one.

    A line that refunds another one is a return of that line's order, on the day of the
    refund and at the rate of the refunded order. All other lines are a purchase. An
    order with both, an exchange, is a return and a purchase. Lines with a negative sum
    that refund nothing are a return without a purchase. A credit note of a till order's
    invoice returns the order, too.
    """

    _name = "crm.lifecycle.purchase.channel.pos"
    _inherit = "crm.lifecycle.purchase.channel"
    _description = "Purchases at the Till"

    _channel = "pos"
    _document_model = "pos.order"
    _return_models = ("pos.order", "account.move")

    @api.model
    def _get_label(self):
        return self.env._("Point of Sale")

    @api.model
    def _get_changed_documents(self, since):
        if since is None:
            return SQL("SELECT id FROM pos_order WHERE state IN %s", COUNTED_STATES)
        return SQL(
            """
            WITH written AS MATERIALIZED (
                SELECT id FROM pos_order WHERE write_date >= %(since)s
                 UNION
                SELECT order_id FROM pos_order_line WHERE write_date >= %(since)s
            ), refunded AS MATERIALIZED (
                SELECT DISTINCT l.order_id AS id
                  FROM written AS w
                  JOIN pos_order_line AS r ON r.order_id = w.id
                  JOIN pos_order_line AS l ON l.id = r.refunded_orderline_id
            )
            SELECT id FROM written
             UNION ALL
            SELECT id FROM refunded
             UNION ALL
            -- a credit note returns more of the other orders of its invoice
            SELECT other.id
              FROM refunded AS r
              JOIN pos_order AS p ON p.id = r.id
              JOIN pos_order AS other ON other.account_move = p.account_move
            """,
            since=since,
        )

    # ------------------------------------------------------------
    # Lines
    # ------------------------------------------------------------

    @api.model
    def _get_is_own_line(self):
        """Extension point: return the SQL condition of lines ``l`` that count here.

        Other lines belong to other documents.
        """
        return SQL("TRUE")

    @api.model
    def _get_line_amount(self, alias):
        """SQL of the untaxed amount of a line, negative for goods that come back.

        As in the sales analysis: the sign of the stored amount isn't reliable.
        """
        return SQL(
            "(SIGN(%(line)s.qty) * SIGN(%(line)s.price_unit) "
            "* ABS(%(line)s.price_subtotal))::numeric",
            line=SQL.identifier(alias),
        )

    @api.model
    def _get_purchases(self):
        return SQL(
            """
            SELECT p.id AS res_id, p.company_id, p.partner_id, %(day)s AS date,
                   %(amount)s AS amount
              FROM lifecycle_document AS d
              JOIN pos_order AS p ON p.id = d.id
              JOIN (SELECT l.order_id, SUM(%(line_amount)s) AS amount
                      FROM lifecycle_document AS d
                      JOIN pos_order_line AS l ON l.order_id = d.id
                     WHERE l.refunded_orderline_id IS NULL AND %(is_own)s
                     GROUP BY l.order_id) AS line ON line.order_id = p.id
              %(company)s
             WHERE p.state IN %(states)s AND p.partner_id IS NOT NULL
            """,
            day=sql.local_date(SQL("p.date_order")),
            amount=sql.convert(SQL("line.amount"), SQL("p.currency_rate")),
            line_amount=self._get_line_amount("l"),
            is_own=self._get_is_own_line(),
            company=sql.join_company(SQL("p.company_id")),
            states=COUNTED_STATES,
        )

    # ------------------------------------------------------------
    # Returns
    # ------------------------------------------------------------

    @api.model
    def _get_returns(self):
        """SQL of what was returned of each order, by document.

        Amounts in the company's currency are rounded so that their sum is that of all
        returns: an order that is returned in parts leaves no cent. More than its amount
        isn't returned, even if staff refund more.
        """
        return SQL(
            """
            WITH refund AS MATERIALIZED (%(refunds)s),
            credit AS MATERIALIZED (%(credits)s),
            cumulated AS (
                SELECT *, SUM(amount) OVER (
                            PARTITION BY order_id ORDER BY date, model, res_id) AS total
                  FROM (SELECT order_id, model, res_id, date, amount FROM refund
                         UNION ALL
                        SELECT order_id, model, res_id, date, amount FROM credit) AS e
            )
            -- in the company's currency, at the rate of the order
            SELECT p.id AS document_id, e.model, e.res_id, e.date,
                   LEAST(%(before)s, purchase.amount)
                       - LEAST(%(after)s, purchase.amount) AS amount
              FROM lifecycle_document AS d
              JOIN pos_order AS p ON p.id = d.id
              JOIN cumulated AS e ON e.order_id = p.id
              JOIN crm_lifecycle_purchase AS purchase
                ON purchase.res_id = p.id AND purchase.model = %(model)s
               AND COALESCE(purchase.origin_id, 0) = 0
              %(company)s
            """,
            refunds=self._get_refunds(),
            credits=self._get_credits(),
            before=sql.convert(SQL("e.total - e.amount"), SQL("p.currency_rate")),
            after=sql.convert(SQL("e.total"), SQL("p.currency_rate")),
            model=self._document_model,
            company=sql.join_company(SQL("p.company_id")),
        )

    @api.model
    def _get_refunds(self):
        """SQL of what was refunded of the listed orders, by the order that refunds it.

        Includes the other orders of their invoices. The refund after which nothing of a
        line is left takes the cents that rounding has left of it.
        """
        return SQL(
            """
            SELECT e.order_id, %(model)s AS model, e.refund_id AS res_id,
                   %(day)s AS date,
                   SUM(e.amount + CASE
                       WHEN ABS(e.line_quantity - e.quantity) < 0.000001
                        AND ABS(e.line_amount - e.total) <= e.number * till.rounding
                       THEN e.line_amount - e.total ELSE 0 END) AS amount
              FROM (
                    -- refunds of each line, and the sums up to each of them
                    SELECT l.order_id, l.qty AS line_quantity,
                           %(line_amount)s AS line_amount, b.id AS refund_id,
                           b.date_order, -%(refund_amount)s AS amount,
                           -SUM(r.qty) OVER w AS quantity,
                           -SUM(%(refund_amount)s) OVER w AS total,
                           COUNT(*) OVER w AS number
                      FROM (%(orders)s) AS d
                      JOIN pos_order_line AS l ON l.order_id = d.id
                      JOIN pos_order_line AS r ON r.refunded_orderline_id = l.id
                      JOIN pos_order AS b ON b.id = r.order_id
                     WHERE b.state IN %(states)s AND %(is_own)s
                    WINDOW w AS (PARTITION BY l.id ORDER BY b.date_order, b.id, r.id)
                   ) AS e
              JOIN pos_order AS p ON p.id = e.order_id
              %(company)s
         LEFT JOIN account_journal AS j ON j.id = p.sale_journal
              JOIN res_currency AS till
                ON till.id = COALESCE(j.currency_id, company.currency_id)
             GROUP BY e.order_id, e.refund_id, e.date_order, company.id
            """,
            model=self._document_model,
            day=sql.local_date(SQL("e.date_order")),
            line_amount=self._get_line_amount("l"),
            refund_amount=self._get_line_amount("r"),
            orders=self._get_orders_of_invoices(),
            states=COUNTED_STATES,
            is_own=self._get_is_own_line(),
            company=sql.join_company(SQL("p.company_id")),
        )

    @api.model
    def _get_orders_of_invoices(self):
        """SQL of the listed orders, and of the other orders of their invoices."""
        return SQL(
            """
            SELECT id FROM lifecycle_document
             UNION
            SELECT other.id
              FROM lifecycle_document AS d
              JOIN pos_order AS p ON p.id = d.id
              JOIN pos_order AS other ON other.account_move = p.account_move
            """
        )

    @api.model
    def _get_credits(self):
        """SQL of what credit notes of Invoicing return of the orders of an invoice.

        A credit note returns one order after the other, as far as the till hasn't
        refunded them. It needs the query ``refund``.
        """
        return SQL(
            """
            SELECT o.id AS order_id, 'account.move' AS model, c.id AS res_id, c.date,
                   LEAST(GREATEST(c.total - o.before, 0), o.rest)
                       - LEAST(GREATEST(c.total - c.amount - o.before, 0), o.rest)
                       AS amount
              FROM (
                    -- what is left of each order, and of those before it
                    SELECT *, SUM(rest) OVER (PARTITION BY account_move ORDER BY id)
                              - rest AS before
                      FROM (
                            SELECT p.id, p.account_move,
                                   GREATEST(SUM(%(line_amount)s) - COALESCE(
                                       (SELECT SUM(amount) FROM refund
                                         WHERE order_id = p.id), 0), 0) AS rest
                              FROM (%(orders)s) AS d
                              JOIN pos_order AS p ON p.id = d.id
                              JOIN pos_order_line AS l ON l.order_id = p.id
                             WHERE p.account_move IS NOT NULL AND p.state IN %(states)s
                               AND l.refunded_orderline_id IS NULL AND %(is_own)s
                             GROUP BY p.id
                           ) AS rest
                   ) AS o
              JOIN (
                    -- the credit notes of each invoice, and the sums up to each of them
                    SELECT *, SUM(amount) OVER (
                                PARTITION BY reversed_entry_id ORDER BY date, id)
                              AS total
                      FROM (%(notes)s) AS note
                   ) AS c ON c.reversed_entry_id = o.account_move
            """,
            line_amount=self._get_line_amount("l"),
            orders=self._get_orders_of_invoices(),
            states=COUNTED_STATES,
            is_own=self._get_is_own_line(),
            notes=self._get_credit_notes(
                SQL(
                    "SELECT p.account_move FROM lifecycle_document AS d "
                    "JOIN pos_order AS p ON p.id = d.id"
                )
            ),
        )

    @api.model
    def _get_credit_notes(self, invoices):
        """Extension point: return SQL of the credit notes of invoices of till orders.

        Columns: ``id``, ``reversed_entry_id``, ``date``, and ``amount``, what they
        return of till orders, in the currency of the till.

        :param invoices: SQL of the ids of the invoices
        """
        return SQL(
            "SELECT id, reversed_entry_id, date, SUM(amount) AS amount "
            "FROM (%s) AS i GROUP BY id, reversed_entry_id, date",
            self._get_credited_products(invoices),
        )

    @api.model
    def _get_credited_products(self, invoices):
        """SQL of what credit notes of Invoicing credit of invoices, by product.

        Odoo doesn't link them to lines. Credit notes of refunds count at the till.
        """
        return SQL(
            """
            SELECT r.id, r.reversed_entry_id, COALESCE(r.invoice_date, r.date) AS date,
                   i.product_id, SUM(i.amount_currency) AS amount
              FROM account_move AS r
              JOIN account_move_line AS i ON i.move_id = r.id
             WHERE r.reversed_entry_id IN (%s)
               AND r.move_type = 'out_refund' AND r.state = 'posted'
               AND i.display_type = 'product'
               AND NOT EXISTS (SELECT FROM pos_order AS p WHERE p.account_move = r.id)
             GROUP BY r.id, i.product_id
            """,
            invoices,
        )
