"""Bring the ledger of purchases up to date with the documents of a channel.

Documents that may have changed are read again, and only rows that differ are written.
So it doesn't matter how often a document is read, and an update that is repeated finds
nothing to do.
"""

from odoo import models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.run.collect import get_watermark
from odoo.addons.crm_lifecycle.storage import raise_work_mem

# Number of written rows from which new statistics pay off.
MANY_ROWS = 1000
# The tables of an update.
TABLES = SQL(
    "lifecycle_document, lifecycle_wanted, lifecycle_difference, "
    "lifecycle_returned, lifecycle_changed"
)


class LedgerUpdate:
    """An update of the ledger from the documents of one channel.

    Its temporary tables: ``lifecycle_document (id)``, the documents to read;
    ``lifecycle_wanted``, the rows that the ledger should have;
    ``lifecycle_difference``, with the rows to delete, update and insert;
    ``lifecycle_returned (id)``, the purchases with other returns than before;
    ``lifecycle_changed (company_id, partner_id)``, the customers with changed rows.

    :param channel: the `crm.lifecycle.purchase.channel`
    :param topics, skipped_company_id: see `_update_ledger` of the channel
    """

    def __init__(self, channel, topics, skipped_company_id=None):
        self.channel = channel
        self.env = channel.env
        self.topics = topics
        self.skipped_company_id = skipped_company_id
        self.written = 0

    def execute(self):
        """Update the ledger, unless another transaction is doing it.

        Then the next update finds the same documents, and puts their customers on the
        work list.
        """
        self.env.flush_all()
        if not self._lock_watermark():
            self.env["crm.lifecycle.pending"]._trigger_run()
            return
        since = self._read_watermark()
        watermark = get_watermark(self.env)
        if self._list_documents(since):
            self._update(since)
        self._execute("DROP TABLE IF EXISTS %s", TABLES)
        self._execute(
            "UPDATE crm_lifecycle_purchase_watermark SET moment = %s "
            "WHERE channel = %s",
            watermark,
            self.channel._channel,
        )
        self.env["crm.lifecycle.purchase"].invalidate_model()
        self.env["crm.lifecycle.purchase.watermark"].invalidate_model()

    def _update(self, since):
        if since is None:
            raise_work_mem(self.env.cr)
        self._create_tables()
        is_first = since is None and self._is_ledger_empty()
        if is_first:
            self._fill_ledger()
        else:
            self._write_purchases()
        self._write_returns()
        self._write_returned_dates()
        self._enqueue_customers()
        self.env["crm.lifecycle.purchase"]._after_update(is_first)
        if self.written > MANY_ROWS:
            self._execute("ANALYZE crm_lifecycle_purchase")

    def _execute(self, code, *args, **kwargs):
        self.env.cr.execute(SQL(code, *args, **kwargs))
        return self.env.cr.rowcount

    def _lock_watermark(self):
        """Lock the channel until the end of the transaction. Return whether it is free.

        A replay or a preview may hold it for minutes, so nothing waits for it.
        """
        key = self.channel._channel
        self._execute(
            "INSERT INTO crm_lifecycle_purchase_watermark (channel) VALUES (%s) "
            "ON CONFLICT DO NOTHING",
            key,
        )
        return self._execute(
            "SELECT FROM crm_lifecycle_purchase_watermark WHERE channel = %s "
            "FOR UPDATE SKIP LOCKED",
            key,
        )

    def _read_watermark(self):
        [[moment]] = self.env.execute_query(
            SQL(
                "SELECT moment FROM crm_lifecycle_purchase_watermark "
                "WHERE channel = %s",
                self.channel._channel,
            )
        )
        return moment

    def _list_documents(self, since):
        """List the documents to read. Return their number."""
        queries = [
            SQL("SELECT id FROM (%s) AS t (id)", query)
            for query in (self.channel._get_changed_documents(since),)
        ]
        if since is None:
            # Documents that no longer exist.
            queries.append(
                SQL(
                    "SELECT res_id FROM crm_lifecycle_purchase "
                    "WHERE model = %s AND origin_id IS NULL",
                    self.channel._document_model,
                )
            )
        count = self._execute(
            """
            CREATE TEMPORARY TABLE lifecycle_document ON COMMIT DROP AS
            WITH reported AS (SELECT res_id FROM crm_lifecycle_purchase_pending
                               WHERE channel = %(channel)s)
            SELECT res_id AS id FROM reported UNION %(queries)s
            """,
            channel=self.channel._channel,
            queries=SQL(" UNION ").join(queries),
        )
        self._execute(
            "DELETE FROM crm_lifecycle_purchase_pending WHERE channel = %s",
            self.channel._channel,
        )
        self._execute("ANALYZE lifecycle_document")
        return count

    def _create_tables(self):
        self._execute(
            """
            CREATE TEMPORARY TABLE lifecycle_changed (company_id int, partner_id int)
                ON COMMIT DROP;
            CREATE TEMPORARY TABLE lifecycle_returned (id int) ON COMMIT DROP;
            """
        )

    def _get_own_rows(self):
        """SQL of the rows of the listed documents, without returns of purchases."""
        return SQL(
            """
            SELECT l.*
              FROM lifecycle_document AS d
              JOIN crm_lifecycle_purchase AS l
                ON l.res_id = d.id AND l.model = %s AND COALESCE(l.origin_id, 0) = 0
            """,
            self.channel._document_model,
        )

    def _get_wanted_purchases(self):
        """SQL of the rows that the ledger should have of the documents themselves."""
        return SQL(
            """
            SELECT %(model)s::varchar AS model, t.res_id, NULL::int AS origin_id,
                   t.company_id, c.commercial_partner_id AS partner_id, t.date, t.amount
              FROM (%(purchases)s) AS t
              JOIN res_partner AS c ON c.id = t.partner_id
             WHERE t.amount <> 0 AND t.date IS NOT NULL
            """,
            model=self.channel._document_model,
            purchases=self.channel._get_purchases(),
        )

    def _is_ledger_empty(self):
        [[is_empty]] = self.env.execute_query(
            SQL("SELECT NOT EXISTS (SELECT FROM crm_lifecycle_purchase)")
        )
        return is_empty

    def _fill_ledger(self):
        """Write the rows of the documents into the empty ledger.

        Its indexes are created afterwards, which takes a third of the time.
        """
        Purchase = self.env["crm.lifecycle.purchase"]
        indexes = [
            table_object
            for table_object in Purchase._table_objects.values()
            if isinstance(table_object, models.Index)
        ]
        for index in indexes:
            self._execute(
                "DROP INDEX IF EXISTS %s", SQL.identifier(index.full_name(Purchase))
            )
        self.written += self._execute(
            """
            INSERT INTO crm_lifecycle_purchase (
                        channel, model, res_id, origin_id, company_id, partner_id,
                        date, amount)
            SELECT %s, model, res_id, origin_id, company_id, partner_id, date, amount
              FROM (%s) AS w
             ORDER BY date
            """,
            self.channel._channel,
            self._get_wanted_purchases(),
        )
        for index in indexes:
            index.apply_to_database(Purchase)
        self._execute("ANALYZE crm_lifecycle_purchase")
        self._execute(
            "INSERT INTO lifecycle_changed "
            "SELECT DISTINCT company_id, partner_id FROM crm_lifecycle_purchase "
            "WHERE company_id IS DISTINCT FROM %s",
            self.skipped_company_id,
        )

    def _write_purchases(self):
        """Write the rows of the documents themselves, where they differ."""
        self._list_differences(self._get_wanted_purchases(), self._get_own_rows())
        # A purchase goes with its returns.
        self._execute(
            """
            DELETE FROM crm_lifecycle_purchase AS l
             USING lifecycle_difference AS v
             WHERE l.origin_id = v.old_id AND v.res_id IS NULL
            """
        )
        self._write_differences()
        self._execute(
            "INSERT INTO lifecycle_returned SELECT old_id FROM lifecycle_difference "
            "WHERE old_id IS NOT NULL AND res_id IS NOT NULL"
        )
        self._execute("DROP TABLE lifecycle_difference")

    def _write_returns(self):
        """Write the rows of what was returned of the documents' purchases."""
        returns = self.channel._get_returns()
        if returns is None:
            return
        own = self._get_own_rows()
        wanted = SQL(
            """
            SELECT t.model::varchar, t.res_id, o.id AS origin_id, o.company_id,
                   o.partner_id, t.date, t.amount
              FROM (%(returns)s) AS t
              JOIN crm_lifecycle_purchase AS o
                ON o.res_id = t.document_id AND o.model = %(model)s
               AND COALESCE(o.origin_id, 0) = 0
             WHERE t.amount <> 0 AND o.amount > 0
            """,
            model=self.channel._document_model,
            returns=returns,
        )
        existing = SQL(
            "SELECT l.* FROM (%s) AS o "
            "JOIN crm_lifecycle_purchase AS l ON l.origin_id = o.id",
            own,
        )
        self._list_differences(wanted, existing)
        self._write_differences()
        self._execute(
            "INSERT INTO lifecycle_returned "
            "SELECT COALESCE(origin_id, old_origin_id) FROM lifecycle_difference"
        )
        self._execute("DROP TABLE lifecycle_difference")

    def _list_differences(self, wanted, existing):
        """List the rows to insert, to update and to delete.

        :param wanted: SQL of the rows that the ledger should have
        :param existing: SQL of those that it has
        """
        self._execute(
            """
            CREATE TEMPORARY TABLE lifecycle_difference ON COMMIT DROP AS
            SELECT l.id AS old_id, l.company_id AS old_company_id,
                   l.partner_id AS old_partner_id, l.origin_id AS old_origin_id, w.*
              FROM (%(wanted)s) AS w
         FULL JOIN (%(existing)s) AS l
                ON l.res_id = w.res_id AND l.model = w.model
               AND COALESCE(l.origin_id, 0) = COALESCE(w.origin_id, 0)
             WHERE (l.company_id, l.partner_id, l.date, l.amount)
                   IS DISTINCT FROM (w.company_id, w.partner_id, w.date, w.amount)
            """,
            wanted=wanted,
            existing=existing,
        )
        self._execute("ANALYZE lifecycle_difference")

    def _write_differences(self):
        """Delete, update and insert rows, and note their customers."""
        self.written += self._execute(
            """
            DELETE FROM crm_lifecycle_purchase AS l
             USING lifecycle_difference AS v
             WHERE l.id = v.old_id AND v.res_id IS NULL
            """
        )
        self.written += self._execute(
            """
            UPDATE crm_lifecycle_purchase AS l
               SET company_id = v.company_id, partner_id = v.partner_id,
                   date = v.date, amount = v.amount
              FROM lifecycle_difference AS v
             WHERE l.id = v.old_id AND v.res_id IS NOT NULL
            """
        )
        self.written += self._execute(
            """
            INSERT INTO crm_lifecycle_purchase (
                        channel, model, res_id, origin_id, company_id, partner_id,
                        date, amount)
            SELECT %s, model, res_id, origin_id, company_id, partner_id, date, amount
              FROM lifecycle_difference
             WHERE old_id IS NULL
             ORDER BY date
            """,
            self.channel._channel,
        )
        self._execute(
            """
            INSERT INTO lifecycle_changed
            SELECT company_id, partner_id FROM lifecycle_difference
             WHERE partner_id IS NOT NULL
             UNION
            SELECT old_company_id, old_partner_id FROM lifecycle_difference
             WHERE old_partner_id IS NOT NULL
            """
        )

    def _write_returned_dates(self):
        """Write the day on which nothing of a purchase is left, where it differs."""
        self._execute(
            """
            UPDATE crm_lifecycle_purchase AS l
               SET returned_date = v.returned_date
              FROM (
                    SELECT o.id, MIN(r.date) FILTER (WHERE o.amount + r.amount <= 0)
                                 AS returned_date
                      FROM (SELECT DISTINCT id FROM lifecycle_returned) AS t
                      JOIN crm_lifecycle_purchase AS o ON o.id = t.id
                 LEFT JOIN LATERAL (
                            SELECT date,
                                   SUM(amount) OVER (ORDER BY date) AS amount
                              FROM crm_lifecycle_purchase
                             WHERE origin_id = o.id) AS r ON TRUE
                     GROUP BY o.id
                   ) AS v
             WHERE l.id = v.id AND l.returned_date IS DISTINCT FROM v.returned_date
            """
        )

    def _enqueue_customers(self):
        """Put the customers with changed rows on the work list."""
        self._execute(
            """
            INSERT INTO crm_lifecycle_pending (company_id, partner_res_id, topics)
            SELECT DISTINCT company_id, partner_id, %s FROM lifecycle_changed
            """,
            self.topics,
        )
