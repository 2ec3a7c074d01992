from odoo import api, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle_pos.models.crm_lifecycle_purchase_channel_pos import (
    COUNTED_STATES,
)
from odoo.addons.crm_lifecycle_purchase.engine import sql
from odoo.addons.crm_lifecycle_sale.models.crm_lifecycle_purchase_channel_sale import (
    IS_GOODS,
)


class CrmLifecyclePurchaseChannelSale(models.AbstractModel):
    """Orders of Sales that are settled at the till.

    A till line that settles a line of an order bills it; one that refunds such a line,
    or has a negative quantity, returns it on the day of the till order. A credit note
    of the till's invoice returns the lines with the same products.
    """

    _inherit = "crm.lifecycle.purchase.channel.sale"

    _return_models = ("account.move", "pos.order")

    @api.model
    def _get_changed_documents(self, since):
        documents = super()._get_changed_documents(since)
        if since is None:
            return documents
        Till = self.env["crm.lifecycle.purchase.channel.pos"]
        return SQL(
            """
            SELECT id FROM (%(documents)s) AS document (id)
             UNION
            SELECT s.order_id
              FROM (%(till_orders)s) AS w
              JOIN pos_order_line AS l ON l.order_id = w.id
              JOIN sale_order_line AS s ON s.id = l.sale_order_line_id
            """,
            documents=documents,
            till_orders=Till._get_changed_documents(since),
        )

    @api.model
    def _get_returned_lines(self):
        return [
            *super()._get_returned_lines(),
            # refunds of lines that settled a line
            self._get_till_lines(
                SQL(
                    "SELECT t.sale_order_line_id AS line_id, r.* "
                    "FROM pos_order_line AS t "
                    "JOIN pos_order_line AS r ON r.refunded_orderline_id = t.id"
                ),
                -1,
            ),
            # goods that were returned by settling the order
            self._get_till_lines(
                SQL(
                    "SELECT t.sale_order_line_id AS line_id, t.* "
                    "FROM pos_order_line AS t "
                    "WHERE t.qty < 0 AND t.refunded_orderline_id IS NULL"
                ),
                -1,
            ),
            self._get_till_credits(),
        ]

    @api.model
    def _get_billed_lines(self, lines):
        settled = SQL(
            "SELECT t.sale_order_line_id AS line_id, t.* "
            "FROM pos_order_line AS t "
            "WHERE t.qty >= 0 AND t.refunded_orderline_id IS NULL "
            "AND t.sale_order_line_id IN (%s)",
            lines,
        )
        return [
            *super()._get_billed_lines(lines),
            SQL(
                "SELECT line_id, amount FROM (%s) AS t",
                self._get_till_lines(settled, 1),
            ),
        ]

    @api.model
    def _get_till_lines(self, lines, sign):
        """SQL of paid till lines of the listed orders, see `_get_returned_lines`.

        :param lines: SQL of the till lines, with the ``line_id`` of the order's line
        """
        Till = self.env["crm.lifecycle.purchase.channel.pos"]
        return SQL(
            """
            SELECT s.id AS line_id, 'pos.order' AS model, p.id AS res_id,
                   %(day)s AS date, %(sign)s * %(amount)s * %(rate)s AS amount
              FROM lifecycle_document AS d
              JOIN sale_order AS o ON o.id = d.id
              JOIN sale_order_line AS s ON s.order_id = o.id
              JOIN (%(lines)s) AS l ON l.line_id = s.id
              JOIN pos_order AS p ON p.id = l.order_id
         LEFT JOIN account_journal AS j ON j.id = p.sale_journal
              %(company)s
             WHERE p.state IN %(states)s AND %(is_goods)s
            """,
            day=sql.local_date(SQL("p.date_order")),
            sign=sign,
            amount=Till._get_line_amount("l"),
            rate=self._get_till_rate(),
            lines=lines,
            company=sql.join_company(SQL("o.company_id")),
            states=COUNTED_STATES,
            is_goods=IS_GOODS,
        )

    @api.model
    def _get_till_rate(self):
        """SQL of the units of the currency of order ``o`` for one of till order ``p``.

        ``j`` is the journal of the till.
        """
        return SQL(
            """
            CASE WHEN o.currency_id = COALESCE(j.currency_id, company.currency_id)
                 THEN 1
                 ELSE COALESCE(NULLIF(o.currency_rate, 0), 1)::numeric
                      / COALESCE(NULLIF(p.currency_rate, 0), 1)::numeric END
            """
        )

    @api.model
    def _get_till_credits(self):
        """SQL of what credit notes of the invoices of settled orders return."""
        Till = self.env["crm.lifecycle.purchase.channel.pos"]
        return SQL(
            """
            SELECT s.id AS line_id, 'account.move' AS model, c.id AS res_id, c.date,
                   c.amount * %(rate)s AS amount
              FROM (%(credits)s) AS c
              JOIN pos_order_line AS l ON l.id = c.till_line_id
              JOIN pos_order AS p ON p.id = l.order_id
              JOIN sale_order_line AS s ON s.id = l.sale_order_line_id
              JOIN lifecycle_document AS d ON d.id = s.order_id
              JOIN sale_order AS o ON o.id = d.id
         LEFT JOIN account_journal AS j ON j.id = p.sale_journal
              %(company)s
             WHERE %(is_goods)s
            """,
            rate=self._get_till_rate(),
            credits=Till._get_settled_credits(
                SQL(
                    "SELECT p.account_move FROM lifecycle_document AS d "
                    "JOIN sale_order_line AS s ON s.order_id = d.id "
                    "JOIN pos_order_line AS l ON l.sale_order_line_id = s.id "
                    "JOIN pos_order AS p ON p.id = l.order_id"
                )
            ),
            company=sql.join_company(SQL("o.company_id")),
            is_goods=IS_GOODS,
        )
