"""Moves that make or lose a customer, stored beside the history.

Cohorts and growth need only these moves, and the day on which each customer became one.
Finding both in ten million moves takes too long for a reader, so they are stored here.
They stay single rows, so that record rules decide which rows a number includes.

The result always equals the history. ``upto`` of the mark is a row of the history.
Customers without a later move are read from this table. For the others, the moves are
computed from the history (`_get_growth_events`). The scheduled job stores these and
advances the mark. All moves before the mark must be visible, but ids are assigned
before moves are committed. So the mark advances to the former end of the history
(``next_id``) only after all transactions of that moment have ended, see
`_mark_transactions_ended`.

Worked example: the history ends at 100, the mark is at 90. Ada's last move is 95, Bob's
is 40. Bob is read from this table, Ada from the history. The job stores Ada's moves and
notes 100. Its next execution sets the mark to 100, and Ada is read from this table too.

A rebuild of the history replaces moves before the mark. It marks its customers as
stale, and they are read from the history as well, until the job has stored them. The
job deletes only the marks that it saw before it read the history.
"""

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.fields import LooseMany2one

from ..report.crm_lifecycle_report_mixin import CUSTOMERS, LEFT_CATEGORIES
from .crm_lifecycle_history import MERGE_ORIGINS

_logger = logging.getLogger(__name__)

COLUMNS = SQL(
    "id, profile_id, company_id, lifecycle_id, from_stage_id, to_stage_id, date, kind, "
    "customer_date, is_start"
)
# The mark, and whether the history continues after it. MAX(id) reads one row of an
# index; "EXISTS a row after the mark" would scan all ten million rows.
WATERMARK = SQL(
    """
    SELECT m.upto, COALESCE((SELECT MAX(h.id) FROM crm_lifecycle_history AS h), 0)
                   > m.upto OR EXISTS (SELECT FROM crm_lifecycle_growth_stale)
      FROM crm_lifecycle_growth_watermark AS m
     UNION ALL SELECT 0, TRUE
     ORDER BY 1 DESC LIMIT 1
    """
)
# Delay before the job checks again whether the transactions have ended.
RETRY_DELAY = timedelta(minutes=1)


