from odoo import api, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle_purchase.engine import sql

from .crm_lifecycle_source_account import CUSTOMER_MOVE_TYPES


class CrmLifecyclePurchaseChannelInvoice(models.AbstractModel):
    """Customer invoices and receipts, as far as no other channel counts their lines.

    A posted document counts on its invoice date, in the company's currency at the rate
    of the document. A credit note is a return of the invoice that it reverses, at the
    rate of that invoice and within its amount; a credit note without such an invoice is
    a return without a purchase. What a credit note charges is no purchase.
    """

    _name = "crm.lifecycle.purchase.channel.invoice"
    _inherit = "crm.lifecycle.purchase.channel"
    _description = "Purchases from Invoices"

    _channel = "invoice"
    _document_model = "account.move"

    @api.model
    def _get_label(self):
        return self.env._("Invoicing")

    @api.model
    def _get_changed_documents(self, since):
        """Return changed documents, their reversals, and the documents they reverse."""
        if since is None:
            return SQL(
                "SELECT id FROM account_move "
                "WHERE move_type IN %s AND state = 'posted'",
                CUSTOMER_MOVE_TYPES,
            )
        changed = SQL(
            "m.write_date >= %s AND m.move_type IN %s", since, CUSTOMER_MOVE_TYPES
        )
        return SQL(
            """
            SELECT m.id FROM account_move AS m WHERE %(changed)s
             UNION ALL
            SELECT m.reversed_entry_id FROM account_move AS m
             WHERE %(changed)s AND m.reversed_entry_id IS NOT NULL
             UNION ALL
            SELECT c.id FROM account_move AS m
              JOIN account_move AS c ON c.reversed_entry_id = m.id
             WHERE %(changed)s AND c.move_type = 'out_refund'
            """,
            changed=changed,
        )

    @api.model
    def _get_purchases(self):
        return SQL(
            """
            WITH document AS MATERIALIZED (%(totals)s),
            -- what credit notes give back of documents that are negative themselves,
            -- such as a discount on the invoice of an order
            given_back AS (
                SELECT o.id, SUM(%(credited)s) AS amount
                  FROM document AS o
                  JOIN document AS r ON r.reversed_entry_id = o.id
                 WHERE NOT o.is_refund AND o.amount < 0 AND r.is_refund AND r.amount > 0
                 GROUP BY o.id
            )
            SELECT m.id AS res_id, m.company_id, m.partner_id, m.date,
                   CASE WHEN g.amount IS NULL THEN m.amount
                        ELSE LEAST(%(rest)s, 0) END AS amount
              FROM lifecycle_document AS d
              JOIN document AS m ON m.id = d.id
              %(company)s
         LEFT JOIN document AS o ON o.id = m.reversed_entry_id
               AND NOT o.is_refund AND o.amount > 0
         LEFT JOIN given_back AS g ON g.id = m.id
             -- a credit note only as far as it is no return of an invoice
             WHERE NOT m.is_refund OR (o.id IS NULL AND m.amount < 0)
            """,
            totals=self._get_totals(),
            credited=self._get_credited(),
            rest=self._round(SQL("m.amount - g.amount")),
            company=sql.join_company(SQL("m.company_id")),
        )

    @api.model
    def _get_returns(self):
        """SQL of what credit notes return of each invoice.

        Sums are rounded, not the single amounts: an invoice that is credited in parts
        leaves no cent.
        """
        return SQL(
            """
            WITH document AS MATERIALIZED (%(totals)s),
            credited AS (
                SELECT o.id AS document_id, o.company_id, o.amount AS maximum,
                       r.id, r.date, %(credited)s AS amount
                  FROM document AS o
                  JOIN document AS r ON r.reversed_entry_id = o.id
                 WHERE NOT o.is_refund AND o.amount > 0 AND r.is_refund AND r.amount < 0
            -- the earliest first, within the amount of the invoice
            ), cumulated AS (
                SELECT *, SUM(amount) OVER (
                            PARTITION BY document_id ORDER BY date, id) AS total
                  FROM credited
            )
            SELECT e.document_id, 'account.move' AS model, e.id AS res_id, e.date,
                   %(before)s - %(after)s AS amount
              FROM cumulated AS e
              %(company)s
            """,
            totals=self._get_totals(),
            credited=self._get_credited(),
            before=self._round(SQL("LEAST(e.total - e.amount, e.maximum)")),
            after=self._round(SQL("LEAST(e.total, e.maximum)")),
            company=sql.join_company(SQL("e.company_id")),
        )

    # ------------------------------------------------------------
    # Parts of the queries
    # ------------------------------------------------------------

    @api.model
    def _get_totals(self):
        """SQL of the posted documents: the listed ones, their reversals and originals.

        ``amount`` is in the company's currency, ``subtotal`` in that of the document;
        both are negative for a credit note. Lines of other channels are left out.
        """
        return SQL(
            """
            SELECT m.id, m.company_id,
                   -- the customer of its debts, even if the contact has another by now
                   COALESCE(m.commercial_partner_id, m.partner_id) AS partner_id,
                   m.currency_id, m.reversed_entry_id,
                   m.move_type = 'out_refund' AS is_refund,
                   COALESCE(m.invoice_date, m.date) AS date,
                   -SUM(i.balance) AS amount, -SUM(i.amount_currency) AS subtotal
              FROM (
                    SELECT id FROM lifecycle_document
                     UNION
                    SELECT r.id
                      FROM lifecycle_document AS d
                      JOIN account_move AS r ON r.reversed_entry_id = d.id
                     UNION
                    SELECT r.reversed_entry_id
                      FROM lifecycle_document AS d
                      JOIN account_move AS r ON r.id = d.id
                   ) AS listed
              JOIN account_move AS m ON m.id = listed.id
              JOIN account_move_line AS i ON i.move_id = m.id
             WHERE m.state = 'posted' AND m.move_type IN %(types)s
               AND m.partner_id IS NOT NULL AND i.display_type = 'product'
               AND %(is_own)s
             GROUP BY m.id
            """,
            types=CUSTOMER_MOVE_TYPES,
            is_own=self._get_is_own_sql(),
        )

    @api.model
    def _get_is_own_sql(self):
        """SQL condition: no other channel counts line ``i`` of invoice ``m``."""
        claims = self.env["crm.lifecycle.purchase"]._get_claimed_moves()
        return SQL(" AND ").join([SQL("TRUE"), *(SQL("NOT (%s)", c) for c in claims)])

    @api.model
    def _get_credited(self):
        """SQL of what credit note ``r`` gives back of document ``o``.

        In the same currency, its share of the document: it counts at the rate of the
        document.
        """
        return SQL(
            "CASE WHEN r.currency_id = o.currency_id AND o.subtotal <> 0 "
            "THEN -r.subtotal * o.amount / o.subtotal ELSE -r.amount END"
        )

    @api.model
    def _round(self, amount):
        """SQL of an amount in the company's currency, rounded."""
        return sql.convert(amount, SQL("1"))
