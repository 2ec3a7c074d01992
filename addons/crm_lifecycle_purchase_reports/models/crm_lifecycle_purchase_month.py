"""Purchases by customer and month, stored beside the orders.

Cohorts over all orders would read millions of them for each request. Cohorts need only
totals by customer and month, which are several times fewer. The rows are not aggregated
further, so that record rules decide which rows a number includes.
"""

import logging

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine.scope import Scope
from odoo.addons.crm_lifecycle.fields import LooseMany2one
from odoo.addons.crm_lifecycle.run.collect import get_watermark

_logger = logging.getLogger(__name__)


class CrmLifecyclePurchaseMonth(models.Model):
    """Purchases of one customer in one month. Only the refresh writes them.

    ``previous_month`` and ``next_month`` are the nearest months in which the same
    customer bought. A month with only a return has an amount and no purchase.
    """

    _name = "crm.lifecycle.purchase.month"
    _description = "Purchases of a Month"
    _log_access = False
    _order = "month desc, id desc"
    _rec_name = "month"

    profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = LooseMany2one(
        comodel_name="res.company", required=True, ondelete="cascade"
    )
    month = fields.Date(required=True)
    purchase_count = fields.Integer()
    amount = fields.Float(digits=(16, 2))
    cohort_date = fields.Date(help="The day of the customer's first purchase.")
    previous_month = fields.Date()
    next_month = fields.Date()

    _company_month_idx = models.Index("(company_id, month)")

    # ------------------------------------------------------------
    # Refresh
    # ------------------------------------------------------------

    @api.model
    def _cron_refresh(self):
        """Refresh all companies with customers, one after the other."""
        groups = self.env["crm.lifecycle.profile"]._read_group([], ["company_id"])
        for number, [company] in enumerate(groups, start=1):
            self._refresh(company)
            self.env["ir.cron"]._commit_progress(1, remaining=len(groups) - number)

    @api.model
    def _refresh(self, company, as_of=None, *, full=False):
        """Refresh the purchases of changed customers, or of all if full.

        Changed are customers that the source of order facts returns, and customers with
        facts that a run has changed: deleted orders leave no other trace.
        """
        scope = self._get_scope(company, as_of, full)
        watermark = get_watermark(self.env)
        self.env.flush_all()
        self._create_changed_table(scope)
        self.env.cr.execute(
            SQL(
                "DELETE FROM crm_lifecycle_purchase_month AS m "
                "USING lifecycle_purchase_changed AS b "
                "WHERE m.profile_id = b.profile_id"
            )
        )
        self.env.cr.execute(self._get_insert_sql(scope))
        count = self.env.cr.rowcount
        self.env.cr.execute(SQL("DROP TABLE lifecycle_purchase_changed"))
        if scope.is_full:
            self.env.cr.execute(SQL("ANALYZE crm_lifecycle_purchase_month"))
        company.write(
            {
                "lifecycle_purchase_watermark": watermark,
                "lifecycle_purchase_as_of": scope.as_of,
            }
        )
        self.invalidate_model()
        _logger.info("Purchases by month of company %s: %s rows", company.id, count)

    @api.model
    def _get_scope(self, company, as_of, full):
        """Return the scope for the source: a day, and the time of the last refresh."""
        since = None if full else company.lifecycle_purchase_watermark
        return Scope(
            company_id=company.id,
            as_of=as_of or company._lifecycle_today(),
            tz=company.lifecycle_tz or "UTC",
            since=since or None,
            previous_as_of=company.lifecycle_purchase_as_of or None,
        )

    @api.model
    def _create_changed_table(self, scope):
        """Put the customers to refresh into a temporary table."""
        changed = SQL("TRUE")
        if not scope.is_full:
            changed = SQL(
                """
                (p.facts_date >= %s OR p.partner_id IN (
                    SELECT c.commercial_partner_id
                      FROM (%s) AS s (partner_id, lead_id)
                      JOIN res_partner AS c ON c.id = s.partner_id))
                """,
                scope.since,
                self.env["crm.lifecycle.source.sale"]._changed_subjects(scope),
            )
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE lifecycle_purchase_changed ON COMMIT DROP AS
                SELECT p.id AS profile_id, p.partner_id
                  FROM crm_lifecycle_profile AS p
                 WHERE p.company_id = %s AND p.partner_id IS NOT NULL AND %s
                """,
                scope.company_id,
                changed,
            )
        )
        self.env.cr.execute(SQL("ANALYZE lifecycle_purchase_changed"))

    @api.model
    def _get_insert_sql(self, scope):
        """SQL that inserts the purchases of the listed customers by month."""
        return SQL(
            """
            INSERT INTO crm_lifecycle_purchase_month (
                        profile_id, company_id, month, purchase_count, amount,
                        cohort_date, previous_month, next_month)
            SELECT profile_id, %(company)s, month, purchase_count, amount,
                   MIN(first_day) OVER (PARTITION BY profile_id),
                   MAX(month) FILTER (WHERE purchase_count > 0) OVER (
                       PARTITION BY profile_id ORDER BY month
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                   MIN(month) FILTER (WHERE purchase_count > 0) OVER (
                       PARTITION BY profile_id ORDER BY month
                       ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
              FROM (
                    SELECT profile_id, date_trunc('month', day)::date AS month,
                           COUNT(*) FILTER (WHERE is_purchase) AS purchase_count,
                           SUM(amount) AS amount,
                           MIN(day) FILTER (WHERE is_purchase) AS first_day
                      FROM (%(orders)s UNION ALL (%(credit_notes)s)) AS event
                     GROUP BY 1, 2
                   ) AS by_month
            """,
            company=scope.company_id,
            orders=self._get_orders(scope),
            credit_notes=self._get_credit_notes(scope),
        )

    @api.model
    def _get_orders(self, scope):
        """SQL of the confirmed orders, with the same conditions as the facts."""
        Source = self.env["crm.lifecycle.source.sale"]
        return SQL(
            """
            SELECT b.profile_id, %(day)s AS day, %(amount)s AS amount,
                   o.amount_untaxed >= 0 AS is_purchase
              FROM sale_order AS o
              JOIN res_partner AS c ON c.id = o.partner_id
              JOIN lifecycle_purchase_changed AS b
                ON b.partner_id = c.commercial_partner_id
             WHERE o.company_id = %(company)s AND o.state = 'sale'
               AND o.date_order < %(end)s
            """,
            day=scope.local_date(SQL("o.date_order")),
            amount=Source._get_amount(scope),
            company=scope.company_id,
            end=scope.day_end,
        )

    @api.model
    def _get_credit_notes(self, scope):
        """SQL of the credit notes on these orders, as negative amounts.

        With the same conditions as the facts: each line once, even if it credits
        several lines of an order, and no refunds of down payments.
        """
        return SQL(
            """
            SELECT DISTINCT ON (i.id)
                   b.profile_id, m.invoice_date, -i.balance, FALSE
              FROM account_move AS m
              JOIN account_move_line AS i ON i.move_id = m.id
              JOIN sale_order_line_invoice_rel AS r ON r.invoice_line_id = i.id
              JOIN sale_order_line AS s ON s.id = r.order_line_id
              JOIN sale_order AS o ON o.id = s.order_id
              JOIN res_partner AS c ON c.id = o.partner_id
              JOIN lifecycle_purchase_changed AS b
                ON b.partner_id = c.commercial_partner_id
             WHERE m.move_type = 'out_refund' AND m.state = 'posted'
               AND m.company_id = %(company)s AND m.invoice_date <= %(as_of)s
               AND o.company_id = %(company)s AND o.state = 'sale'
               AND o.date_order < %(end)s
               AND s.is_downpayment IS NOT TRUE
             ORDER BY i.id
            """,
            company=scope.company_id,
            as_of=scope.as_of,
            end=scope.day_end,
        )
