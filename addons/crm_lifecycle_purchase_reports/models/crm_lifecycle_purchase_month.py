"""Purchases by customer and month, stored beside the ledger.

Cohorts over all purchases would read millions of them for each request. Cohorts need
only totals by customer and month, which are several times fewer. The rows are not
aggregated further, so that record rules decide which rows a number includes.
"""

import logging

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.fields import LooseMany2one

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
        """Refresh the purchases of customers with changed rows, or of all if full.

        :param as_of: the day (date) up to which purchases count; today by default
        """
        day = as_of or company._lifecycle_today()
        previous = company.lifecycle_purchase_as_of
        full = full or not previous or not company.lifecycle_purchase_watermark
        self.env.flush_all()
        self._create_changed_table(company, day, previous, full)
        self.env.cr.execute(
            SQL(
                "DELETE FROM crm_lifecycle_purchase_month AS m "
                "USING lifecycle_purchase_changed AS b "
                "WHERE m.profile_id = b.profile_id"
            )
        )
        self.env.cr.execute(self._get_insert_sql(company, day))
        count = self.env.cr.rowcount
        self.env.cr.execute(SQL("DROP TABLE lifecycle_purchase_changed"))
        if full:
            self.env.cr.execute(SQL("ANALYZE crm_lifecycle_purchase_month"))
        company.write(
            {
                "lifecycle_purchase_watermark": fields.Datetime.now(),
                "lifecycle_purchase_as_of": day,
            }
        )
        self.invalidate_model()
        _logger.info("Purchases by month of company %s: %s rows", company.id, count)

    @api.model
    def _create_changed_table(self, company, day, previous, full):
        """Put the customers to refresh into a temporary table.

        These are customers with changed rows of the ledger, with rows dated to the days
        since the last refresh, and new ones.
        """
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE lifecycle_purchase_changed ON COMMIT DROP AS
                WITH reported AS (
                    DELETE FROM crm_lifecycle_purchase_month_pending
                     WHERE company_id = %(company)s
                 RETURNING partner_id
                )
                SELECT p.id AS profile_id, p.partner_id
                  FROM crm_lifecycle_profile AS p
                 WHERE p.company_id = %(company)s AND p.partner_id IS NOT NULL
                   AND (%(full)s OR p.create_date >= %(since)s OR p.partner_id IN (
                        SELECT partner_id FROM reported
                         UNION ALL
                        SELECT l.partner_id FROM crm_lifecycle_purchase AS l
                         WHERE l.company_id = %(company)s
                           AND l.date > %(previous)s AND l.date <= %(day)s))
                """,
                company=company.id,
                full=full,
                since=company.lifecycle_purchase_watermark or None,
                previous=previous or day,
                day=day,
            )
        )
        self.env.cr.execute(SQL("ANALYZE lifecycle_purchase_changed"))

    @api.model
    def _get_insert_sql(self, company, day):
        """SQL that inserts the purchases of the listed customers by month."""
        Purchase = self.env["crm.lifecycle.purchase"]
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
                    SELECT b.profile_id, date_trunc('month', l.date)::date AS month,
                           COUNT(*) FILTER (WHERE %(is_purchase)s) AS purchase_count,
                           SUM(l.amount) AS amount,
                           MIN(l.date) FILTER (WHERE %(is_purchase)s) AS first_day
                      FROM lifecycle_purchase_changed AS b
                      JOIN crm_lifecycle_purchase AS l ON l.partner_id = b.partner_id
                     WHERE l.company_id = %(company)s AND l.date <= %(day)s
                     GROUP BY 1, 2
                   ) AS by_month
            """,
            company=company.id,
            is_purchase=Purchase._get_is_purchase_sql("l", day),
            day=day,
        )
