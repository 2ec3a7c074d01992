from odoo import models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine.scope import ALL_TOPICS

# Windows of amounts: the months after which an amount leaves one, and the factors to
# add it to the sums of the last six months, of the last twelve, and of the twelve
# before.
WINDOWS = ((6, -1, 0, 0), (12, 0, -1, 1), (24, 0, 0, -1))


class CrmLifecycleSourcePurchase(models.AbstractModel):
    """Facts from the ledger of purchases.

    A return lowers the sums on its own day. A purchase of which nothing is left is no
    purchase from that day on: it counts for no number, date, day or interval.
    """

    _name = "crm.lifecycle.source.purchase"
    _inherit = "crm.lifecycle.source"
    _description = "Customer Facts from Purchases"

    _facts = (
        "first_seen_date",
        "first_order_date",
        "last_order_date",
        "order_count",
        "purchase_day_count",
        "order_total",
        "order_total_6m",
        "order_total_12m",
        "order_total_prev_12m",
        "average_order_value",
        "order_interval_days",
        "order_trend",
        "order_trend_6m",
    )
    _reads = ("crm_lifecycle_purchase",)
    _has_rolling_facts = True

    def _prepare_run(self, scope):
        """Bring the ledger up to date; customers with changed rows are reported."""
        self.env["crm.lifecycle.purchase.channel"]._update_ledger(
            scope.topics.get(self._name, ALL_TOPICS),
        )

    def _check_store(self, scope):
        """Compare the whole ledger with the documents, once a day for all companies."""
        return self.env["crm.lifecycle.purchase.channel"]._check_ledger(
            scope.topics[self._name]
        )

    def _changed_subjects(self, scope):
        """Return the customers with rows dated to the days since the last run."""
        reached = SQL("TRUE")
        if not scope.is_full:
            reached = scope.date_crosses_cutoff(SQL("l.date"))
        return SQL(
            """
            SELECT DISTINCT l.partner_id, NULL::int AS lead_id
              FROM crm_lifecycle_purchase AS l
             WHERE l.company_id = %s AND l.date <= %s AND %s
            """,
            scope.company_id,
            scope.as_of,
            reached,
        )

    def _rolling_changes(self, scope):
        """Subtract what has left a window of 6, 12 or 24 months."""
        changes = SQL(
            """
            SELECT partner_id, SUM(half_year) AS half_year, SUM(last) AS last,
                   SUM(previous) AS previous
              FROM (%s) AS e
             GROUP BY partner_id
            """,
            SQL(" UNION ALL ").join(
                SQL(
                    """
                    SELECT l.partner_id, %(half_year)s * l.amount AS half_year,
                           %(last)s * l.amount AS last,
                           %(previous)s * l.amount AS previous
                      FROM crm_lifecycle_purchase AS l
                     WHERE l.company_id = %(company)s AND %(leaves)s
                    """,
                    half_year=half_year,
                    last=last,
                    previous=previous,
                    company=scope.company_id,
                    leaves=scope.date_crosses_cutoff(SQL("l.date"), months=months),
                )
                for months, half_year, last, previous in WINDOWS
            ),
        )
        half_year = SQL("p.order_total_6m + d.half_year")
        last = SQL("p.order_total_12m + d.last")
        previous = SQL("p.order_total_prev_12m + d.previous")
        first = SQL("p.first_order_date")
        return changes, {
            "order_total_6m": half_year,
            "order_total_12m": last,
            "order_total_prev_12m": previous,
            "order_trend": self._get_trend(scope, first, last, previous),
            "order_trend_6m": self._get_trend_6m(scope, first, half_year, last),
        }

    # ------------------------------------------------------------
    # Facts
    # ------------------------------------------------------------

    def _fact_values(self, scope):
        company = self.env["res.company"].browse(scope.company_id)
        first = SQL("first_order_date")
        half_year = SQL("order_total_6m")
        last = SQL("order_total_12m")
        previous = SQL("order_total_prev_12m")
        return SQL(
            """
            SELECT b.profile_id, first_seen_date, first_order_date, last_order_date,
                   order_count, purchase_day_count, order_total, order_total_6m,
                   order_total_12m, order_total_prev_12m,
                   ROUND(order_total / NULLIF(order_count, 0), %(digits)s)
                       AS average_order_value,
                   (last_order_date - first_order_date)::float
                       / NULLIF(purchase_day_count - 1, 0) AS order_interval_days,
                   %(trend)s AS order_trend, %(trend_6m)s AS order_trend_6m
              FROM lifecycle_batch AS b
              JOIN (%(sums)s) AS s ON s.partner_id = b.partner_id
             WHERE %(is_pending)s
            """,
            digits=company.currency_id.decimal_places,
            trend=self._get_trend(scope, first, last, previous),
            trend_6m=self._get_trend_6m(scope, first, half_year, last),
            sums=self._get_sums(scope),
            is_pending=scope.needs_refresh(self._name, "b"),
        )

    def _get_trend(self, scope, first, last, previous):
        """SQL of the change from the twelve months before to the last twelve.

        Empty until two full years are known.
        """
        return SQL(
            "CASE WHEN %s <= %s THEN ((%s) / NULLIF(%s, 0) - 1)::float END",
            first,
            scope.date_months_ago(24),
            last,
            previous,
        )

    def _get_trend_6m(self, scope, first, half_year, last):
        """SQL of the change from the six months before to the last six.

        Empty until a full year is known.
        """
        return SQL(
            "CASE WHEN %s <= %s THEN ((%s) / NULLIF(%s - (%s), 0) - 1)::float END",
            first,
            scope.date_months_ago(12),
            half_year,
            last,
            half_year,
        )

    def _get_sums(self, scope):
        """SQL of sums per customer: first by day, to count the days with a purchase.

        A window without purchases is 0. The rows come from the index of customers and
        days in its order, so that nothing is sorted: all of them for all customers,
        otherwise customer by customer.
        """
        sums = self._get_sum_columns(scope)
        if scope.is_full:
            return SQL(
                "SELECT partner_id, %s FROM (%s) AS day GROUP BY partner_id",
                sums,
                self._get_days(scope, SQL("TRUE")),
            )
        return SQL(
            """
            SELECT o.partner_id, s.*
              FROM lifecycle_batch AS o
        CROSS JOIN LATERAL (
                    SELECT %(sums)s FROM (%(days)s) AS day HAVING COUNT(*) > 0
                   ) AS s
             WHERE %(is_pending)s
            """,
            sums=sums,
            days=self._get_days(scope, SQL("l.partner_id = o.partner_id")),
            is_pending=scope.needs_refresh(self._name, "o"),
        )

    def _get_sum_columns(self, scope):
        """SQL of the sums over the days of a customer, see `_get_days`."""
        return SQL(
            """
            MIN(date) FILTER (WHERE was_purchase) AS first_seen_date,
            MIN(date) FILTER (WHERE purchases > 0) AS first_order_date,
            MAX(date) FILTER (WHERE purchases > 0) AS last_order_date,
            SUM(purchases)::int AS order_count,
            (COUNT(*) FILTER (WHERE purchases > 0))::int AS purchase_day_count,
            SUM(amount) AS order_total,
            COALESCE(SUM(amount) FILTER (WHERE date > %(half_year)s), 0)
                AS order_total_6m,
            COALESCE(SUM(amount) FILTER (WHERE date > %(year)s), 0)
                AS order_total_12m,
            COALESCE(SUM(amount) FILTER (
                WHERE date > %(two_years)s AND date <= %(year)s), 0)
                AS order_total_prev_12m
            """,
            half_year=scope.date_months_ago(6),
            year=scope.date_months_ago(12),
            two_years=scope.date_months_ago(24),
        )

    def _get_days(self, scope, customers):
        """SQL of the days of customers: the amount and the number of purchases.

        :param customers: SQL condition of the rows ``l`` of these customers
        """
        return SQL(
            """
            SELECT l.partner_id, l.date, SUM(l.amount) AS amount,
                   COUNT(*) FILTER (WHERE %(is_purchase)s) AS purchases,
                   bool_or(l.amount > 0) AS was_purchase
              FROM crm_lifecycle_purchase AS l
             WHERE l.company_id = %(company)s AND l.date <= %(as_of)s AND %(customers)s
             GROUP BY l.partner_id, l.date
            """,
            is_purchase=self._get_is_purchase(scope),
            company=scope.company_id,
            as_of=scope.as_of,
            customers=customers,
        )

    def _get_is_purchase(self, scope):
        """SQL condition: row ``l`` is a purchase of which something is left."""
        return self.env["crm.lifecycle.purchase"]._get_is_purchase_sql("l", scope.as_of)

    def _get_nth_date(self, scope, number, *, by_day=False, since=None):
        """SQL of the day of a profile's n-th purchase, optionally after a day.

        :param by_day: count days with a purchase
        """
        return SQL(
            """
            (SELECT %(distinct)s l.date
               FROM crm_lifecycle_purchase AS l
              WHERE l.partner_id = crm_lifecycle_profile.partner_id
                AND l.company_id = %(company)s AND l.date <= %(as_of)s
                AND %(is_purchase)s %(since)s
              ORDER BY l.date
             OFFSET %(skipped)s LIMIT 1)
            """,
            distinct=SQL("DISTINCT") if by_day else SQL(),
            company=scope.company_id,
            as_of=scope.as_of,
            is_purchase=self._get_is_purchase(scope),
            since=SQL("AND l.date > %s", since) if since else SQL(),
            skipped=max(number - 1, 0),
        )

    def _get_purchases(self, scope):
        return SQL(
            """
            SELECT l.partner_id AS customer_id, l.date AS day, l.amount
              FROM crm_lifecycle_purchase AS l
             WHERE l.company_id = %(company)s AND l.date <= %(as_of)s
               AND %(is_purchase)s
            """,
            company=scope.company_id,
            as_of=scope.as_of,
            is_purchase=self._get_is_purchase(scope),
        )
