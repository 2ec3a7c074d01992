from odoo import fields, models

from odoo.addons.crm_lifecycle.engine.bounds import MAX_DAYS
from odoo.addons.crm_lifecycle.fields import Date, Integer


class CrmLifecycleStage(models.Model):
    """Let a stage survey its customers, once per stay."""

    _inherit = "crm.lifecycle.stage"

    survey_id = fields.Many2one(
        comodel_name="survey.survey",
        index="btree_not_null",
        ondelete="set null",
        help="Sent to customers in this stage, each with a link of their own, unless "
        "they were asked of late.",
    )
    survey_after_days = Integer(
        minimum=0,
        maximum=MAX_DAYS,
        string="Ask after",
        default=7,
        aggregator=None,
        help="Days after entering the stage.",
    )
    survey_template_id = fields.Many2one(
        comodel_name="mail.template",
        string="Email of the survey",
        domain=[("model", "=", "survey.user_input")],
        ondelete="set null",
        help="Empty: a short invitation.",
    )
    survey_since = Date(
        string="Surveys since",
        readonly=True,
        copy=False,
        default=fields.Date.context_today,
        help="Nobody is asked who would have been asked before this day: the day on "
        "which the stage got its survey.",
    )

    def write(self, vals):
        names = vals.keys() & {"survey_id", "survey_after_days"}
        changed = self.filtered(
            lambda stage: any(
                stage._fields[name].convert_to_write(stage[name], stage) != vals[name]
                for name in names
            )
        )
        result = super().write(vals)
        if changed and "survey_since" not in vals:
            changed.survey_since = fields.Date.context_today(self)
        return result
