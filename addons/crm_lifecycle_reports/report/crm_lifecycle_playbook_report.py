from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine.statements import is_counted

# Days within which a move after the step is counted.
WINDOWS = (7, 30, 90)


class CrmLifecyclePlaybookReport(models.Model):
    """Results of playbook steps, and the moves that followed.

    A customer has moved on when they leave the stage that the step belongs to. Days are
    counted from the day of the step in UTC.
    """

    _name = "crm.lifecycle.playbook.report"
    _inherit = ["crm.lifecycle.report.mixin"]
    _description = "Results of Playbooks"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "name"
    _depends = {
        "crm.lifecycle.playbook.log": [
            "history_id",
            "profile_id",
            "company_id",
            "stage_id",
            "kind",
            "name",
            "state",
            "date",
        ],
        "crm.lifecycle.history": ["profile_id", "from_stage_id", "to_stage_id", "date"],
        "crm.lifecycle.profile": ["user_id"],
        "crm.lifecycle.stage": ["lifecycle_id"],
    }
    _percentiles = {"days_median": ("days", 0.5)}

    lifecycle_id = fields.Many2one(comodel_name="crm.lifecycle", readonly=True)
    stage_id = fields.Many2one(comodel_name="crm.lifecycle.stage", readonly=True)
    next_stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage", string="Next stage", readonly=True
    )
    name = fields.Char(string="Step", readonly=True)
    kind = fields.Selection(
        selection=lambda self: (
            self.env["crm.lifecycle.playbook.log"]
            ._fields["kind"]
            ._description_selection(self.env)
        ),
        readonly=True,
    )
    state = fields.Selection(
        selection=lambda self: (
            self.env["crm.lifecycle.playbook.log"]
            ._fields["state"]
            ._description_selection(self.env)
        ),
        readonly=True,
    )
    date = fields.Date(readonly=True)
    done_count = fields.Integer(string="Done", readonly=True, aggregator="sum")
    skipped_count = fields.Integer(string="Skipped", readonly=True, aggregator="sum")
    failed_count = fields.Integer(string="Failed", readonly=True, aggregator="sum")
    failed_rate = fields.Float(string="Failed (share)", readonly=True, aggregator="avg")
    days = fields.Integer(
        string="Days until moved on (average)", readonly=True, aggregator="avg"
    )
    days_median = fields.Float(
        string="Days until moved on (median)", readonly=True, aggregator="avg"
    )
    moved_7_rate = fields.Float(
        string="Moved on within 7 days", readonly=True, aggregator="avg"
    )
    moved_30_rate = fields.Float(
        string="Moved on within 30 days", readonly=True, aggregator="avg"
    )
    moved_90_rate = fields.Float(
        string="Moved on within 90 days", readonly=True, aggregator="avg"
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT x.id, x.profile_id, x.company_id, %(customer)s,
                   s.lifecycle_id, x.stage_id, o.to_stage_id AS next_stage_id,
                   x.name, x.kind, x.state, x.date::date AS date,
                   (x.state = 'done')::int AS done_count,
                   (x.state = 'skipped')::int AS skipped_count,
                   (x.state = 'failed')::int AS failed_count,
                   (x.state = 'failed')::int AS failed_rate,
                   o.days, o.days AS days_median, %(windows)s
              FROM crm_lifecycle_playbook_log AS x
         LEFT JOIN crm_lifecycle_stage AS s ON s.id = x.stage_id
         LEFT JOIN crm_lifecycle_profile AS p ON p.id = x.profile_id
         LEFT JOIN LATERAL (
                   SELECT h.to_stage_id, GREATEST(h.date - x.date::date, 0) AS days
                     FROM crm_lifecycle_history AS h
                    WHERE h.profile_id = x.profile_id AND h.id > x.history_id
                      AND h.origin <> 'replay' AND h.id IS DISTINCT FROM h.merge_id
                      AND h.merge_id IS NOT DISTINCT FROM (
                          SELECT merge_id FROM crm_lifecycle_history
                           WHERE id = x.history_id)
                      AND h.from_stage_id = x.stage_id AND h.is_voided IS NOT TRUE
                      AND h.to_stage_id IS DISTINCT FROM x.stage_id
                    ORDER BY h.id
                    LIMIT 1
                   ) AS o ON TRUE
              %(joins)s
             WHERE x.profile_id IS NOT NULL AND %(is_counted)s
            """,
            is_counted=is_counted(SQL("x.profile_id")),
            customer=self._get_customer_columns(),
            joins=self._get_customer_joins(),
            windows=SQL(", ").join(
                SQL(
                    "COALESCE((o.days <= %s)::int, 0) AS %s",
                    days,
                    SQL.identifier(f"moved_{days}_rate"),
                )
                for days in WINDOWS
            ),
        )
