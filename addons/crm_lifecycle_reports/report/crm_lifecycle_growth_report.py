from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine.statements import is_counted

from ..models.crm_lifecycle_history import IS_ENTRY
from .crm_lifecycle_cohort_mixin import Anchor, Measure


class CrmLifecycleGrowthReport(models.Model):
    """Customers won, won back and lost, by the stages they moved between.

    A customer is in a stage of the categories customer, loyal or at risk. Entering
    these from earlier stages is *new*, from lost or ended is *reactivated*, and leaving
    them is *churned*. Merging two customers removes one. So the sum of *net* up to a
    day is the number of customers on it.

    First contacts are rows too, with a net of 0: they are the size of cohorts by first
    contact.

    Worked example: first seen in January, customer in February, lost in May, back in
    June. Rows: contact 0 (January), new +1, churned -1, reactivated +1.
    """

    _name = "crm.lifecycle.growth.report"
    _inherit = ["crm.lifecycle.report.mixin", "crm.lifecycle.cohort.mixin"]
    _description = "Customer Growth"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "profile_id"
    _depends = {
        "crm.lifecycle.history": [
            "profile_id",
            "company_id",
            "from_stage_id",
            "to_stage_id",
            "date",
            "origin",
            "is_voided",
        ],
        "crm.lifecycle.profile": ["company_id", "user_id", "first_seen_date"],
        "crm.lifecycle.stage": ["lifecycle_id", "category"],
        "crm.lifecycle.growth.event": ["profile_id", "kind", "customer_date"],
    }

    lifecycle_id = fields.Many2one(comodel_name="crm.lifecycle", readonly=True)
    from_stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage", string="From", readonly=True
    )
    to_stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage", string="To", readonly=True
    )
    date = fields.Date(readonly=True)
    kind = fields.Selection(
        selection=[
            ("contact", "First contact"),
            ("new", "New"),
            ("known", "Already a customer"),
            ("reactivated", "Reactivated"),
            ("churned", "Churned"),
            ("merged", "Merged"),
            ("entry", "Stage entered"),
        ],
        string="Event",
        readonly=True,
    )
    first_seen_date = fields.Date(string="First contact", readonly=True)
    customer_date = fields.Date(string="Customer since", readonly=True)
    entry_date = fields.Date(string="Entered the stage on", readonly=True)
    contact_count = fields.Integer(
        string="First contacts", readonly=True, aggregator="sum"
    )
    new_count = fields.Integer(string="New", readonly=True, aggregator="sum")
    reactivated_count = fields.Integer(
        string="Reactivated", readonly=True, aggregator="sum"
    )
    churned_count = fields.Integer(string="Churned", readonly=True, aggregator="sum")
    net = fields.Integer(
        string="Net growth",
        readonly=True,
        aggregator="sum",
        help="New and reactivated less churned. Added up from the beginning, it is "
        "the number of customers.",
    )
    started_count = fields.Integer(
        string="First time customers", readonly=True, aggregator="sum"
    )
    entry_count = fields.Integer(
        string="First entries", readonly=True, aggregator="sum"
    )

    # ------------------------------------------------------------
    # Rows
    # ------------------------------------------------------------

    @property
    def _table_query(self):
        stage_id = self.env.context.get("lifecycle_cohort_stage_id")
        events = self.env["crm.lifecycle.growth.event"]._get_growth_events()
        events = [self._get_moves(events), self._get_contacts(events)]
        if stage_id:
            events.append(self._get_entries(stage_id))
        return SQL(
            """
            SELECT e.id, e.profile_id, e.company_id, %(customer)s,
                   e.lifecycle_id, e.from_stage_id, e.to_stage_id, e.date, e.kind,
                   p.first_seen_date, e.customer_date, %(entry_date)s AS entry_date,
                   (e.kind = 'contact')::int AS contact_count,
                   (e.kind = 'new')::int AS new_count,
                   (e.kind = 'reactivated')::int AS reactivated_count,
                   (e.kind = 'churned')::int AS churned_count,
                   CASE WHEN e.kind IN ('new', 'known', 'reactivated') THEN 1
                        WHEN e.kind IN ('churned', 'merged') THEN -1
                        ELSE 0 END AS net,
                   e.is_start::int AS started_count,
                   (e.kind = 'entry')::int AS entry_count
              FROM (%(events)s) AS e
         LEFT JOIN crm_lifecycle_profile AS p ON p.id = e.profile_id
              %(entries)s
              %(joins)s
             WHERE e.date IS NOT NULL AND %(is_counted)s
            """,
            is_counted=is_counted(SQL("e.profile_id")),
            customer=self._get_customer_columns(),
            joins=self._get_customer_joins(),
            events=SQL(" UNION ALL ").join(events),
            entry_date=SQL("n.date") if stage_id else SQL("NULL::date"),
            entries=SQL(
                "LEFT JOIN (%s) AS n ON n.profile_id = e.profile_id",
                self._get_entries(stage_id),
            )
            if stage_id
            else SQL(),
        )

    @api.model
    def _get_moves(self, events):
        """SQL of the moves that make or lose a customer."""
        return SQL(
            """
            SELECT m.id::bigint * 4 AS id, m.profile_id, m.company_id, m.lifecycle_id,
                   m.from_stage_id, m.to_stage_id, m.date, m.kind, m.customer_date,
                   m.is_start
              FROM (%s) AS m
            """,
            events,
        )

    @api.model
    def _get_contacts(self, events):
        """SQL of the first contacts, in the same columns.

        Reads one table, with the same types and no conditions of its own, so that the
        planner skips it if only other kinds are requested.
        """
        return SQL(
            """
            SELECT o.id::bigint * 4 + 1, o.id, o.company_id, o.lifecycle_id,
                   NULL::int, NULL::int, o.first_seen_date, 'contact'::varchar,
                   (SELECT MIN(m.customer_date) FROM (%s) AS m
                     WHERE m.is_start AND m.profile_id = o.id),
                   FALSE
              FROM crm_lifecycle_profile AS o
            """,
            events,
        )

    @api.model
    def _get_entries(self, stage_id):
        """SQL of the first entry of each customer into a stage, in the same columns.

        An index-only scan, see `crm_lifecycle_history.py`.
        """
        return SQL(
            """
            (SELECT DISTINCT ON (h.profile_id)
                    h.profile_id::bigint * 4 + 2 AS id, h.profile_id, h.company_id,
                    (SELECT s.lifecycle_id FROM crm_lifecycle_stage AS s
                      WHERE s.id = %(stage)s) AS lifecycle_id,
                    NULL::int AS from_stage_id, %(stage)s::int AS to_stage_id, h.date,
                    'entry'::varchar AS kind, NULL::date AS customer_date,
                    FALSE AS is_start
               FROM crm_lifecycle_history AS h
              WHERE h.to_stage_id = %(stage)s AND %(is_entry)s
              ORDER BY h.profile_id, h.date)
            """,
            stage=int(stage_id),
            is_entry=SQL(IS_ENTRY),
        )

    # ------------------------------------------------------------
    # Cohorts
    # ------------------------------------------------------------

    @api.model
    def _get_cohort_anchors(self):
        return [
            Anchor(
                "customer",
                self.env._("First time customer"),
                "customer_date",
                "started_count:sum",
            ),
            Anchor(
                "contact",
                self.env._("First contact"),
                "first_seen_date",
                "contact_count:sum",
            ),
            Anchor("stage", self.env._("Stage entry"), "entry_date", "entry_count:sum"),
        ]

    @api.model
    def _get_cohort_measures(self):
        return [
            Measure("customers", self.env._("Still customers"), "net:sum", True),
            Measure("churned", self.env._("Churned"), "churned_count:sum", False),
            Measure(
                "reactivated",
                self.env._("Reactivated"),
                "reactivated_count:sum",
                False,
            ),
        ]

    @api.model
    def _get_cohort_stages(self):
        """Return the stages of active lifecycles, in order."""
        Lifecycle = self.env["crm.lifecycle"]
        return self.env["crm.lifecycle.stage"].search(
            Domain("lifecycle_id.state", "=", "active")
            & Lifecycle._get_serving_domain(self.env.companies, "lifecycle_id")
        )

    @api.model
    def _get_cohort_row_domain(self, anchor):
        """Leave out rows that neither start such a cohort nor change a total."""
        others = {"customer": ["contact", "entry"], "contact": ["entry"]}
        return Domain("kind", "not in", others.get(anchor.key, ["contact"]))

    @api.model
    def _get_cohort_event_domain(self, measure):
        return super()._get_cohort_event_domain(measure) & Domain(
            "kind", "=", measure.key
        )
