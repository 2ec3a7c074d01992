from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine import domains
from ..engine.bounds import MAX_DAYS
from ..fields import Conditions, Integer


class CrmLifecycleRule(models.Model):
    """Rule that moves customers to a stage.

    The rules of a lifecycle are evaluated in order; the first one with matching
    conditions moves the customer. If none matches, the customer stays.
    """

    _name = "crm.lifecycle.rule"
    _description = "Lifecycle Rule"
    _inherit = ["crm.lifecycle.company.mixin"]
    _order = "lifecycle_id, sequence, id"

    _company_fields = frozenset({"company_id", "lifecycle_id"})

    name = fields.Char(required=True, translate=True)
    lifecycle_id = fields.Many2one(
        comodel_name="crm.lifecycle",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        related="lifecycle_id.company_id", store=True, index="btree_not_null"
    )
    sequence = Integer(default=10)
    active = fields.Boolean(default=True)
    from_stage_ids = fields.Many2many(
        comodel_name="crm.lifecycle.stage",
        relation="crm_lifecycle_rule_from_stage_rel",
        string="From",
        domain="[('lifecycle_id', '=', lifecycle_id)]",
        help="The stages that the rule moves customers from. Empty: any stage.",
    )
    to_stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage",
        string="To",
        required=True,
        index=True,
        domain="[('lifecycle_id', '=', lifecycle_id)]",
        ondelete="cascade",
    )
    domain = Conditions(
        string="Conditions",
        default="[]",
        help="Conditions on the facts of a customer. Dates may be relative to "
        "the day of the run, such as “today -90d”.",
    )
    min_days = Integer(
        minimum=0,
        maximum=MAX_DAYS,
        string="Minimum days in stage",
        aggregator=None,
        help="The rule waits until the customer has been in the stage this long.",
    )

    @api.constrains("domain")
    def _check_domain(self):
        for rule in self:
            self.env["crm.lifecycle.profile"]._check_conditions(
                rule.domain, rule._get_label()
            )

    @api.constrains("lifecycle_id", "from_stage_ids", "to_stage_id")
    def _check_stages(self):
        for rule in self:
            foreign_stages = (rule.from_stage_ids | rule.to_stage_id).filtered(
                lambda stage, rule=rule: stage.lifecycle_id != rule.lifecycle_id
            )
            if foreign_stages:
                raise ValidationError(
                    self.env._(
                        "The rule “%(rule)s” names the stage “%(stage)s” of another "
                        "lifecycle. Choose a stage of “%(lifecycle)s”.",
                        rule=rule.name,
                        stage=foreign_stages[0].name,
                        lifecycle=rule.lifecycle_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules.lifecycle_id._bump_version()
        return rules

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() - {"test_profile_id"}:
            self.lifecycle_id._bump_version()
        return result

    def unlink(self):
        lifecycles = self.lifecycle_id
        # The history stays, with the name of the rule as its reason.
        self.env["crm.lifecycle.history"]._clear_references("rule_id", self)
        result = super().unlink()
        lifecycles._bump_version()
        return result

    def _get_label(self):
        """Return the name of the rule for use in messages."""
        self.ensure_one()
        return self.env._("rule “%(rule)s”", rule=self.name)

    def _get_domain(self, as_of):
        """Return the domain of the conditions on a day, ready for a search.

        :raises ValidationError: if the conditions can't be parsed, or use a field that
            customers don't have or a date that rules don't accept; the message names
            the rule
        """
        self.ensure_one()
        return self.env["crm.lifecycle.profile"]._get_fact_domain(
            self.domain, as_of, self._get_label()
        )

    def _get_columns(self):
        """Return the stored columns that the rule uses, for the history."""
        self.ensure_one()
        profile_fields = self.env["crm.lifecycle.profile"]._fields
        names = dict.fromkeys(
            path.split(".")[0] for path in domains.fields_of(domains.parse(self.domain))
        )
        if self.min_days:
            names["stage_date"] = None
        return [
            name
            for name in names
            if profile_fields[name].store and profile_fields[name].column_type
        ]
