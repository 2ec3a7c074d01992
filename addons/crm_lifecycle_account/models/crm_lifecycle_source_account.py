from odoo import models
from odoo.tools import SQL

DOCUMENTS = SQL("('out_invoice', 'out_refund', 'out_receipt')")
MONEY = SQL("('bank', 'cash', 'credit')")
SIDES = ("debit_move_id", "credit_move_id")


class CrmLifecycleSourceAccount(models.AbstractModel):
    """Facts from posted customer invoices, credit notes, payments and debts.

    A document counts on its invoice date, without taxes, in the company's currency
    as posted. What is owed is what stands open on the customer's receivable
    accounts, taxes included, whatever put it there: it counts from the accounting
    date of the entry, and what it is matched with counts from the later date of
    the two. So what was owed on any day can be told, whenever it was paid since.

    Payments and credit notes that are not matched yet are taken off what is owed,
    and off the oldest debts first.
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
    # Whose facts may have changed
    # ------------------------------------------------------------

    def _changed_subjects(self, scope):
        if scope.is_full:
            return SQL(
                "SELECT DISTINCT m.commercial_partner_id, NULL::int AS lead_id "
                "FROM account_move AS m WHERE %s AND %s",
                self._is_document(scope),
                self._counts(scope),
            )
        documents = (
            SQL(
                "SELECT m.commercial_partner_id AS partner_id, NULL::int AS lead_id "
                "FROM account_move AS m WHERE %s AND %s",
                self._is_document(scope),
                changed,
            )
            for changed in (
                SQL("m.write_date >= %s", scope.since),
                scope.crossing_day(SQL("m.invoice_date")),
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
        """SQL conditions of the lines whose match counts differently by now.

        What they are matched with was written, or the day of the match has come. Lines
        are looked up by ids that were found before, never joined: there is no order of
        joins that a database without statistics could choose badly.
        """
        written = SQL(
            "ARRAY(SELECT w.id FROM account_move_line AS w WHERE w.write_date >= %s)",
            scope.since,
        )
        reached = scope.crossing_day(SQL("r.max_date"))
        return [
            SQL(
                "l.id = ANY(ARRAY(SELECT r.%s FROM account_partial_reconcile AS r "
                "WHERE %s))",
                SQL.identifier(other),
                found,
            )
            for side, other in (SIDES, SIDES[::-1])
            for found in (
                SQL("r.%s = ANY(%s)", SQL.identifier(side), written),
                reached,
            )
        ]

    def _get_line_changes(self, scope):
        """SQL conditions of the lines that count differently by now, per index.

        Matching, and undoing that, writes the lines. Setting an entry back writes its
        own alone, so those that they are matched with are looked for apart. A debt is
        overdue from the day after it was due.
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
            scope.crossing_day(SQL("l.date")),
            due,
            no_terms,
        ]

    # ------------------------------------------------------------
    # What counts
    # ------------------------------------------------------------

    def _is_document(self, scope):
        """SQL condition: move ``m`` is a customer's, of the company."""
        return SQL(
            "m.company_id = %s AND m.move_type IN %s", scope.company_id, DOCUMENTS
        )

    def _counts(self, scope):
        """SQL condition: document ``m`` was there by the day."""
        return SQL("m.state = 'posted' AND m.invoice_date <= %s", scope.as_of)

    def _is_receivable(self, scope):
        """SQL condition: line ``l`` tells what a customer of the company owes."""
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
        """SQL of the facts; that somebody owes nothing is known of everybody."""
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
             WHERE %(asked)s
            """,
            documents=self._documents(scope),
            money=self._money(scope),
            debts=self._debts(scope),
            asked=scope.asks(self._name, "b"),
        )

    def _documents(self, scope):
        """SQL of the invoices and credit notes of each profile, summed up."""
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
             WHERE %(is_document)s AND %(counts)s AND %(asked)s
             GROUP BY b.profile_id
            """,
            is_refund=SQL("m.move_type = 'out_refund'"),
            is_document=self._is_document(scope),
            counts=self._counts(scope),
            asked=scope.asks(self._name, "b"),
        )

    def _money(self, scope):
        """SQL of what came in from each profile, less what went back."""
        return SQL(
            """
            SELECT b.profile_id,
                   -SUM(l.balance) AS paid_total,
                   MAX(l.date) FILTER (WHERE l.balance < 0) AS last_payment_date
              FROM lifecycle_batch_contact AS b
              JOIN account_move_line AS l ON l.partner_id = b.partner_id
              JOIN account_journal AS j ON j.id = l.journal_id
             WHERE j.type IN %(money)s AND %(is_receivable)s
               AND l.parent_state = 'posted' AND l.date <= %(as_of)s AND %(asked)s
             GROUP BY b.profile_id
            """,
            money=MONEY,
            is_receivable=self._is_receivable(scope),
            as_of=scope.as_of,
            asked=scope.asks(self._name, "b"),
        )

    def _debts(self, scope):
        """SQL of what each profile owes, and of that what is overdue since when.

        ``credit`` is what the customer has with us, as a negative sum; ``owed`` runs
        up with the debts in the order in which they are due. What of it the credit
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
            open_lines=self._open_lines(scope),
        )

    def _open_lines(self, scope):
        """SQL of the lines that were open on the day, and what was of each.

        From what is open now, since that is little: what was matched later than the
        day, or with what is no longer posted, is put back.
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
               AND l.parent_state = 'posted' AND l.date <= %(as_of)s AND %(asked)s
            """,
            later=self._not_matched_yet(scope),
            is_receivable=self._is_receivable(scope),
            as_of=scope.as_of,
            asked=scope.asks(self._name, "b"),
        )

    def _not_matched_yet(self, scope):
        """SQL of what lines are matched with that does not count, of a debit positive.

        Either it came after the day, or it is no longer posted: an entry that is
        set back to draft stays matched.
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
