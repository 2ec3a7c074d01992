from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine.responsibles import FALLBACK_ROLES, RESPONSIBLES


class MailActivityPlanTemplate(models.Model):
    """Activities of plans may be assigned to the users in charge of the customer."""

    _inherit = "mail.activity.plan.template"

    responsible_type = fields.Selection(
        selection_add=RESPONSIBLES,
        ondelete=dict.fromkeys(FALLBACK_ROLES, "set default"),
    )
    delay_from = fields.Selection(
        compute="_compute_delay_from",
        precompute=True,
        store=True,
        readonly=False,
        default=None,
    )

    @api.depends("plan_id")
    def _compute_delay_from(self):
        """Make new activities of customers due after the plan date.

        In a playbook the plan date is the day of the entry into the stage. Odoo's
        default, before the plan date, would make them overdue from the start.
        """
        for line in self:
            is_customer = line.plan_id.res_model == "crm.lifecycle.profile"
            line.delay_from = line.delay_from or (
                "after_plan_date" if is_customer else "before_plan_date"
            )

    @api.model
    def default_get(self, fields):
        """Set the default for a form, where only the context knows the model."""
        defaults = super().default_get(fields)
        model = self.env.context.get("default_res_model")
        if "delay_from" in fields and model == "crm.lifecycle.profile":
            defaults.setdefault("delay_from", "after_plan_date")
        return defaults

    @api.constrains("plan_id", "responsible_type")
    def _check_responsible_lifecycle(self):
        labels = dict(self._fields["responsible_type"]._description_selection(self.env))
        for line in self:
            if (
                line.responsible_type in FALLBACK_ROLES
                and line.plan_id.res_model != "crm.lifecycle.profile"
            ):
                raise ValidationError(
                    self.env._(
                        "“%(assignment)s” is known for customers only. Choose another "
                        "assignment in the plan “%(plan)s”.",
                        assignment=labels[line.responsible_type],
                        plan=line.plan_id.name,
                    )
                )

    def _determine_responsible(self, on_demand_responsible, applied_on_record):
        """Find the users in charge of the customer, see `_find_responsible`."""
        if self.responsible_type not in FALLBACK_ROLES:
            return super()._determine_responsible(
                on_demand_responsible, applied_on_record
            )
        found = applied_on_record._find_responsible(self.responsible_type)
        return {
            "responsible": found.user,
            "error": found.error,
            "warning": found.warning,
        }
