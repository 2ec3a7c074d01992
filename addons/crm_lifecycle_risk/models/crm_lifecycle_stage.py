from odoo import api, fields, models

from odoo.addons.crm_lifecycle.engine.bounds import MAX_DAYS
from odoo.addons.crm_lifecycle.fields import Integer


class CrmLifecycleStage(models.Model):
    """Decide whether a stage opens cases, and when they are due."""

    _inherit = "crm.lifecycle.stage"

    opens_risk_case = fields.Boolean(
        string="Open a risk case",
        compute="_compute_opens_risk_case",
        precompute=True,
        store=True,
        readonly=False,
        help="A case is opened for each customer who enters this stage, unless one is "
        "open. Coming back closes it as saved; being lost closes it as lost.",
    )
    risk_days = Integer(
        minimum=0,
        maximum=MAX_DAYS,
        string="Case due after",
        default=14,
        aggregator=None,
        help="Days within which the case should be closed.",
    )
    risk_reason_id = fields.Many2one(
        comodel_name="crm.lifecycle.risk.reason",
        string="Reason of the case",
        ondelete="set null",
        help="The reason that a new case starts with. Empty: its owner finds out.",
    )
    risk_plan_id = fields.Many2one(
        comodel_name="mail.activity.plan",
        string="Plan of the case",
        domain=[("res_model", "=", "crm.lifecycle.profile")],
        ondelete="set null",
        help="Proposed on a new case. Its activities are scheduled when the owner "
        "starts the plan.",
    )

    @api.depends("category")
    def _compute_opens_risk_case(self):
        for stage in self:
            stage.opens_risk_case = stage.category == "at_risk"
