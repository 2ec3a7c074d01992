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
    "lifecycle_document, lifecycle_difference, lifecycle_returned, lifecycle_changed"
)


def update_ledger(channels, topics, *, compare_all=False):
    """Bring the ledger up to date with the documents of some channels.

    A channel that another transaction is updating is left out: the next update finds
    the same documents, and puts their customers on the work list. A replay or a preview
    may take minutes, so nothing waits for it.

    :param channels: a list of `crm.lifecycle.purchase.channel`
    :param topics: see `_update_ledger` of the channel
    :param compare_all: compare all documents, not only changed ones
    :return: the number of rows written
    """
    env = channels[0].env
    env.flush_all()
    moments = _lock_watermarks(env, [channel._channel for channel in channels])
    watermark = get_watermark(env)
    written = 0
    for channel in channels:
        if channel._channel in moments:
            since = None if compare_all else moments[channel._channel]
            update = LedgerUpdate(channel, topics)
            update.execute(since)
            written += update.written
    if len(moments) < len(channels):
        env["crm.lifecycle.pending"]._trigger_run()
    env.cr.execute(
        SQL(
            "UPDATE crm_lifecycle_purchase_watermark SET moment = %s "
            "WHERE channel = ANY(%s)",
            watermark,
            list(moments),
        )
    )
    env["crm.lifecycle.purchase"].invalidate_model()
    env["crm.lifecycle.purchase.watermark"].invalidate_model()
    return written


def _lock_watermarks(env, keys):
    """Lock channels until the end of the transaction. Return ``{key: watermark}``."""
    query = SQL(
        "SELECT channel, moment FROM crm_lifecycle_purchase_watermark "
        "WHERE channel = ANY(%s) FOR UPDATE SKIP LOCKED",
        keys,
    )
    moments = dict(env.execute_query(query))
    if len(moments) < len(keys):
        # Channels that are new, besides those that are locked.
        env.cr.execute(
            SQL(
                "INSERT INTO crm_lifecycle_purchase_watermark (channel) "
                "SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING",
                keys,
            )
        )
        moments = dict(env.execute_query(query))
    return moments


class LedgerUpdate:
    """An update of the ledger from the documents of one channel.

    Its temporary tables: ``lifecycle_document (id)``, the documents to read;
    ``lifecycle_difference``, with the rows to delete, update and insert;
    ``lifecycle_returned (id)``, the purchases with other returns than before;
    ``lifecycle_changed (company_id, partner_id)``, the customers with changed rows.

    :param channel: the `crm.lifecycle.purchase.channel`
    :param topics: see `_update_ledger` of the channel
    """

    def __init__(self, channel, topics):
        self.channel = channel
        self.env = channel.env
        self.topics = topics
        self.written = 0

    def execute(self, since):
        """Read the documents written since a moment, all if None, and write rows."""
        if self._list_documents(since):
            self._update(since)
            self._execute("DROP TABLE IF EXISTS %s", TABLES)

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

    def _list_documents(self, since):
        """List the documents to read. Return whether there are any."""
        queries = [
            SQL(
                "SELECT id FROM (%s) AS t (id)",
                self.channel._get_changed_documents(since),
            )
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
        return self._execute(
            """
            DROP TABLE IF EXISTS lifecycle_document;
            CREATE TEMPORARY TABLE lifecycle_document ON COMMIT DROP AS
            SELECT res_id AS id FROM crm_lifecycle_purchase_pending
             WHERE channel = %(channel)s
             UNION %(queries)s;
            ANALYZE lifecycle_document;
            DELETE FROM crm_lifecycle_purchase_pending WHERE channel = %(channel)s;
            SELECT FROM lifecycle_document LIMIT 1
            """,
            channel=self.channel._channel,
            queries=SQL(" UNION ").join(queries),
        )

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
            "SELECT DISTINCT company_id, partner_id FROM crm_lifecycle_purchase"
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
        """Write the day on which nothing of a purchase is left, where it differs.

        For a discount that was taken back, a return with a positive amount, it is the
        day of the return: it is no purchase of its own on any day.
        """
        self._execute(
            """
            UPDATE crm_lifecycle_purchase AS l
               SET returned_date = l.date
              FROM lifecycle_returned AS t
             WHERE l.origin_id = t.id AND l.amount > 0
               AND l.returned_date IS DISTINCT FROM l.date
            """
        )
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