class CrmLifecycleGrowthEvent(models.Model):
    """Move that made or lost a customer. It has the id of the move."""

    _name = "crm.lifecycle.growth.event"
    _description = "Move That Made or Lost a Customer"
    _log_access = False
    _order = "id desc"
    _rec_name = "date"

    profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = LooseMany2one(
        comodel_name="res.company", required=True, ondelete="cascade"
    )
    lifecycle_id = LooseMany2one(comodel_name="crm.lifecycle", ondelete="cascade")
    from_stage_id = LooseMany2one(
        comodel_name="crm.lifecycle.stage", ondelete="cascade"
    )
    to_stage_id = LooseMany2one(comodel_name="crm.lifecycle.stage", ondelete="cascade")
    date = fields.Date(required=True)
    kind = fields.Char(required=True, help="As in the report on growth.")
    customer_date = fields.Date(help="The day on which they first became a customer.")
    is_start = fields.Boolean(help="The move by which they first became one.")

    # The growth report reads only this index.
    _company_date_idx = models.Index(
        "(company_id, date) INCLUDE (kind, profile_id, lifecycle_id)"
    )
    _start_idx = models.Index("(profile_id) WHERE is_start")

    # ------------------------------------------------------------
    # Reading
    # ------------------------------------------------------------

    @api.model
    def _get_growth_events(self):
        """SQL of all moves that make or lose a customer, equal to the history."""
        self.env["crm.lifecycle.growth.watermark"].flush_model()
        [[upto, is_behind]] = self.env.execute_query(WATERMARK)
        if not upto:
            return self._get_computed_events(SQL("TRUE"))
        kept = SQL("SELECT %s FROM crm_lifecycle_growth_event AS t", COLUMNS)
        if not is_behind:
            return kept
        return SQL(
            """
            %(kept)s
             WHERE NOT EXISTS (SELECT FROM crm_lifecycle_history AS n
                                WHERE n.id > %(upto)s AND n.profile_id = t.profile_id)
               AND NOT EXISTS (SELECT FROM crm_lifecycle_growth_stale AS x
                                WHERE x.profile_id = t.profile_id)
             UNION ALL %(counted)s
            """,
            kept=kept,
            upto=upto,
            counted=self._get_computed_events(self._has_moved_after(upto)),
        )

    @api.model
    def _has_moved_after(self, upto):
        """SQL condition: the customer of move ``h`` has moved after the mark, or their
        past was rebuilt."""
        return SQL(
            "h.profile_id IN (SELECT n.profile_id FROM crm_lifecycle_history AS n "
            "WHERE n.id > %s UNION ALL "
            "SELECT x.profile_id FROM crm_lifecycle_growth_stale AS x)",
            upto,
        )

    @api.model
    def _get_computed_events(self, condition):
        """SQL of all such moves of some customers, computed from the history."""
        return SQL(
            """
            SELECT id, profile_id, company_id, lifecycle_id, from_stage_id, to_stage_id,
                   date, kind,
                   since AS customer_date,
                   kind IN ('new', 'known') AND ROW_NUMBER() OVER (
                       PARTITION BY profile_id, kind IN ('new', 'known')
                       ORDER BY date, id) = 1 AS is_start
              FROM (SELECT k.id, k.profile_id, k.company_id, k.lifecycle_id,
                           k.from_stage_id, k.to_stage_id, k.date, k.since,
                           -- after a merge, whoever was a customer is not new
                           CASE WHEN k.kind = 'new' AND k.since < k.date
                                 AND k.merge_date <= k.date AND k.life = 0
                                THEN 'reactivated' ELSE k.kind END AS kind
                      FROM (SELECT *,
                                   MIN(CASE kind WHEN 'new' THEN date
                                       WHEN 'known' THEN COALESCE(customer_date, date)
                                       END) OVER (PARTITION BY profile_id) AS since
                              FROM (SELECT *, (%(kind)s)::varchar AS kind
                                      FROM (%(moves)s) AS c) AS f) AS k) AS move
             WHERE kind IS NOT NULL
            """,
            kind=self._get_kind_sql(),
            moves=self._get_moves_with_class(condition),
        )

    @api.model
    def _get_kind_sql(self):
        """SQL of the kind of a move, see `_get_moves_with_class`."""
        return SQL(
            """
            CASE WHEN is_merge THEN CASE WHEN class_before = 'customer'
                                         THEN 'merged' END
                 WHEN is_baseline THEN
                      CASE WHEN class_after = 'customer'
                            AND class_before IS DISTINCT FROM 'customer'
                           THEN 'known' END
                 WHEN to_class = 'customer' THEN
                      CASE WHEN class_before = 'customer' THEN NULL
                           -- without a purchase the customer only climbs back
                           WHEN class_before = 'gone' AND is_carried
                            AND from_class = 'before'
                            AND (purchase_date > baseline_date) IS NOT TRUE
                           THEN 'known'
                           WHEN class_before = 'gone' THEN 'reactivated'
                           ELSE 'new' END
                 WHEN class_before = 'customer'
                  AND (from_class = 'customer'
                       OR to_class = 'gone' AND from_class <> 'gone')
                 THEN 'churned' END
            """
        )

    @api.model
    def _get_moves_with_class(self, condition):
        """SQL of moves, with the class of the customer before and after each of them.

        The classes are ``customer``, ``gone`` and ``before``. A move gives a customer
        the class of the stage. A baseline move does not: a customer whom an activation
        or a switch places in another stage keeps the class, also over moves that only
        lead back. It ends (``is_end``) with a move into a stage of customers, out of
        one, or to a lost one.
        """
        return SQL(
            """
            SELECT *,
                   CASE WHEN is_baseline OR LAG(is_kept) OVER mine
                        THEN COALESCE(LAG(class_after) OVER mine, from_class)
                        ELSE from_class END AS class_before,
                   LAG(is_kept) OVER mine AS is_carried
              FROM (SELECT *,
                           FIRST_VALUE(class) OVER (
                               PARTITION BY profile_id, life, class_number
                               ORDER BY date, id) AS class_after
                      FROM (SELECT *, COUNT(class) OVER mine AS class_number
                              FROM (%(kept)s) AS k
                            WINDOW mine AS (
                                   PARTITION BY profile_id, life ORDER BY date, id)
                           ) AS n
                   ) AS t
            WINDOW mine AS (PARTITION BY profile_id, life ORDER BY date, id)
            """,
            kept=self._get_kept_classes(condition),
        )

    @api.model
    def _get_kept_classes(self, condition):
        """SQL of moves, with ``class``, NULL if the customer keeps the one before."""
        return SQL(
            """
            SELECT *,
                   CASE WHEN is_baseline AND to_class = 'customer' THEN to_class
                        WHEN is_baseline AND from_stage_id IS NULL THEN
                             CASE WHEN customer_date IS NOT NULL AND to_class = 'before'
                                  THEN 'customer' ELSE to_class END
                        WHEN is_baseline AND is_first THEN from_class
                        WHEN NOT is_kept THEN to_class END AS class
              FROM (SELECT *,
                           baseline_number > 0 AND COUNT(*) FILTER (WHERE is_end) OVER (
                               PARTITION BY profile_id, life, baseline_number
                               ORDER BY date, id) = 0 AS is_kept
                      FROM (SELECT *,
                                   COUNT(*) FILTER (WHERE is_baseline) OVER mine
                                       AS baseline_number,
                                   MAX(date) FILTER (WHERE is_baseline) OVER mine
                                       AS baseline_date,
                                   ROW_NUMBER() OVER mine = 1 AS is_first,
                                   NOT is_baseline AND (
                                       to_class = 'customer' OR from_class = 'customer'
                                       OR to_class = 'gone'
                                          AND from_class IS DISTINCT FROM 'gone'
                                   ) AS is_end
                              FROM (%(moves)s) AS m
                            WINDOW mine AS (
                                   PARTITION BY profile_id, life ORDER BY date, id)
                           ) AS e
                   ) AS b
            """,
            moves=self._get_classed_moves(condition),
        )

    @api.model
    def _get_classed_moves(self, condition):
        """SQL of the moves of some customers, with the classes of their stages."""
        return SQL(
            """
            SELECT h.id, h.profile_id, h.company_id,
                   COALESCE(t.lifecycle_id, f.lifecycle_id) AS lifecycle_id,
                   h.from_stage_id, h.to_stage_id, h.date, h.customer_date,
                   h.purchase_date, COALESCE(h.merge_id, 0) AS life,
                   h.is_baseline IS TRUE AS is_baseline,
                   h.origin = ANY(%(merges)s) AS is_merge,
                   MIN(h.date) FILTER (WHERE h.merge_id = h.id)
                       OVER (PARTITION BY h.profile_id) AS merge_date,
                   %(from_class)s AS from_class, %(to_class)s AS to_class
              FROM crm_lifecycle_history AS h
         LEFT JOIN crm_lifecycle_stage AS f ON f.id = h.from_stage_id
         LEFT JOIN crm_lifecycle_stage AS t ON t.id = h.to_stage_id
             WHERE h.profile_id IS NOT NULL AND h.is_voided IS NOT TRUE
               AND %(condition)s
            """,
            merges=list(MERGE_ORIGINS),
            from_class=self._get_class_sql(SQL("f")),
            to_class=self._get_class_sql(SQL("t")),
            condition=condition,
        )

    @api.model
    def _get_class_sql(self, stage):
        return SQL(
            "CASE WHEN %(stage)s.category = ANY(%(customers)s) THEN 'customer' "
            "WHEN %(stage)s.category = ANY(%(gone)s) THEN 'gone' "
            "WHEN %(stage)s.id IS NOT NULL THEN 'before' END",
            stage=stage,
            customers=list(CUSTOMERS),
            gone=list(LEFT_CATEGORIES),
        )

    # ------------------------------------------------------------
    # Storing
    # ------------------------------------------------------------

    @api.model
    def _cron_refresh(self):
        """Refresh the stored moves. Trigger again if the mark is not at the end."""
        self._mark_transactions_ended()
        # A new transaction sees all that ended before it began.
        self.env["ir.cron"]._commit_progress(1, remaining=1)
        is_behind = self._refresh()
        self.env["ir.cron"]._commit_progress(1, remaining=0)
        if is_behind:
            self._trigger_refresh(fields.Datetime.now() + RETRY_DELAY)

    @api.model
    def _trigger_refresh(self, at=None):
        # `sudo()`: any user who changes a stage may trigger the job.
        cron = self.env.ref("crm_lifecycle_reports.ir_cron_turn").sudo()
        cron._trigger(at)

    @api.model
    def _mark_transactions_ended(self):
        """Note whether all transactions from the last refresh have ended."""
        self.env["crm.lifecycle.growth.watermark"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_lifecycle_growth_watermark SET is_ended = TRUE
                 WHERE is_ended IS NOT TRUE AND next_moment < (
                       SELECT MIN(xact_start) AT TIME ZONE 'UTC' FROM pg_stat_activity
                        WHERE datname = current_database())
                """
            )
        )
        self.env["crm.lifecycle.growth.watermark"].invalidate_model()

    @api.model
    def _refresh(self):
        """Refresh customers with moves after the mark. Return whether it is behind."""
        self.env.flush_all()
        mark = self.env["crm.lifecycle.growth.watermark"]._get()
        [[last, is_stale]] = self.env.execute_query(
            SQL(
                "SELECT COALESCE((SELECT MAX(id) FROM crm_lifecycle_history), 0), "
                "EXISTS (SELECT FROM crm_lifecycle_growth_stale)"
            )
        )
        if mark.upto == last and not is_stale:
            return False
        condition = self._has_moved_after(mark.upto) if mark.upto else SQL("TRUE")
        count = self._recompute_events(condition)
        # The snapshot of the transaction: marks that came meanwhile stay.
        self.env.cr.execute(SQL("DELETE FROM crm_lifecycle_growth_stale"))
        if mark.is_ended:
            mark.upto = mark.next_id
        mark.write(
            {
                "next_id": last,
                "next_moment": self._get_moment(),
                "is_ended": False,
            }
        )
        _logger.info("Moves that make or lose a customer: %s counted anew", count)
        return mark.upto < last

    @api.model
    def _get_moment(self):
        """Return the current time by the database clock, as in its activity log."""
        [[moment]] = self.env.execute_query(
            SQL("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        )
        return moment

    @api.model
    def _recompute_events(self, condition):
        """Recompute and store the moves of some customers. Return their number.

        :param condition: SQL condition on a move ``h``
        """
        self.env.cr.execute(
            SQL("DELETE FROM crm_lifecycle_growth_event AS h WHERE %s", condition)
        )
        self.env.cr.execute(
            SQL(
                "INSERT INTO crm_lifecycle_growth_event (%s) %s",
                COLUMNS,
                self._get_computed_events(condition),
            )
        )
        count = self.env.cr.rowcount
        self.invalidate_model()
        return count

    @api.model
    def _mark_stale(self, profile_ids):
        """Read the moves of some customers from the history, until they are stored.

        It locks nothing that the job writes.

        :param profile_ids: SQL of the ids of the customers
        """
        self.env.cr.execute(
            SQL("INSERT INTO crm_lifecycle_growth_stale (profile_id) %s", profile_ids)
        )
        self._trigger_refresh()

    @api.model
    def _recompute_all(self):
        """Recompute all moves, after a change of their meaning."""
        self.env["crm.lifecycle.growth.watermark"]._get().write(
            {"upto": 0, "next_id": 0, "is_ended": False}
        )
        self._trigger_refresh()


class CrmLifecycleGrowthStale(models.Model):
    """Customer with a past that was rebuilt: their stored moves do not count."""

    _name = "crm.lifecycle.growth.stale"
    _description = "Customer with a Rebuilt Past"
    _log_access = False

    profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        required=True,
        index=True,
        ondelete="cascade",
    )


class CrmLifecycleGrowthWatermark(models.Model):
    """Last row of the history that the stored moves include. A single record."""

    _name = "crm.lifecycle.growth.watermark"
    _description = "Mark in the Lifecycle History"
    _log_access = False

    upto = fields.Integer(help="Who has not moved after this row is read as kept.")
    next_id = fields.Integer(help="The last row that was there at the last refresh.")
    next_moment = fields.Datetime()
    is_ended = fields.Boolean(
        help="Whether all transactions of that moment are over by now."
    )

    @api.model
    def _get(self):
        # `sudo()`: users have no access rights on the mark.
        Mark = self.sudo()
        return Mark.search([], limit=1) or Mark.create({})
