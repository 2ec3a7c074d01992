"""Customer dimensions that all analysis models share.

A report is a query of single events, never of totals, so that record rules limit each
number to rows that the user may read. Customer data is joined by unique keys with `LEFT
JOIN`, so that PostgreSQL removes the joins that a query does not need.
"""

import json

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.storage import raise_work_mem

LADDER = ("prospect", "engaged", "customer", "loyal")
# Categories of customers who are not lost.
CUSTOMERS = ("customer", "loyal", "at_risk")
LEFT_CATEGORIES = ("lost", "ended")


class CrmLifecycleReportMixin(models.AbstractModel):
    """Add customer dimensions to a report, such as salesperson and source."""

    _name = "crm.lifecycle.report.mixin"
    _description = "Customer in Reports"

    # Fields that aggregate to a percentile of another field: ``{name: (measured field,
    # fraction)}``.
    _percentiles = {}

    profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile", string="Customer", readonly=True
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner", string="Contact", readonly=True
    )
    lead_id = fields.Many2one(comodel_name="crm.lead", readonly=True)
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)
    user_id = fields.Many2one(
        comodel_name="res.users", string="Salesperson", readonly=True
    )
    team_id = fields.Many2one(
        comodel_name="crm.team", string="Sales Team", readonly=True
    )
    country_id = fields.Many2one(comodel_name="res.country", readonly=True)
    source_id = fields.Many2one(
        comodel_name="utm.source",
        readonly=True,
        help="That of the customer's first lead which tells one.",
    )
    tag_ids = fields.Many2many(related="profile_id.tag_ids")

    @api.model
    def _get_customer_columns(self):
        """SQL of the customer columns. Extension point: add columns."""
        return SQL(
            """
            p.partner_id, p.lead_id, p.user_id, u.sale_team_id AS team_id,
            COALESCE(c.country_id, l.country_id) AS country_id,
            COALESCE(l.source_id, first_lead.source_id) AS source_id
            """
        )

    @api.model
    def _get_customer_column_names(self, own):
        """Return the customer columns that a report does not define itself."""
        known = self.env["crm.lifecycle.report.mixin"]._fields
        own = {"id", "profile_id", "company_id", *own}
        return [
            name
            for name, field in known.items()
            if field.column_type and field.store and name not in own
        ]

    @api.model
    def _get_customer_joins(self):
        """SQL of the joins that the customer columns need, for a profile ``p``.

        Each adds at most one row, in a way that the planner can prove.
        """
        return SQL(
            """
            LEFT JOIN res_users AS u ON u.id = p.user_id
            LEFT JOIN res_partner AS c ON c.id = p.partner_id
            LEFT JOIN crm_lead AS l ON l.id = p.lead_id
            LEFT JOIN (
                SELECT DISTINCT ON (k.id) k.id AS profile_id, m.source_id
                  FROM crm_lead AS m
                  JOIN res_partner AS e ON e.id = m.partner_id
                  JOIN crm_lifecycle_profile AS k
                    ON k.partner_id = e.commercial_partner_id
                   AND k.company_id = COALESCE(m.company_id, k.company_id)
                 WHERE m.source_id IS NOT NULL
                 ORDER BY k.id, m.create_date, m.id
            ) AS first_lead ON first_lead.profile_id = p.id
            """
        )

    def _read_group_select(self, aggregate_spec, query):
        """Compute the percentiles separately at each level of a pivot."""
        name, _colon, function = aggregate_spec.partition(":")
        if function != "avg" or name not in self._percentiles:
            return super()._read_group_select(aggregate_spec, query)
        # Percentiles sort all measured values.
        raise_work_mem(self.env.cr)
        measured, fraction = self._percentiles[name]
        return SQL(
            "PERCENTILE_CONT(%s) WITHIN GROUP (ORDER BY %s)",
            fraction,
            self._field_to_sql(self._table, measured, query),
        )

    @api.model
    def _get_cell_action(self, title, domain, having=None):
        """Return the action that shows the customers of some rows.

        :param having: name of a measure with a positive sum per customer
        """
        question = {
            "model": self._name,
            "domain": json.loads(json.dumps(list(domain), default=str)),
            "stage_id": self.env.context.get("lifecycle_cohort_stage_id") or False,
            "having": having,
        }
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "crm.lifecycle.profile",
            "view_mode": "list,kanban,form",
            "views": [[False, "list"], [False, "kanban"], [False, "form"]],
            "domain": [["report_cell", "=", json.dumps(question)]],
        }
