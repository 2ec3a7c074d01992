from collections.abc import Collection

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..fields import NullableInteger
from .crm_lifecycle_stage import CATEGORIES

# The id of a row encodes its customer and its stage: `profile << STAGE_BITS | stage`.
STAGE_BITS = 20


class CrmLifecycleStageDuration(models.Model):
    """Visits of one customer to one stage: when, how often, how long.

    Computed from the history and the present stages. A visit ends with a move out of
    the stage, which stores its number of days. Passing through on one day is a visit of
    no days.

    Example: entered on March 1, left on March 11, entered again on March 20, and today
    is March 25. Entered: March 20. Exited: March 11. Latest time: 10 days, since the
    present visit isn't over. Cumulative time: 10 days. Days so far: 15.

    Merged profiles may have visits on the same days. A day counts once, even if several
    of them spent it in the stage. If both were in it on the day of the merge, the
    customer has not left.
    """

    _name = "crm.lifecycle.stage.duration"
    _description = "Time in Stage"
    _auto = False
    _order = "profile_id desc, date_first_entered, id"
    _rec_name = "stage_id"
    _depends = {
        "crm.lifecycle.history": [
            "profile_id",
            "from_stage_id",
            "to_stage_id",
            "date",
            "days_in_from_stage",
        ],
        "crm.lifecycle.profile": [
            "partner_id",
            "lead_id",
            "company_id",
            "user_id",
            "stage_id",
            "stage_date",
        ],
        "crm.lifecycle.stage": ["lifecycle_id", "category"],
        "res.company": ["lifecycle_tz"],
    }

    profile_id = fields.Many2one(comodel_name="crm.lifecycle.profile", readonly=True)
    partner_id = fields.Many2one(
        comodel_name="res.partner", string="Customer", readonly=True
    )
    lead_id = fields.Many2one(comodel_name="crm.lead", readonly=True)
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)
    user_id = fields.Many2one(
        comodel_name="res.users", string="Salesperson", readonly=True
    )
    lifecycle_id = fields.Many2one(comodel_name="crm.lifecycle", readonly=True)
    stage_id = fields.Many2one(comodel_name="crm.lifecycle.stage", readonly=True)
    stage_category = fields.Selection(
        selection=CATEGORIES, string="Category", readonly=True
    )
    is_current = fields.Boolean(string="In it now", readonly=True)
    entry_count = fields.Integer(
        string="Visits", readonly=True, help="How often the customer entered the stage."
    )
    date_first_entered = fields.Date(string="First entered", readonly=True)
    date_entered = fields.Date(
        string="Date entered",
        readonly=True,
        help="The day on which the customer entered the stage, the last time.",
    )
    date_exited = fields.Date(
        string="Date exited",
        readonly=True,
        help="The day on which the customer left the stage, the last time. Empty "
        "during a first visit.",
    )
    latest_days = NullableInteger(
        string="Latest time",
        readonly=True,
        aggregator="avg",
        help="Days of the last finished visit. Empty during a first visit; on the "
        "next ones it tells the visit before.",
    )
    cumulative_days = NullableInteger(
        string="Cumulative time",
        readonly=True,
        aggregator="avg",
        help="Days of all finished visits together. Empty during a first visit.",
    )
    total_days = fields.Integer(
        string="Days so far",
        readonly=True,
        aggregator="avg",
        help="Days of all visits together, the present one up to today.",
    )

    @property
    def _table_query(self):
        """Return one row per customer and stage.

        Rows are grouped before the joins, so that a condition on the customer is pushed
        down into the history and uses its index.
        """
        return SQL(
            """
            SELECT (v.profile_id::bigint << %(shift)s) + v.stage_id AS id,
                   v.profile_id, p.partner_id, p.lead_id, p.company_id, p.user_id,
                   s.lifecycle_id, v.stage_id, s.category AS stage_category,
                   p.stage_id IS NOT DISTINCT FROM v.stage_id AS is_current,
                   v.entry_count, v.date_first_entered, v.date_entered,
                   v.date_exited, v.latest_days,
                   CASE WHEN v.date_exited IS NOT NULL THEN COALESCE((
                       SELECT SUM(upper(r) - lower(r)) FROM unnest(v.finished) AS r
                   ), 0)::int END AS cumulative_days,
                   COALESCE((
                       SELECT SUM(upper(r) - lower(r)) FROM unnest(v.spent) AS r
                   ), 0)::int AS total_days
              FROM (
                    SELECT profile_id, stage_id,
                           COUNT(*) FILTER (WHERE NOT goes_on) AS entry_count,
                           MIN(entered) AS date_first_entered,
                           MAX(entered) FILTER (WHERE NOT goes_on) AS date_entered,
                           MAX(exited) FILTER (WHERE NOT goes_on) AS date_exited,
                           (array_agg(days ORDER BY exited DESC, move_id DESC)
                            FILTER (WHERE exited IS NOT NULL AND NOT goes_on)
                           )[1] AS latest_days,
                           range_agg(daterange(entered, exited))
                           FILTER (WHERE exited IS NOT NULL) AS finished,
                           range_agg(daterange(entered, GREATEST(
                               COALESCE(exited, today), entered))) AS spent
                      FROM (%(finished)s UNION ALL %(open)s) AS entry
                     GROUP BY profile_id, stage_id
                   ) AS v
              JOIN crm_lifecycle_profile AS p ON p.id = v.profile_id
              JOIN crm_lifecycle_stage AS s ON s.id = v.stage_id
            """,
            shift=STAGE_BITS,
            finished=self._get_past_entries(),
            open=self._get_current_entries(),
        )

    @api.model
    def _get_past_entries(self):
        """Return the SQL of the finished visits.

        Merging two profiles in the same stage ends no visit.
        """
        return SQL(
            """
            SELECT h.profile_id, h.from_stage_id AS stage_id, h.id AS move_id,
                   h.date - COALESCE(h.days_in_from_stage, 0) AS entered,
                   h.date AS exited, COALESCE(h.days_in_from_stage, 0) AS days,
                   h.from_stage_id IS NOT DISTINCT FROM h.to_stage_id AS goes_on,
                   NULL::date AS today
              FROM crm_lifecycle_history AS h
             WHERE h.profile_id IS NOT NULL AND h.from_stage_id IS NOT NULL
               AND h.is_voided IS NOT TRUE
            """
        )

    @api.model
    def _get_current_entries(self):
        """Return the SQL of the present visits, up to today's date of the company."""
        return SQL(
            """
            SELECT o.id, o.stage_id, NULL, o.stage_date, NULL, NULL, FALSE,
                   (%s::timestamp AT TIME ZONE 'UTC' AT TIME ZONE
                    COALESCE(c.lifecycle_tz, 'UTC'))::date
              FROM crm_lifecycle_profile AS o
              JOIN res_company AS c ON c.id = o.company_id
             WHERE o.stage_id IS NOT NULL AND o.stage_date IS NOT NULL
            """,
            fields.Datetime.now(),
        )

    @api.model
    def _search(self, domain, *args, **kwargs):
        """Search ids by the customer that they encode, which uses an index."""
        domain = Domain(domain).map_conditions(self._add_profile_condition)
        return super()._search(domain, *args, **kwargs)

    @api.model
    def _add_profile_condition(self, condition):
        if condition.field_expr != "id" or condition.operator not in ("=", "in"):
            return condition
        ids = condition.value
        if isinstance(ids, int):
            ids = [ids]
        if not isinstance(ids, Collection):
            return condition
        profiles = {row_id >> STAGE_BITS for row_id in ids if row_id}
        return condition & Domain("profile_id", "in", list(profiles))
