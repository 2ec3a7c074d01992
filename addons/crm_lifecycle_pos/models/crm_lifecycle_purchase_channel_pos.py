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
    that refund nothing are a return without a purchase.
    """

    _name = "crm.lifecycle.purchase.channel.pos"
    _inherit = "crm.lifecycle.purchase.channel"
    _description = "Purchases at the Till"

    _channel = "pos"
    _document_model = "pos.order"
    _return_models = ("pos.order",)

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
            )
            SELECT id FROM written
             UNION ALL
            SELECT l.order_id
              FROM written AS w
              JOIN pos_order_line AS r ON r.order_id = w.id
              JOIN pos_order_line AS l ON l.id = r.refunded_orderline_id
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

    @api.model
    def _get_returns(self):
        """SQL of what was refunded of each order, by the order that refunds it.

        An order that is refunded in parts leaves no cent: the refund after which
        nothing of a line is left takes what rounding has left of it, and amounts in the
        company's currency are rounded so that their sum is that of all refunds.
        """
        return SQL(
            """
            WITH
            -- refunds of each line, and the sums of quantity and amount up to each
            refunded AS (
                SELECT l.order_id, l.id AS line_id, l.qty AS line_qty,
                       %(line_amount)s AS line_amount, b.id AS refund_id,
                       b.date_order, r.id, %(refund_amount)s AS amount,
                       SUM(r.qty) OVER w AS qty,
                       SUM(%(refund_amount)s) OVER w AS total,
                       COUNT(*) OVER w AS number
                  FROM lifecycle_document AS d
                  JOIN pos_order_line AS l ON l.order_id = d.id
                  JOIN pos_order_line AS r ON r.refunded_orderline_id = l.id
                  JOIN pos_order AS b ON b.id = r.order_id
                 WHERE b.state IN %(states)s AND %(is_own)s
                WINDOW w AS (PARTITION BY l.id ORDER BY b.date_order, b.id, r.id)
            -- summed up by order and refund, the last one with the cents that are left
            ), document AS (
                SELECT e.order_id, e.refund_id, e.date_order,
                       SUM(e.amount - CASE
                           WHEN ABS(e.line_qty + e.qty) < 0.000001
                            AND ABS(e.line_amount + e.total) <= e.number * till.rounding
                           THEN e.line_amount + e.total ELSE 0 END) AS amount
                  FROM refunded AS e
                  JOIN pos_order AS p ON p.id = e.order_id
                  JOIN res_company AS company ON company.id = p.company_id
             LEFT JOIN account_journal AS j ON j.id = p.sale_journal
                  JOIN res_currency AS till
                    ON till.id = COALESCE(j.currency_id, company.currency_id)
                 GROUP BY e.order_id, e.refund_id, e.date_order
            ), cumulated AS (
                SELECT *, SUM(amount) OVER (
                            PARTITION BY order_id ORDER BY date_order, refund_id)
                          AS total
                  FROM document
            )
            -- in the company's currency, at the rate of the refunded order
            SELECT p.id AS document_id, %(model)s AS model, e.refund_id AS res_id,
                   %(day)s AS date, %(after)s - %(before)s AS amount
              FROM cumulated AS e
              JOIN pos_order AS p ON p.id = e.order_id
              %(company)s
            """,
            line_amount=self._get_line_amount("l"),
            refund_amount=self._get_line_amount("r"),
            states=COUNTED_STATES,
            is_own=self._get_is_own_line(),
            model=self._document_model,
            day=sql.local_date(SQL("e.date_order")),
            before=sql.convert(SQL("e.total - e.amount"), SQL("p.currency_rate")),
            after=sql.convert(SQL("e.total"), SQL("p.currency_rate")),
            company=sql.join_company(SQL("p.company_id")),
        )
