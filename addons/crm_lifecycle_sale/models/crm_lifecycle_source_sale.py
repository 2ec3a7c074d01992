from odoo import models
from odoo.tools import SQL


class CrmLifecycleSourceSale(models.AbstractModel):
    """Facts from quotations; orders are purchases of the ledger."""

    _name = "crm.lifecycle.source.sale"
    _inherit = "crm.lifecycle.source"
    _description = "Customer Facts from Quotations"

    _facts = ("first_seen_date", "quotation_count")
    _reads = ("sale_order",)

    def _changed_subjects(self, scope):
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

    # ------------------------------------------------------------
    # Facts
    # ------------------------------------------------------------

    def _fact_values(self, scope):
        return SQL(
            """
            SELECT b.profile_id, first.first_seen_date,
                   COALESCE(open.quotation_count, 0) AS quotation_count
              FROM lifecycle_batch AS b
         LEFT JOIN (%(first)s) AS first ON first.profile_id = b.profile_id
         LEFT JOIN (%(open)s) AS open ON open.profile_id = b.profile_id
             WHERE %(is_pending)s
            """,
            first=self._get_first_days(scope),
            open=self._get_open_quotations(scope),
            is_pending=scope.needs_refresh(self._name, "b"),
        )

    def _get_first_days(self, scope):
        """SQL of the day on which the first quotation or order of a profile was made.

        The index of customers and days of creation answers it. For all customers it is
        read as a whole, otherwise only the first entry of each contact.
        """
        orders = SQL(
            """
            SELECT o.create_date
              FROM sale_order AS o
             WHERE o.partner_id = b.partner_id AND o.company_id = %(company)s
               AND o.create_date < %(end)s
               %(only_first)s
            """,
            company=scope.company_id,
            end=scope.day_end,
            only_first=SQL()
            if scope.is_full
            else SQL("ORDER BY o.create_date LIMIT 1"),
        )
        return SQL(
            """
            SELECT b.profile_id, %(day)s AS first_seen_date
              FROM lifecycle_batch_contact AS b
        CROSS JOIN LATERAL (%(orders)s) AS o
             WHERE %(is_pending)s
             GROUP BY b.profile_id
            """,
            day=scope.local_date(SQL("MIN(o.create_date)")),
            orders=orders,
            is_pending=scope.needs_refresh(self._name, "b"),
        )

    def _get_open_quotations(self, scope):
        """SQL of the number of open quotations per profile.

        An order dated after the day was still a quotation.
        """
        return SQL(
            """
            SELECT profile_id, COUNT(*)::int AS quotation_count
              FROM (
                    SELECT b.profile_id
                      FROM lifecycle_batch_contact AS b
                      JOIN sale_order AS o ON o.partner_id = b.partner_id
                     WHERE o.state IN ('draft', 'sent')
                       AND COALESCE(o.validity_date >= %(as_of)s, TRUE)
                       AND o.company_id = %(company)s AND o.create_date < %(end)s
                       AND %(is_pending)s
                     UNION ALL
                    SELECT b.profile_id
                      FROM lifecycle_batch_contact AS b
                      JOIN sale_order AS o ON o.partner_id = b.partner_id
                     WHERE o.state = 'sale' AND o.date_order >= %(end)s
                       AND o.company_id = %(company)s AND o.create_date < %(end)s
                       AND %(is_pending)s
                   ) AS quotation
             GROUP BY profile_id
            """,
            as_of=scope.as_of,
            company=scope.company_id,
            end=scope.day_end,
            is_pending=scope.needs_refresh(self._name, "b"),
        )
