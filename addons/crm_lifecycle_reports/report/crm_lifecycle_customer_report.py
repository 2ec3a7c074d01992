from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.models.crm_lifecycle_stage import CATEGORIES


class CrmLifecycleCustomerReport(models.Model):
    """Current customers by all dimensions.

    One row for each customer of a lifecycle. Bridges add their facts, such as orders.
    """

    _name = "crm.lifecycle.customer.report"
    _inherit = ["crm.lifecycle.report.mixin"]
    _description = "Customers Today"
    _auto = False
    _order = "id desc"
    _rec_name = "profile_id"
    _depends = {
        "crm.lifecycle.profile": [
            "partner_id",
            "lead_id",
            "company_id",
            "user_id",
            "lifecycle_id",
            "stage_id",
            "stage_date",
            "first_seen_date",
            "last_contact_date",
            "active",
        ],
        "crm.lifecycle.stage": ["category"],
    }

    lifecycle_id = fields.Many2one(comodel_name="crm.lifecycle", readonly=True)
    stage_id = fields.Many2one(comodel_name="crm.lifecycle.stage", readonly=True)
    stage_category = fields.Selection(
        selection=CATEGORIES, string="Category", readonly=True
    )
    tag_ids = fields.Many2many(
        comodel_name="crm.lifecycle.tag",
        relation="crm_lifecycle_profile_tag_rel",
        column1="profile_id",
        column2="tag_id",
        string="Tags",
        readonly=True,
    )
    stage_date = fields.Date(string="In stage since", readonly=True)
    first_seen_date = fields.Date(string="First contact", readonly=True)
    last_contact_date = fields.Date(string="Last contact", readonly=True)
    customer_count = fields.Integer(string="Customers", readonly=True, aggregator="sum")

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT p.id, p.id AS profile_id, p.company_id, %(customer)s, %(facts)s
              FROM crm_lifecycle_profile AS p
         LEFT JOIN crm_lifecycle_stage AS s ON s.id = p.stage_id
              %(joins)s
             WHERE p.active
            """,
            customer=self._get_customer_columns(),
            facts=self._get_fact_columns(),
            joins=self._get_customer_joins(),
        )

    @api.model
    def _get_fact_columns(self):
        """SQL of the facts of profile ``p``. Extension point: add columns."""
        return SQL(
            """
            p.lifecycle_id, p.stage_id, s.category AS stage_category, p.stage_date,
            p.first_seen_date, p.last_contact_date, 1 AS customer_count
            """
        )
