from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine.statements import is_counted
from odoo.addons.crm_lifecycle.fields import NullableInteger
from odoo.addons.crm_lifecycle.models.crm_lifecycle_stage import CATEGORIES

from ..models.crm_lifecycle_history import MERGE_ORIGINS
from .crm_lifecycle_report_mixin import LADDER, LEFT_CATEGORIES

# Ranges of the distribution by number of days. The code is the first day; it sorts
# them.
DAYS_RANGES = [
    ("000", "On the same day"),
    ("001", "1 to 7 days"),
    ("008", "8 to 30 days"),
    ("031", "31 to 90 days"),
    ("091", "91 to 180 days"),
    ("181", "181 to 365 days"),
    ("366", "More than a year"),
]


class CrmLifecycleStageReport(models.Model):
    """Visits to stages: start, duration and next stage.

    One row for each stay of a customer in a stage. The move out of the stage stores the
    number of days, so the day of entry follows from the same row, without pairing
    moves. Open stays are read from the customers. Entries by period, the funnel, the
    matrix of transitions and the time in stages are groupings of the same rows.

    Worked example: a customer entered Prospect on March 1, went to Customer on March 11
    and was lost on May 10. Three rows: Prospect, 10 days, up, to Customer; Customer, 60
    days, lost, to Lost; Lost, no days yet, still open.
    """

    _name = "crm.lifecycle.stage.report"
    _inherit = ["crm.lifecycle.report.mixin"]
    _description = "Visits to Stages"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "stage_id"
    _depends = {
        "crm.lifecycle.history": [
            "profile_id",
            "company_id",
            "from_stage_id",
            "to_stage_id",
            "date",
            "days_in_from_stage",
            "origin",
            "is_voided",
        ],
        "crm.lifecycle.profile": [
            "partner_id",
            "lead_id",
            "company_id",
            "user_id",
            "stage_id",
            "stage_date",
        ],
        "crm.lifecycle.stage": ["lifecycle_id", "category", "sequence"],
    }
    _percentiles = {
        "days_q1": ("days", 0.25),
        "days_median": ("days", 0.5),
        "days_q3": ("days", 0.75),
    }

    lifecycle_id = fields.Many2one(comodel_name="crm.lifecycle", readonly=True)
    stage_id = fields.Many2one(comodel_name="crm.lifecycle.stage", readonly=True)
    stage_category = fields.Selection(
        selection=CATEGORIES, string="Category", readonly=True
    )
    next_stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage", string="Next stage", readonly=True
    )
    next_category = fields.Selection(selection=CATEGORIES, readonly=True)
    date = fields.Date(string="Entered on", readonly=True)
    date_exited = fields.Date(string="Left on", readonly=True)
    outcome = fields.Selection(
        selection=[
            ("open", "In it now"),
            ("up", "Moved up"),
            ("down", "Moved down"),
            ("risk", "At risk"),
            ("lost", "Lost"),
            ("back", "Came back"),
            ("merged", "Merged"),
            ("out", "Left the lifecycle"),
        ],
        readonly=True,
        help="Where the visit led. Up and down are along the ladder from prospect to "
        "loyal; who returns to the ladder from beside it has come back.",
    )
    days = NullableInteger(
        string="Days (average)",
        readonly=True,
        aggregator="avg",
        help="Days of the visit; empty while it goes on.",
    )
    days_q1 = fields.Float(
        string="Days (first quartile)",
        readonly=True,
        aggregator="avg",
        help="A quarter of the finished visits took no longer.",
    )
    days_median = fields.Float(
        string="Days (median)",
        readonly=True,
        aggregator="avg",
        help="Half of the finished visits took no longer.",
    )
    days_q3 = fields.Float(
        string="Days (third quartile)",
        readonly=True,
        aggregator="avg",
        help="Three quarters of the finished visits took no longer.",
    )
    days_range = fields.Selection(
        selection=DAYS_RANGES,
        string="Duration",
        readonly=True,
        help="For distributions.",
    )
    entry_count = fields.Integer(string="Entries", readonly=True, aggregator="sum")
    open_count = fields.Integer(string="In it now", readonly=True, aggregator="sum")
    up_rate = fields.Float(
        string="Moved up (share)",
        readonly=True,
        aggregator="avg",
        help="Conversion: of all who entered the stage, the share whose next stage "
        "was higher on the ladder.",
    )
    risk_rate = fields.Float(string="At risk (share)", readonly=True, aggregator="avg")
    lost_rate = fields.Float(string="Lost (share)", readonly=True, aggregator="avg")
    back_rate = fields.Float(
        string="Came back (share)", readonly=True, aggregator="avg"
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT v.id, v.profile_id, v.company_id, %(customer)s,
                   s.lifecycle_id, v.stage_id, s.category AS stage_category,
                   v.next_stage_id, n.category AS next_category,
                   v.date, v.date_exited, v.outcome,
                   v.days, v.days AS days_q1, v.days AS days_median, v.days AS days_q3,
                   %(range)s AS days_range, 1 AS entry_count,
                   (v.outcome = 'open')::int AS open_count,
                   (v.outcome = 'up')::int AS up_rate,
                   (v.outcome = 'risk')::int AS risk_rate,
                   (v.outcome = 'lost')::int AS lost_rate,
                   (v.outcome = 'back')::int AS back_rate
              FROM (%(finished)s UNION ALL %(open)s) AS v
         LEFT JOIN crm_lifecycle_stage AS s ON s.id = v.stage_id
         LEFT JOIN crm_lifecycle_stage AS n ON n.id = v.next_stage_id
         LEFT JOIN crm_lifecycle_profile AS p ON p.id = v.profile_id
              %(joins)s
             WHERE %(is_counted)s
            """,
            is_counted=is_counted(SQL("v.profile_id")),
            customer=self._get_customer_columns(),
            joins=self._get_customer_joins(),
            range=self._get_range_sql(),
            finished=self._get_past_entries(),
            open=self._get_current_entries(),
        )

    @api.model
    def _get_range_sql(self):
        """SQL of the range of days of visit ``v``."""
        return SQL(
            "CASE %s END",
            SQL(" ").join(
                SQL("WHEN v.days >= %s THEN %s", int(code), code)
                for code, _label in reversed(DAYS_RANGES)
            ),
        )

    @api.model
    def _get_past_entries(self):
        """SQL of ended visits. Merging profiles in the same stage ends none."""
        return SQL(
            """
            SELECT h.id::bigint * 2 AS id, h.profile_id, h.company_id,
                   h.from_stage_id AS stage_id, h.to_stage_id AS next_stage_id,
                   h.date - COALESCE(h.days_in_from_stage, 0) AS date,
                   h.date AS date_exited,
                   COALESCE(h.days_in_from_stage, 0) AS days,
                   CASE WHEN h.origin = ANY(%(merges)s) THEN 'merged'
                        WHEN h.to_stage_id IS NULL OR h.is_baseline THEN 'out'
                        ELSE way.outcome END AS outcome
              FROM crm_lifecycle_history AS h
         LEFT JOIN (%(outcomes)s) AS way
                ON way.from_id = h.from_stage_id AND way.to_id = h.to_stage_id
         LEFT JOIN crm_lifecycle_stage AS f ON f.id = h.from_stage_id
             WHERE h.profile_id IS NOT NULL AND h.from_stage_id IS NOT NULL
               AND h.is_voided IS NOT TRUE
               AND h.from_stage_id IS DISTINCT FROM h.to_stage_id
               -- stages on the way of a placement are no visits
               AND (h.is_baseline AND f.lifecycle_id = h.lifecycle_id
                    AND COALESCE(h.days_in_from_stage, 0) = 0) IS NOT TRUE
            """,
            merges=list(MERGE_ORIGINS),
            outcomes=self._get_outcomes(),
        )

    @api.model
    def _get_outcomes(self):
        """SQL of the outcome of each transition between two stages.

        One row per pair (`DISTINCT ON`), so that the planner removes the join if the
        outcome is not needed.
        """
        return SQL(
            """
            SELECT DISTINCT ON (f.id, t.id) f.id AS from_id, t.id AS to_id,
                   CASE WHEN t.category = ANY(%(gone)s) THEN 'lost'
                        WHEN t.category = 'at_risk' THEN 'risk'
                        WHEN f.category <> ALL(%(ladder)s) THEN 'back'
                        WHEN f.lifecycle_id <> t.lifecycle_id THEN 'out'
                        WHEN (t.sequence, t.id) > (f.sequence, f.id) THEN 'up'
                        ELSE 'down' END AS outcome
              FROM crm_lifecycle_stage AS f
        CROSS JOIN crm_lifecycle_stage AS t
            """,
            gone=list(LEFT_CATEGORIES),
            ladder=list(LADDER),
        )

    @api.model
    def _get_current_entries(self):
        """SQL of the open visits, in the same columns."""
        return SQL(
            """
            SELECT o.id::bigint * 2 + 1, o.id, o.company_id, o.stage_id, NULL,
                   o.stage_date, NULL, NULL, 'open'
              FROM crm_lifecycle_profile AS o
             WHERE o.stage_id IS NOT NULL AND o.stage_date IS NOT NULL
            """
        )

    @api.model
    def _search(self, domain, *args, **kwargs):
        """Search entries since a day only among visits that end on or after it.

        The date of the move out has an index. The date of entry is computed.
        """
        domain = Domain(domain).map_conditions(self._add_exit_condition)
        return super()._search(domain, *args, **kwargs)

    @api.model
    def _add_exit_condition(self, condition):
        if condition.field_expr != "date" or condition.operator not in (">", ">="):
            return condition
        still = Domain("date_exited", "=", False)
        return condition & (Domain("date_exited", ">=", condition.value) | still)

    # ------------------------------------------------------------
    # Flow
    # ------------------------------------------------------------

    @api.model
    @api.readonly
    def get_lifecycle_flow(self, domain):
        """Return the stages and the flows between them, for the visits of a domain.

        ``{"stages": [{"id", "name", "category"}], "flows": [{"from", "to", "count"}]}``
        with ``to`` False for customers who are still there (``open``) or have left.
        """
        groups = self._read_group(
            Domain(domain) & Domain("outcome", "!=", "merged"),
            ["stage_id", "next_stage_id", "outcome"],
            ["__count"],
        )
        flows = {}
        stages = self.env["crm.lifecycle.stage"]
        for stage, next_stage, outcome, count in groups:
            stages |= stage | next_stage
            key = (stage.id, next_stage.id, not next_stage and outcome == "open")
            flows[key] = flows.get(key, 0) + count
        return {
            "stages": [
                {"id": stage.id, "name": stage.name, "category": stage.category}
                for stage in stages.sorted()
            ],
            "flows": [
                {"from": left, "to": to, "is_open": is_open, "count": count}
                for (left, to, is_open), count in flows.items()
            ],
        }

    @api.model
    def get_lifecycle_flow_action(self, domain, stage_id, next_stage_id=None):
        """Return the action that shows the customers of a flow or stage.

        ``next_stage_id`` is None for all entries into the stage, False for open visits.
        """
        domain = Domain(domain) & Domain("outcome", "!=", "merged")
        stage = self.env["crm.lifecycle.stage"].browse(stage_id)
        title = stage.name
        if stage_id:
            domain &= Domain("stage_id", "=", stage_id)
        if next_stage_id is not None:
            domain &= Domain("next_stage_id", "=", next_stage_id)
            target = self.env["crm.lifecycle.stage"].browse(next_stage_id or [])
            title = f"{stage.name or ''} → {target.name or self.env._('in it now')}"
        return self._get_cell_action(title, domain)
