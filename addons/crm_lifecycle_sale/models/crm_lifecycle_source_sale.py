from odoo import models
from odoo.tools import SQL


class CrmLifecycleSourceSale(models.AbstractModel):
    """Facts from quotations, orders and the credit notes on them.

    An order counts on its order date, in the company's currency at the order's
    own rate and rounded to it. A credit note on its lines is taken off on its
    own date, and so is an order of a negative amount, which is a return and no
    purchase.
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

    def _changed_subjects(self, scope):
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
        moment = SQL("o.date_order")
        return SQL(
            """
            SELECT o.partner_id, NULL::int AS lead_id
              FROM sale_order AS o
             WHERE o.company_id = %s
               AND (o.write_date >= %s
                    OR o.state IN ('draft', 'sent')
                       AND o.validity_date >= %s AND o.validity_date < %s)
             UNION ALL
            SELECT o.partner_id, NULL
              FROM sale_order AS o
             WHERE o.company_id = %s AND (%s)
            """,
            scope.company_id,
            scope.since,
            scope.previous_as_of,
            scope.as_of,
            scope.company_id,
            SQL(" OR ").join(
                [
                    scope.crossing(SQL("o.create_date")),
                    scope.crossing(moment),
                    scope.crossing(moment, months=12),
                    scope.crossing(moment, months=24),
                ]
            ),
        )

    def _changed_credit_notes(self, scope):
        changed = SQL("FALSE")
        if not scope.is_full:
            day = SQL("m.invoice_date")
            changed = SQL(
                "(m.write_date >= %s OR %s)",
                scope.since,
                SQL(" OR ").join(
                    [
                        scope.crossing_day(day),
                        scope.crossing_day(day, months=12),
                        scope.crossing_day(day, months=24),
                    ]
                ),
            )
        return SQL(
            """
            SELECT o.partner_id, NULL
              FROM account_move AS m
              JOIN account_move_line AS i ON i.move_id = m.id
              JOIN sale_order_line_invoice_rel AS r ON r.invoice_line_id = i.id
              JOIN sale_order_line AS s ON s.id = r.order_line_id
              JOIN sale_order AS o ON o.id = s.order_id
             WHERE m.move_type = 'out_refund' AND m.company_id = %s AND %s
            """,
            scope.company_id,
            changed,
        )

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
                   (order_total_12m / NULLIF(order_total_prev_12m, 0) - 1)::float
                       AS order_trend
              FROM (%(sums)s) AS sums
            """,
            digits=self._get_digits(scope),
            sums=self._sums(scope),
        )

    def _get_digits(self, scope):
        """Return the decimal places of the company's currency."""
        company = self.env["res.company"].browse(scope.company_id)
        return company.currency_id.decimal_places

    def _sums(self, scope):
        """SQL of sums per profile over its orders and credit notes.

        A window in which a customer bought nothing is 0; it is empty only for
        those who never bought (an amount that is empty stays so times 0).
        """
        year_ago, two_years_ago = scope.day_before(12), scope.day_before(24)
        return SQL(
            """
            SELECT profile_id,
                   MIN(seen_day) AS first_seen_date,
                   COUNT(*) FILTER (WHERE is_open) AS quotation_count,
                   MIN(day) FILTER (WHERE is_purchase) AS first_order_date,
                   MAX(day) FILTER (WHERE is_purchase) AS last_order_date,
                   COUNT(*) FILTER (WHERE is_purchase) AS order_count,
                   COUNT(DISTINCT day) FILTER (WHERE is_purchase) AS day_count,
                   SUM(amount) AS order_total,
                   SUM(CASE WHEN day > %(year_ago)s THEN amount
                            ELSE 0 * amount END) AS order_total_12m,
                   SUM(CASE WHEN day > %(two_years_ago)s AND day <= %(year_ago)s
                            THEN amount
                            ELSE 0 * amount END) AS order_total_prev_12m
              FROM (%(orders)s UNION ALL (%(credit_notes)s)) AS event
             GROUP BY profile_id
            """,
            year_ago=year_ago,
            two_years_ago=two_years_ago,
            orders=self._orders(scope),
            credit_notes=self._credit_notes(scope),
        )

    def _orders(self, scope):
        """SQL of the quotations and orders of the batch, one row each."""
        return SQL(
            """
            SELECT b.profile_id,
                   CASE WHEN o.create_date < %(end)s
                        THEN LEAST(%(created)s,
                                   CASE WHEN %(is_sold)s THEN %(ordered)s END)
                        ELSE %(ordered)s END AS seen_day,
                   CASE WHEN %(is_sold)s THEN %(ordered)s END AS day,
                   CASE WHEN %(is_sold)s THEN %(amount)s END AS amount,
                   %(is_sold)s AND o.amount_untaxed >= 0 AS is_purchase,
                   o.create_date < %(end)s AND (
                       o.state IN ('draft', 'sent')
                       AND COALESCE(o.validity_date >= %(as_of)s, TRUE)
                       OR o.state = 'sale' AND o.date_order >= %(end)s) AS is_open
              FROM lifecycle_batch_contact AS b
              JOIN sale_order AS o ON o.partner_id = b.partner_id
             WHERE o.company_id = %(company)s
               AND (o.create_date < %(end)s OR %(is_sold)s)
            """,
            created=scope.local_date(SQL("o.create_date")),
            ordered=scope.local_date(SQL("o.date_order")),
            is_sold=SQL("(o.state = 'sale' AND o.date_order < %s)", scope.day_end),
            amount=SQL(
                "ROUND(o.amount_untaxed / COALESCE(NULLIF(o.currency_rate, 0), 1)"
                "::numeric, %s)",
                self._get_digits(scope),
            ),
            as_of=scope.as_of,
            end=scope.day_end,
            company=scope.company_id,
        )

    def _credit_notes(self, scope):
        """SQL of the credit note lines on orders of the batch, as negative sums.

        The balance of such a line is in the company's currency and positive.
        What is given back of a down payment was never counted as ordered.
        """
        return SQL(
            """
            SELECT DISTINCT ON (i.id)
                   b.profile_id, NULL::date, m.invoice_date, -i.balance, FALSE, FALSE
              FROM account_move AS m
              JOIN account_move_line AS i ON i.move_id = m.id
              JOIN sale_order_line_invoice_rel AS r ON r.invoice_line_id = i.id
              JOIN sale_order_line AS s ON s.id = r.order_line_id
              JOIN sale_order AS o ON o.id = s.order_id
              JOIN lifecycle_batch_contact AS b ON b.partner_id = o.partner_id
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
