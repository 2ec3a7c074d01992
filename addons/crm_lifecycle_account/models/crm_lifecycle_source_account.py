from odoo import models
from odoo.tools import SQL

CUSTOMER_MOVE_TYPES = SQL("('out_invoice', 'out_refund', 'out_receipt')")
PAYMENT_JOURNAL_TYPES = SQL("('bank', 'cash', 'credit')")
MATCHED_LINE_FIELDS = ("debit_move_id", "credit_move_id")


class CrmLifecycleSourceAccount(models.AbstractModel):
    """Facts from posted customer invoices, credit notes, payments and debts.

    A document counts on its invoice date, without taxes, in the company's currency at
    the rate of posting. The amount due is the open balance of the customer's receivable
    accounts, taxes included, from any journal. A line counts from its accounting date,
    and a match from the later accounting date of its two lines, so the amount due can
    be computed for any past day.

    Unmatched payments and credit notes reduce the amount due, oldest debts first.
    """

    _name = "crm.lifecycle.source.account"
    _inherit = "crm.lifecycle.source"
    _description = "Customer Facts from Invoices"

    _facts = (
        "first_seen_date",
        "invoice_count",
        "last_invoice_date",
        "invoiced_total",
        "credit_note_total",
        "paid_total",
        "last_payment_date",
        "balance_due",
        "overdue_amount",
        "overdue_since",
    )
    _reads = ("account_move", "account_move_line", "account_partial_reconcile")

    # ------------------------------------------------------------
    # Changed subjects
    # ------------------------------------------------------------

    def _changed_subjects(self, scope):
        if scope.is_full:
            return SQL(
                "SELECT DISTINCT m.commercial_partner_id, NULL::int AS lead_id "
                "FROM account_move AS m WHERE %s AND %s",
                self._is_customer_document(scope),
                self._is_counted(scope),
            )
        documents = (
            SQL(
                "SELECT m.commercial_partner_id AS partner_id, NULL::int AS lead_id "
                "FROM account_move AS m WHERE %s AND %s",
                self._is_customer_document(scope),
                changed,
            )
            for changed in (
                SQL("m.write_date >= %s", scope.since),
                scope.date_crosses_cutoff(SQL("m.invoice_date")),
            )
        )
        lines = (
            SQL(
                "SELECT l.partner_id, NULL::int "
                "FROM account_move_line AS l WHERE %s AND %s",
                self._is_receivable(scope),
                changed,
            )
            for changed in [
                *self._get_line_changes(scope),
                *self._get_matched_changes(scope),
            ]
        )
        return SQL(" UNION ALL ").join([*documents, *lines])

    def _get_matched_changes(self, scope):
        """SQL conditions of the lines with a match that changed or became effective.

        The match counts differently if a matched line was written, or if the day of the
        match has come. Lines are looked up by id instead of joined: without statistics,
        the database could choose a bad join order.
        """
        written = SQL(
            "ARRAY(SELECT w.id FROM account_move_line AS w WHERE w.write_date >= %s)",
            scope.since,
        )
        reached = scope.date_crosses_cutoff(SQL("r.max_date"))
        return [
            SQL(
                "l.id = ANY(ARRAY(SELECT r.%s FROM account_partial_reconcile AS r "
                "WHERE %s))",
                SQL.identifier(other),
                found,
            )
            for side, other in (MATCHED_LINE_FIELDS, MATCHED_LINE_FIELDS[::-1])
            for found in (
                SQL("r.%s = ANY(%s)", SQL.identifier(side), written),
                reached,
            )
        ]

    def _get_line_changes(self, scope):
        """SQL conditions of the lines that count differently now, one per index.

        Matching and unmatching write both lines. Resetting an entry to draft writes
        only its own lines, so `_get_matched_changes` looks up their counterparts. A
        debt is overdue from the day after its due date.
        """
        due = SQL(
            "l.date_maturity >= %s AND l.date_maturity < %s",
            scope.previous_as_of,
            scope.as_of,
        )
        no_terms = SQL(
            "l.date_maturity IS NULL AND l.date >= %s AND l.date < %s",
            scope.previous_as_of,
            scope.as_of,
        )
        return [
            SQL("l.write_date >= %s", scope.since),
            scope.date_crosses_cutoff(SQL("l.date")),
            due,
            no_terms,
        ]

    # ------------------------------------------------------------
    # Conditions
    # ------------------------------------------------------------

    def _is_customer_document(self, scope):
        """SQL condition: move ``m`` is a customer document of the company."""
        return SQL(
            "m.company_id = %s AND m.move_type IN %s",
            scope.company_id,
            CUSTOMER_MOVE_TYPES,
        )

    def _is_counted(self, scope):
        """SQL condition: document ``m`` is posted and dated by the day."""
        return SQL("m.state = 'posted' AND m.invoice_date <= %s", scope.as_of)

    def _is_receivable(self, scope):
        """SQL condition: line ``l`` is on a receivable account of the company."""
        return SQL(
            """
            l.company_id = %s AND l.partner_id IS NOT NULL AND l.account_id = ANY(ARRAY(
                SELECT id FROM account_account WHERE account_type = 'asset_receivable'))
            """,
            scope.company_id,
        )

    # ------------------------------------------------------------
    # Facts
    # ------------------------------------------------------------

    def _fact_values(self, scope):
        """SQL of the facts. Amounts due are 0, not unknown, without documents."""
        return SQL(
            """
            SELECT b.profile_id,
                   d.first_seen_date, d.invoice_count, d.last_invoice_date,
                   d.invoiced_total, d.credit_note_total,
                   COALESCE(m.paid_total, 0 * d.invoiced_total) AS paid_total,
                   m.last_payment_date,
                   COALESCE(o.balance_due, 0) AS balance_due,
                   COALESCE(o.overdue_amount, 0) AS overdue_amount,
                   o.overdue_since
              FROM lifecycle_batch AS b
         LEFT JOIN (%(documents)s) AS d ON d.profile_id = b.profile_id
         LEFT JOIN (%(money)s) AS m ON m.profile_id = b.profile_id
         LEFT JOIN (%(debts)s) AS o ON o.profile_id = b.profile_id
             WHERE %(is_pending)s
            """,
            documents=self._get_invoice_totals(scope),
            money=self._get_payments(scope),
            debts=self._get_amounts_due(scope),
            is_pending=scope.needs_refresh(self._name, "b"),
        )

    def _get_invoice_totals(self, scope):
        """SQL of the totals of invoices and credit notes per profile."""
        return SQL(
            """
            SELECT b.profile_id,
                   MIN(m.invoice_date) AS first_seen_date,
                   COUNT(*) FILTER (WHERE NOT %(is_refund)s) AS invoice_count,
                   MAX(m.invoice_date) FILTER (WHERE NOT %(is_refund)s)
                       AS last_invoice_date,
                   SUM(m.amount_untaxed_signed) AS invoiced_total,
                   COALESCE(-SUM(m.amount_untaxed_signed) FILTER (WHERE %(is_refund)s),
                            0) AS credit_note_total
              FROM lifecycle_batch_contact AS b
              JOIN account_move AS m ON m.commercial_partner_id = b.partner_id
             WHERE %(is_document)s AND %(counts)s AND %(is_pending)s
             GROUP BY b.profile_id
            """,
            is_refund=SQL("m.move_type = 'out_refund'"),
            is_document=self._is_customer_document(scope),
            counts=self._is_counted(scope),
            is_pending=scope.needs_refresh(self._name, "b"),
        )

    def _get_payments(self, scope):
        """SQL of the payments of each profile, less refunds."""
        return SQL(
            """
            SELECT b.profile_id,
                   -SUM(l.balance) AS paid_total,
                   MAX(l.date) FILTER (WHERE l.balance < 0) AS last_payment_date
              FROM lifecycle_batch_contact AS b
              JOIN account_move_line AS l ON l.partner_id = b.partner_id
              JOIN account_journal AS j ON j.id = l.journal_id
             WHERE j.type IN %(money)s AND %(is_receivable)s
               AND l.parent_state = 'posted' AND l.date <= %(as_of)s AND %(is_pending)s
             GROUP BY b.profile_id
            """,
            money=PAYMENT_JOURNAL_TYPES,
            is_receivable=self._is_receivable(scope),
            as_of=scope.as_of,
            is_pending=scope.needs_refresh(self._name, "b"),
        )

    def _get_amounts_due(self, scope):
        """SQL of the amount due, the overdue amount and its first due date per profile.

        ``credit`` is the unmatched credit of the customer, as a negative sum. ``owed``
        is the running total of the debts by due date. The part of it that the credit
        does not cover is overdue.
        """
        return SQL(
            """
            SELECT profile_id,
                   SUM(residual) AS balance_due,
                   GREATEST(MAX(owed + credit) FILTER (WHERE %(is_overdue)s), 0)
                       AS overdue_amount,
                   MIN(due) FILTER (WHERE %(is_overdue)s AND owed + credit > 0)
                       AS overdue_since
              FROM (
                    SELECT profile_id, residual, due,
                           SUM(LEAST(residual, 0))
                               OVER (PARTITION BY profile_id) AS credit,
                           SUM(GREATEST(residual, 0))
                               OVER (PARTITION BY profile_id ORDER BY due, id) AS owed
                      FROM (%(open_lines)s) AS line
                   ) AS debt
             GROUP BY profile_id
            """,
            is_overdue=SQL("residual > 0 AND due < %s", scope.as_of),
            open_lines=self._get_open_lines(scope),
        )

    def _get_open_lines(self, scope):
        """SQL of the lines that were open on the day, with their residual amounts.

        Start from the lines that are open now, which are few. Add back what was matched
        after the day, or with entries that are no longer posted.
        """
        return SQL(
            """
            SELECT b.profile_id, l.id, COALESCE(l.date_maturity, l.date) AS due,
                   l.amount_residual + COALESCE(later.amount, 0) AS residual
              FROM lifecycle_batch_contact AS b
              JOIN account_move_line AS l ON l.partner_id = b.partner_id
         LEFT JOIN (%(later)s) AS later ON later.line_id = l.id
             WHERE (l.amount_residual <> 0 OR later.amount IS NOT NULL)
               AND %(is_receivable)s
               AND l.parent_state = 'posted' AND l.date <= %(as_of)s AND %(is_pending)s
            """,
            later=self._get_uncounted_matches(scope),
            is_receivable=self._is_receivable(scope),
            as_of=scope.as_of,
            is_pending=scope.needs_refresh(self._name, "b"),
        )

    def _get_uncounted_matches(self, scope):
        """SQL of the matched amounts that do not count, positive for debits.

        A match does not count if it is later than the day, or if its entry is no longer
        posted: an entry reset to draft stays matched.
        """
        return SQL(
            """
            SELECT line_id, SUM(amount) AS amount
              FROM (SELECT debit_move_id AS line_id, amount
                      FROM account_partial_reconcile WHERE max_date > %(as_of)s
                     UNION ALL
                    SELECT credit_move_id, -amount
                      FROM account_partial_reconcile WHERE max_date > %(as_of)s
                     UNION ALL
                    SELECT r.debit_move_id, r.amount
                      FROM account_move_line AS x
                      JOIN account_partial_reconcile AS r ON r.credit_move_id = x.id
                     WHERE %(is_set_back)s AND r.max_date <= %(as_of)s
                     UNION ALL
                    SELECT r.credit_move_id, -r.amount
                      FROM account_move_line AS x
                      JOIN account_partial_reconcile AS r ON r.debit_move_id = x.id
                     WHERE %(is_set_back)s AND r.max_date <= %(as_of)s
                   ) AS matched
             GROUP BY line_id
            """,
            is_set_back=SQL(
                "x.parent_state <> 'posted' AND x.matching_number IS NOT NULL"
            ),
            as_of=scope.as_of,
        )
