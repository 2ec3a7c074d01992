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
                   MIN(date) FILTER (WHERE kind = 'new')
                       OVER (PARTITION BY profile_id) AS customer_date,
                   kind = 'new' AND ROW_NUMBER() OVER (
                       PARTITION BY profile_id, kind ORDER BY date, id) = 1 AS is_start
              FROM (SELECT h.id, h.profile_id, h.company_id,
                           COALESCE(t.lifecycle_id, f.lifecycle_id) AS lifecycle_id,
                           h.from_stage_id, h.to_stage_id, h.date,
                           (%(kind)s)::varchar AS kind
                      FROM crm_lifecycle_history AS h
                 LEFT JOIN crm_lifecycle_stage AS f ON f.id = h.from_stage_id
                 LEFT JOIN crm_lifecycle_stage AS t ON t.id = h.to_stage_id
                     WHERE h.profile_id IS NOT NULL AND h.is_voided IS NOT TRUE
                       AND %(condition)s) AS move
             WHERE kind IS NOT NULL
            """,
            kind=self._get_kind_sql(),
            condition=condition,
        )

    @api.model
    def _get_kind_sql(self):
        """SQL of the kind of a move ``h`` from stage ``f`` to stage ``t``."""
        return SQL(
            """
            CASE WHEN h.origin = ANY(%(merges)s) THEN
                      CASE WHEN f.category = ANY(%(customers)s) THEN 'merged' END
                 WHEN t.category = ANY(%(customers)s) THEN
                      CASE WHEN f.category = ANY(%(gone)s) THEN 'reactivated'
                           WHEN f.category = ANY(%(customers)s) THEN NULL
                           ELSE 'new' END
                 WHEN f.category = ANY(%(customers)s) THEN 'churned' END
            """,
            merges=list(MERGE_ORIGINS),
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
