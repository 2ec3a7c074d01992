from odoo import models
from odoo.tools import SQL

# Windows of amounts: the months after which an amount leaves one, and the factors to
# add it to the sum of the last twelve months, and of the twelve before.
WINDOWS = ((12, -1, 1), (24, 0, -1))
# Reading the orders and lines of one customer, to find the few credited ones, takes as
# long as reading this many credit notes.
CREDIT_NOTES_PER_CUSTOMER = 8
# Orders ``o`` by invoice lines: ``r`` links them, ``s`` is the order line.
CREDITED_ORDERS = SQL(
    """
    sale_order_line_invoice_rel AS r
      JOIN sale_order_line AS s ON s.id = r.order_line_id
      JOIN sale_order AS o ON o.id = s.order_id
    """
)


class CrmLifecycleSourceSale(models.AbstractModel):
    """Facts from quotations, orders and their credit notes.

    An order counts on its order date, in the company's currency at the rate of the
    order, rounded. A credit note on its lines is subtracted on its own date. So is an
    order with a negative amount, which is a return and not a purchase.
    """

    _name = "crm.lifecycle.source.sale"
    _inherit = "crm.lifecycle.source"
    _description = "Customer Facts from Orders"

    _facts = (
        "first_seen_date",
        "quotation_count",
        "first_order_date",
        "last_order_date",
        "order_count",
        "order_total",
        "order_total_12m",
        "order_total_prev_12m",
        "average_order_value",
        "order_interval_days",
        "order_trend",
    )
    _reads = (
        "account_move",
        "account_move_line",
        "sale_order",
        "sale_order_line",
        "sale_order_line_invoice_rel",
    )
    _has_rolling_facts = True

    def _changed_subjects(self, scope):
        if scope.is_full:
            return self._changed_orders(scope)
        return SQL(
            "%s UNION ALL %s",
            self._changed_orders(scope),
            self._changed_credit_notes(scope),
        )

    def _changed_orders(self, scope):
        if scope.is_full:
            return SQL(
                """
                SELECT DISTINCT o.partner_id, NULL::int AS lead_id
                  FROM sale_order AS o
                 WHERE o.company_id = %(company)s
                   AND (o.create_date < %(end)s
                        OR o.state = 'sale' AND o.date_order < %(end)s)
                """,
                company=scope.company_id,
                end=scope.day_end,
            )
        return SQL(" UNION ALL ").join(
            SQL(
                """
                SELECT o.partner_id, NULL::int AS lead_id
                  FROM sale_order AS o
                 WHERE o.company_id = %s AND %s
                """,
                scope.company_id,
                changed,
            )
            for changed in self._get_order_changes(scope)
        )

    def _get_order_changes(self, scope):
        """SQL conditions of the orders that count differently now, one per index."""
        return [
            SQL("o.write_date >= %s", scope.since),
            SQL(
                "o.state IN ('draft', 'sent') "
                "AND o.validity_date >= %s AND o.validity_date < %s",
                scope.previous_as_of,
                scope.as_of,
            ),
            scope.crosses_cutoff(SQL("o.create_date")),
            scope.crosses_cutoff(SQL("o.date_order")),
        ]

    def _changed_credit_notes(self, scope):
        """SQL of the customers with credit notes that changed or became effective.

        Starts from the credit notes, and looks up each table by id instead of joining:
        without statistics, the database could choose a bad join order.
        """
        return SQL(" UNION ALL ").join(
            SQL(
                """
                SELECT o.partner_id, NULL
                  FROM sale_order AS o
                 WHERE o.id = ANY(ARRAY(
                       SELECT s.order_id FROM sale_order_line AS s
                        WHERE s.id = ANY(ARRAY(
                       SELECT r.order_line_id FROM sale_order_line_invoice_rel AS r
                        WHERE r.invoice_line_id = ANY(ARRAY(
                       SELECT i.id FROM account_move_line AS i
                        WHERE i.move_id = ANY(ARRAY(
                       SELECT m.id FROM account_move AS m
                        WHERE m.move_type = 'out_refund' AND m.company_id = %s AND %s
                       ))))))))
                """,
                scope.company_id,
                changed,
            )
            for changed in (
                SQL("m.write_date >= %s", scope.since),
                scope.date_crosses_cutoff(SQL("m.invoice_date")),
            )
        )

    # ------------------------------------------------------------
    # Passing days
    # ------------------------------------------------------------

    def _rolling_changes(self, scope):
        """Move amounts that leave the last twelve months to the twelve before."""
        changes = SQL(
            """
            SELECT c.commercial_partner_id AS partner_id,
                   SUM(e.last) AS last, SUM(e.previous) AS previous
              FROM (%s UNION ALL %s) AS e
              JOIN res_partner AS c ON c.id = e.partner_id
             GROUP BY c.commercial_partner_id
            """,
            self._passing_orders(scope),
            self._passing_credit_notes(scope),
        )
        last = SQL("p.order_total_12m + d.last")
        previous = SQL("p.order_total_prev_12m + d.previous")
        return changes, {
            "order_total_12m": last,
            "order_total_prev_12m": previous,
            "order_trend": self._get_trend(last, previous),
        }

    def _passing_orders(self, scope):
        """SQL of the orders that leave a window, with the changes of both windows."""
        moment = SQL("o.date_order")
        return SQL(" UNION ALL ").join(
            SQL(
                """
                SELECT o.partner_id, %(last)s * %(amount)s AS last,
                       %(previous)s * %(amount)s AS previous
                  FROM sale_order AS o
                 WHERE o.company_id = %(company)s AND o.state = 'sale' AND %(leaves)s
                """,
                last=last,
                previous=previous,
                amount=self._get_amount(scope),
                company=scope.company_id,
                leaves=scope.crosses_cutoff(moment, months=months),
            )
            for months, last, previous in WINDOWS
        )

    def _passing_credit_notes(self, scope):
        """SQL of the credit notes that leave a window, as negative sums.

        Starts from the few credit notes of these days, and looks up their lines and the
        order of each line. With a plain join and without statistics, the database has
        started from all order lines.
        """
        return SQL(" UNION ALL ").join(
            SQL(
                """
                SELECT partner_id, %(last)s * amount, %(previous)s * amount
                  FROM (
                        SELECT (SELECT o.partner_id FROM %(orders)s
                                 WHERE r.invoice_line_id = i.id AND %(is_ordered)s
                                 ORDER BY s.id LIMIT 1) AS partner_id,
                               -i.balance AS amount
                          FROM account_move_line AS i
                         WHERE i.move_id = ANY(ARRAY(
                               SELECT m.id FROM account_move AS m
                                WHERE %(is_credit_note)s AND %(leaves)s))
                       ) AS line
                 WHERE partner_id IS NOT NULL
                """,
                last=last,
                previous=previous,
                orders=CREDITED_ORDERS,
                is_ordered=self._is_ordered(scope),
                is_credit_note=self._is_credit_note(scope),
                leaves=scope.date_crosses_cutoff(SQL("m.invoice_date"), months=months),
            )
            for months, last, previous in WINDOWS
        )

    # ------------------------------------------------------------
    # Facts
    # ------------------------------------------------------------

    def _fact_values(self, scope):
        return SQL(
            """
            SELECT profile_id,
                   first_seen_date, quotation_count, first_order_date, last_order_date,
                   order_count, order_total, order_total_12m, order_total_prev_12m,
                   ROUND(order_total / NULLIF(order_count, 0), %(digits)s)
                       AS average_order_value,
                   (last_order_date - first_order_date)::float
                       / NULLIF(day_count - 1, 0) AS order_interval_days,
                   %(trend)s AS order_trend
              FROM (%(sums)s) AS sums
            """,
            digits=self._get_digits(scope),
            trend=self._get_trend(SQL("order_total_12m"), SQL("order_total_prev_12m")),
            sums=self._sums(scope),
        )

    def _get_purchase_day(self, scope, number, since=None):
        """SQL of the day of a profile's n-th purchase, optionally since a moment."""
        begin = SQL("AND o.date_order >= %s", since) if since else SQL()
        return SQL(
            """
            (SELECT %(day)s
               FROM res_partner AS c
               JOIN sale_order AS o ON o.partner_id = c.id
              WHERE c.commercial_partner_id = crm_lifecycle_profile.partner_id
                AND o.company_id = %(company)s AND o.state = 'sale'
                AND o.amount_untaxed >= 0 AND o.date_order < %(end)s %(begin)s
              ORDER BY o.date_order
             OFFSET %(skipped)s LIMIT 1)
            """,
            day=scope.local_date(SQL("o.date_order")),
            company=scope.company_id,
            end=scope.day_end,
            begin=begin,
            skipped=max(number - 1, 0),
        )

    def _get_purchases(self, scope):
        """Return the confirmed orders, without returns and credit notes."""
        return SQL(
            """
            SELECT c.commercial_partner_id AS customer_id, %(day)s AS day,
                   %(amount)s AS amount
              FROM sale_order AS o
              JOIN res_partner AS c ON c.id = o.partner_id
             WHERE o.company_id = %(company)s AND o.state = 'sale'
               AND o.amount_untaxed >= 0 AND o.date_order < %(end)s
            """,
            day=scope.local_date(SQL("o.date_order")),
            amount=self._get_amount(scope),
            company=scope.company_id,
            end=scope.day_end,
        )

    def _get_trend(self, last, previous):
        """SQL of the trend: the relative change from the previous twelve months."""
        return SQL("(%s / NULLIF(%s, 0) - 1)::float", SQL("(%s)", last), previous)

    def _get_amount(self, scope):
        """SQL of the amount of order ``o`` in the company's currency."""
        return SQL(
            "ROUND(CASE WHEN COALESCE(o.currency_rate, 0) IN (0, 1) "
            "THEN o.amount_untaxed "
            "ELSE o.amount_untaxed / o.currency_rate::numeric END, %s)",
            self._get_digits(scope),
        )

    def _get_digits(self, scope):
        """Return the decimal places of the company's currency."""
        company = self.env["res.company"].browse(scope.company_id)
        return company.currency_id.decimal_places

    def _sums(self, scope):
        """SQL of sums per profile over its orders and credit notes.

        A window without purchases is 0. It is NULL only for customers who never bought
        (0 times NULL is NULL).
        """
        return SQL(
            """
            SELECT profile_id,
                   %(first_seen)s AS first_seen_date,
                   COUNT(*) FILTER (WHERE is_open) AS quotation_count,
                   %(first_sold)s AS first_order_date,
                   %(last_sold)s AS last_order_date,
                   COUNT(*) FILTER (WHERE is_purchase) AS order_count,
                   COUNT(DISTINCT %(day)s) FILTER (WHERE is_purchase) AS day_count,
                   SUM(amount) AS order_total,
                   COALESCE(SUM(amount) FILTER (WHERE years = 0), 0 * SUM(amount))
                       AS order_total_12m,
                   COALESCE(SUM(amount) FILTER (WHERE years = 1), 0 * SUM(amount))
                       AS order_total_prev_12m
              FROM (%(orders)s UNION ALL (%(credit_notes)s)) AS event
             GROUP BY profile_id
            """,
            first_seen=scope.local_date(SQL("MIN(seen_at)")),
            first_sold=scope.local_date(SQL("MIN(sold_at) FILTER (WHERE is_purchase)")),
            last_sold=scope.local_date(SQL("MAX(sold_at) FILTER (WHERE is_purchase)")),
            day=scope.local_date(SQL("sold_at")),
            orders=self._orders(scope),
            credit_notes=self._credit_notes(scope),
        )

    def _orders(self, scope):
        """SQL of the quotations and orders of the batch, one row each."""
        return SQL(
            """
            SELECT b.profile_id,
                   CASE WHEN o.create_date < %(end)s
                        THEN LEAST(o.create_date,
                                   CASE WHEN %(is_sold)s THEN o.date_order END)
                        ELSE o.date_order END AS seen_at,
                   CASE WHEN %(is_sold)s THEN o.date_order END AS sold_at,
                   CASE WHEN %(is_sold)s THEN %(amount)s END AS amount,
                   CASE WHEN o.date_order >= %(year_ago)s THEN 0
                        WHEN o.date_order >= %(two_years_ago)s THEN 1 END AS years,
                   %(is_sold)s AND o.amount_untaxed >= 0 AS is_purchase,
                   o.create_date < %(end)s AND (
                       o.state IN ('draft', 'sent')
                       AND COALESCE(o.validity_date >= %(as_of)s, TRUE)
                       OR o.state = 'sale' AND o.date_order >= %(end)s) AS is_open
              FROM lifecycle_batch_contact AS b
              JOIN sale_order AS o ON o.partner_id = b.partner_id
             WHERE o.company_id = %(company)s
               AND (o.create_date < %(end)s OR %(is_sold)s) AND %(is_pending)s
            """,
            is_pending=scope.needs_refresh(self._name, "b"),
            is_sold=SQL("(o.state = 'sale' AND o.date_order < %s)", scope.day_end),
            amount=self._get_amount(scope),
            year_ago=scope.end_of_date_months_ago(12),
            two_years_ago=scope.end_of_date_months_ago(24),
            as_of=scope.as_of,
            end=scope.day_end,
            company=scope.company_id,
        )

    def _credit_notes(self, scope):
        """SQL of the credit note lines on orders of the batch, as negative sums.

        For many customers, it reads all credit notes instead of all their orders.
        """
        if self._reads_all_credit_notes(scope):
            lines = SQL(
                """
                SELECT b.profile_id, line.amount, line.years
                  FROM (%s) AS line
                  JOIN lifecycle_batch_contact AS b ON b.partner_id = line.partner_id
                 WHERE %s
                """,
                self._credit_note_lines(scope, SQL("o.partner_id")),
                scope.needs_refresh(self._name, "b"),
            )
        else:
            lines = self._credit_note_lines(
                scope,
                SQL("b.profile_id"),
                SQL("JOIN lifecycle_batch_contact AS b ON b.partner_id = o.partner_id"),
                scope.needs_refresh(self._name, "b"),
            )
        return SQL(
            """
            SELECT profile_id, NULL::timestamp, NULL::timestamp, amount, years,
                   FALSE, FALSE
              FROM (%s) AS line
            """,
            lines,
        )

    def _reads_all_credit_notes(self, scope):
        """Return whether reading all credit notes is cheaper than the batch's orders.

        The index of credit notes has an estimate of their number from its last vacuum.
        """
        if scope.is_full:
            return True
        rows = self.env.execute_query(
            SQL(
                "SELECT reltuples FROM pg_class "
                "WHERE oid = to_regclass('account_move_lifecycle_refund_idx')"
            )
        )
        count = rows[0][0] if rows else 0
        return 0 < count < scope.batch_size * CREDIT_NOTES_PER_CUSTOMER

    def _credit_note_lines(self, scope, owner, join=None, where=None):
        """SQL of credit note lines, with owner, amount and years ago.

        Each line once, even if it credits several lines of an order. The balance of
        such a line is in the company's currency and positive.
        """
        return SQL(
            """
            SELECT DISTINCT ON (i.id)
                   %(owner)s, -i.balance AS amount,
                   CASE WHEN m.invoice_date > %(year_ago)s THEN 0
                        WHEN m.invoice_date > %(two_years_ago)s THEN 1 END AS years
              FROM account_move AS m
              JOIN account_move_line AS i ON i.move_id = m.id
              JOIN (%(orders)s) ON r.invoice_line_id = i.id
              %(join)s
             WHERE %(is_credit_note)s AND m.invoice_date <= %(as_of)s
               AND %(is_ordered)s AND %(where)s
             ORDER BY i.id, s.id
            """,
            owner=owner,
            year_ago=scope.date_months_ago(12),
            two_years_ago=scope.date_months_ago(24),
            orders=CREDITED_ORDERS,
            join=join or SQL(),
            is_credit_note=self._is_credit_note(scope),
            as_of=scope.as_of,
            is_ordered=self._is_ordered(scope),
            where=where or SQL("TRUE"),
        )

    def _is_credit_note(self, scope):
        """SQL condition: ``m`` is a posted credit note of the company."""
        return SQL(
            "m.move_type = 'out_refund' AND m.state = 'posted' AND m.company_id = %s",
            scope.company_id,
        )

    def _is_ordered(self, scope):
        """SQL condition: order ``o`` and its line ``s`` counted.

        Down payments do not count as ordered, so their refunds do not count either.
        """
        return SQL(
            "o.company_id = %s AND o.state = 'sale' AND o.date_order < %s "
            "AND s.is_downpayment IS NOT TRUE",
            scope.company_id,
            scope.day_end,
        )
