"""Moves of customers in a period, for documents and emails."""

from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_lifecycle_reports.report.crm_lifecycle_growth_mixin import (
    ACTIVE,
    FLOWS,
)
from odoo.addons.crm_lifecycle_reports.report.crm_lifecycle_report_mixin import (
    CUSTOMERS,
    LEFT_CATEGORIES,
)

from ..engine import periods

# Rows of the lists of winners and losses, months of the growth and the cohorts.
LISTED, MONTHS = 15, 12


class CrmLifecyclePeriod(models.AbstractModel):
    """Figures of a period for the customers that the user may read.

    Everything comes from the history: where a customer stood on a day is told by
    their last move up to it. What a move counts as: `crm.lifecycle.growth.mixin`.

        customers before + new + reactivated - churned + otherwise = customers after

    *Otherwise* are customers who turned out to be one, and those who came from another
    lifecycle or went to one.
    """

    _name = "crm.lifecycle.period"
    _inherit = "crm.lifecycle.growth.mixin"
    _description = "Lifecycle of a Period"

    @api.model
    def _get_figures(self, lifecycle, date_from, date_to, domain=()):
        """Return the figures of a period and of the previous one.

        :param domain: condition on customers, in addition to the lifecycle's company
            and record rules
        """
        previous = periods.get_previous_period(date_from, date_to)
        moves = self._get_moves(lifecycle, domain)
        days = [date_to, date_from - timedelta(days=1), previous[0] - timedelta(days=1)]
        standing = self._get_stage_counts(moves, days)
        months = periods.months_until(date_to, MONTHS)
        flows = self._get_flows(moves, min(previous[0], months[0]), date_to)
        ways = self._get_transitions(moves, date_from, date_to)
        winners, losses = self._get_wins_and_losses(moves, date_from, date_to)
        return {
            "date_from": date_from,
            "date_to": date_to,
            "previous": previous,
            "stages": self._get_stage_changes(lifecycle, standing, ways),
            "ways": ways,
            "key": self._sum_flows(flows, date_from, date_to),
            "key_previous": self._sum_flows(flows, *previous),
            "customers": [self._count_customers(lifecycle, day) for day in standing],
            "months": months,
            "growth": self._get_growth(flows, months, date_to),
            "cohorts": self._get_cohorts(moves, months, date_to),
            "winners": winners,
            "losses": losses,
        }

    # ------------------------------------------------------------
    # Moves
    # ------------------------------------------------------------

    @api.model
    def _get_moves(self, lifecycle, domain):
        """SQL of the moves of one lifecycle that the user may read.

        Columns: profile_id, id, date, from_id and to_id (empty for a stage of another
        lifecycle), from_category, to_category, is_merge, and is_mine: whether the move
        counts here, and not in the lifecycle that the customer went to.
        """
        Profile = self.env["crm.lifecycle.profile"].with_context(active_test=False)
        query = self.env["crm.lifecycle.history"]._search(
            Domain("profile_id", "in", Profile._search(Domain(domain)))
        )
        return self._get_known_moves(query, lifecycle)

    @api.model
    def _get_stage_counts(self, moves, days):
        """Return ``[{stage id: number of customers}]`` at the end of each day."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH move AS MATERIALIZED (%(moves)s)
                SELECT day.number, stood.to_id, COUNT(*)
                  FROM unnest(%(days)s::date[]) WITH ORDINALITY AS day (day, number)
                 CROSS JOIN LATERAL (
                       SELECT DISTINCT ON (profile_id) to_id
                         FROM move
                        -- a baseline move says where the customer was before, too
                        WHERE date <= day.day OR (is_baseline AND to_id IS NOT NULL)
                        ORDER BY profile_id, date <= day.day DESC, is_merged,
                                 CASE WHEN date <= day.day THEN date END DESC,
                                 CASE WHEN date <= day.day THEN id END DESC,
                                 date, id
                       ) AS stood
                 WHERE stood.to_id IS NOT NULL
                 GROUP BY day.number, stood.to_id
                """,
                moves=moves,
                days=list(days),
            )
        )
        standing = [{} for _day in days]
        for number, stage_id, count in rows:
            standing[number - 1][stage_id] = count
        return standing

    @api.model
    def _get_transitions(self, moves, date_from, date_to):
        """Return ``{(from stage id, to stage id): number of moves}`` of a period."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT from_id, to_id, COUNT(*) FROM (%s) AS move
                 WHERE date BETWEEN %s AND %s AND from_id IS DISTINCT FROM to_id
                   AND NOT (is_baseline AND to_id IS NOT NULL)
                 GROUP BY from_id, to_id
                """,
                moves,
                date_from,
                date_to,
            )
        )
        return {(origin, target): count for origin, target, count in rows}

    @api.model
    def _get_stage_changes(self, lifecycle, standing, ways):
        """Return the changes of each stage, in the order of the lifecycle."""
        after, before = standing[0], standing[1]
        total = sum(after.values())
        stages = []
        for stage in lifecycle.stage_ids.sorted(lambda s: (s.sequence, s.id)):
            entered = sum(n for (_o, target), n in ways.items() if target == stage.id)
            left = sum(n for (origin, _t), n in ways.items() if origin == stage.id)
            count = after.get(stage.id, 0)
            stages.append(
                {
                    "stage": stage,
                    "before": before.get(stage.id, 0),
                    "in": entered,
                    "out": left,
                    "after": count,
                    "share": count / total if total else 0,
                }
            )
        return stages

    @api.model
    def _count_customers(self, lifecycle, standing):
        stages = lifecycle.stage_ids.filtered(lambda s: s.category in CUSTOMERS)
        return sum(standing.get(stage.id, 0) for stage in stages)

    # ------------------------------------------------------------
    # Growth
    # ------------------------------------------------------------

    @api.model
    def _get_flows(self, moves, date_from, date_to):
        """Return ``{(day, flow): number of moves}`` per day, with a flow of `FLOWS`."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT date, what, COUNT(*)
                  FROM (%(moves)s) AS move, unnest(ARRAY[%(kind)s, %(risk)s]) AS what
                 WHERE date BETWEEN %(date_from)s AND %(date_to)s
                   AND is_mine AND what IS NOT NULL
                 GROUP BY date, what
                """,
                moves=moves,
                kind=self._get_growth_flow(),
                risk=self._get_risk_flow(),
                date_from=date_from,
                date_to=date_to,
            )
        )
        return {(day, what): count for day, what, count in rows}

    @api.model
    def _sum_flows(self, flows, date_from, date_to):
        """Return ``{flow: number of moves}`` of a range of days."""
        sums = dict.fromkeys(FLOWS, 0)
        for (day, what), count in flows.items():
            if date_from <= day <= date_to:
                sums[what] += count
        return sums

    @api.model
    def _get_growth(self, flows, months, date_to):
        """Return the flows of each month, the last one up to a day."""
        growth = []
        for month in months:
            end = min(month + relativedelta(months=1, days=-1), date_to)
            sums = self._sum_flows(flows, month, end)
            net = sums["new"] + sums["reactivated"] - sums["churned"]
            growth.append({"month": month, "net": net, **sums})
        return growth

    # ------------------------------------------------------------
    # Cohorts
    # ------------------------------------------------------------

    @api.model
    def _get_cohorts(self, moves, months, date_to):
        """Return retention by the month in which customers were won.

        Each item is ``{"month", "size", "kept"}``. ``kept`` counts the customers who
        were active and not at risk at the end of that month and of each later one.
        """
        rows = self.env.execute_query(
            SQL(
                """
                WITH move AS MATERIALIZED (
                    SELECT *, %(kind)s AS kind, LEAD(date) OVER (
                           PARTITION BY profile_id ORDER BY date, id) AS until
                      FROM (%(moves)s) AS known
                     WHERE date <= %(date_to)s
                ), cohort AS (
                    SELECT profile_id, date_trunc('month', MIN(date))::date AS month
                      FROM move WHERE kind = 'new' AND is_mine GROUP BY profile_id
                    HAVING MIN(date) >= %(first)s
                ), month AS (
                    SELECT m::date AS month, LEAST(
                           (m + interval '1 month - 1 day')::date, %(date_to)s
                           ) AS month_end
                      FROM unnest(%(months)s::date[]) AS m
                )
                SELECT cohort.month, month.month, COUNT(DISTINCT cohort.profile_id),
                       COUNT(DISTINCT move.profile_id)
                  FROM cohort
                  JOIN month ON month.month >= cohort.month
             LEFT JOIN move ON move.profile_id = cohort.profile_id
                   AND move.to_id IS NOT NULL
                   AND move.to_category = ANY(%(active)s)
                   AND move.date <= month.month_end
                   AND (move.until IS NULL OR move.until > month.month_end)
                 GROUP BY 1, 2 ORDER BY 1, 2
                """,
                moves=moves,
                kind=self._get_growth_flow(),
                date_to=date_to,
                first=months[0],
                months=months,
                active=list(ACTIVE),
            )
        )
        cohorts = {month: {"month": month, "size": 0, "kept": []} for month in months}
        for cohort, _month, size, kept in rows:
            cohorts[cohort]["size"] = size
            cohorts[cohort]["kept"].append(kept)
        return list(cohorts.values())

    # ------------------------------------------------------------
    # Gains and losses
    # ------------------------------------------------------------

    @api.model
    def _get_wins_and_losses(self, moves, date_from, date_to):
        """Return the moves by which customers were won, and lost.

        Two recordsets of the history. Won: into *customer* or *loyal* from elsewhere,
        or from *customer* to *loyal*. Lost: out of these to *at risk*, *lost* or
        *ended*. Only the last move of each customer in the period counts, highest
        amounts first.
        """
        amount = self.env["crm.lifecycle.profile"]._get_print_amount()
        worth = SQL.identifier("p", amount) if amount else SQL("NULL::int")
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, is_win FROM (
                    SELECT turn.id, is_win, row_number() OVER (
                           PARTITION BY is_win
                           ORDER BY %(worth)s DESC NULLS LAST, turn.date DESC,
                                    turn.id DESC) AS place
                      FROM (SELECT DISTINCT ON (profile_id) *,
                                   to_category = ANY(%(active)s)
                                   AND from_category <> ALL(%(active)s)
                                   OR to_category = 'loyal'
                                   AND from_category = 'customer' AS is_win
                              FROM (%(moves)s) AS move
                             WHERE date BETWEEN %(date_from)s AND %(date_to)s
                               AND is_mine AND NOT is_merge AND NOT is_baseline
                               AND NOT is_merged
                             ORDER BY profile_id, date DESC, id DESC) AS turn
                      JOIN crm_lifecycle_profile AS p ON p.id = turn.profile_id
                     WHERE is_win OR (to_category = ANY(%(fallen)s)
                                  AND from_category = ANY(%(active)s))
                ) AS ranked WHERE place <= %(listed)s
                 ORDER BY is_win, place
                """,
                worth=worth,
                moves=moves,
                active=list(ACTIVE),
                fallen=["at_risk", *LEFT_CATEGORIES],
                date_from=date_from,
                date_to=date_to,
                listed=LISTED,
            )
        )
        History = self.env["crm.lifecycle.history"]
        winners = History.browse([move for move, is_win in rows if is_win])
        losses = History.browse([move for move, is_win in rows if not is_win])
        return winners, losses
