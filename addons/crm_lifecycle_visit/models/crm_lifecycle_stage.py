from odoo import fields, models

from odoo.addons.crm_lifecycle.engine.bounds import MAX_DAYS
from odoo.addons.crm_lifecycle.fields import Date, Integer


class CrmLifecycleStage(models.Model):
    _inherit = "crm.lifecycle.stage"

    visit_days = Integer(
        minimum=0,
        maximum=MAX_DAYS,
        string="Return visit every",
        aggregator=None,
        help="Days after entering the stage, and after each return visit, at which the "
        "next one is planned. 0: none.",
    )
    visit_since = Date(
        string="Return visits since",
        readonly=True,
        copy=False,
        default=fields.Date.context_today,
        help="The day on which the stage got its rhythm. Customers who were due before "
        "are visited one after the other within the first round.",
    )

    def write(self, vals):
        new_rhythm = self.filtered(
            lambda stage: vals.get("visit_days", stage.visit_days) != stage.visit_days
        )
        result = super().write(vals)
        if new_rhythm and "visit_since" not in vals:
            new_rhythm.visit_since = fields.Date.context_today(self)
        return result
