from odoo import fields, models


class CrmLifecycleStage(models.Model):
    _inherit = "crm.lifecycle.stage"

    visit_days = fields.Integer(
        string="Return visit every",
        aggregator=None,
        help="Days after entering the stage, and after each return visit, at which the "
        "next one is planned. 0: none.",
    )
    visit_since = fields.Date(
        string="Return visits since",
        readonly=True,
        copy=False,
        default=fields.Date.context_today,
        help="The day on which the stage got its rhythm. Customers who were due before "
        "are visited one after the other within the first round.",
    )

    _visit_days_positive = models.Constraint(
        "CHECK (visit_days >= 0)", "The days between visits can't be negative."
    )

    def write(self, vals):
        new_rhythm = self.filtered(
            lambda stage: vals.get("visit_days", stage.visit_days) != stage.visit_days
        )
        result = super().write(vals)
        if new_rhythm and "visit_since" not in vals:
            new_rhythm.visit_since = fields.Date.context_today(self)
        return result
