"""Test of a rule on one customer, in the form of the rule."""

from contextlib import suppress

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..profile.explain import Explanation


class CrmLifecycleRule(models.Model):
    _inherit = "crm.lifecycle.rule"

    # Only kept in the open form: a test writes nothing.
    test_profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        string="Test on",
        store=False,
        help="See for one customer which conditions hold. Nothing is written.",
    )
    test_result = fields.Html(
        compute="_compute_test_result",
        sanitize=False,  # rendered from our own template only
    )

    @api.depends(
        "test_profile_id", "domain", "min_days", "from_stage_ids", "to_stage_id"
    )
    @api.depends_context("lang", "uid")
    def _compute_test_result(self):
        for rule in self:
            profile = rule.test_profile_id
            rule.test_result = bool(profile) and self.env["ir.qweb"]._render(
                "crm_lifecycle.rule_test", rule._test_on(profile)
            )

    def _test_on(self, profile):
        """Return the result of the rules for a customer, for the template `rule_test`.

        The rule is evaluated as it stands, saved or not. If the customer is in no stage
        that it leaves, it is evaluated as if they had just entered one.
        """
        profile.check_access("read")
        # Unsaved conditions have not been checked yet.
        try:
            with suppress(ValidationError):  # shown with the rule
                profile._check_conditions(self.domain, self._get_label())
        except AccessError as error:
            return {"notes": [str(error)], "takes": None, "rules": []}
        # sudo: a user who sees the customer may see what decides about it.
        profile = profile._origin.sudo()
        as_of = profile.company_id._lifecycle_today()
        from_stages = self.from_stage_ids._origin
        lifecycle = self.lifecycle_id._origin or from_stages.lifecycle_id
        stage = None
        notes = []
        if profile.lifecycle_id != lifecycle or (
            from_stages and profile.stage_id not in from_stages
        ):
            stage = from_stages[:1] or lifecycle.stage_ids[:1]
            notes.append(
                self.env._(
                    "%(customer)s is in no stage that this rule leaves (now: "
                    "%(stage)s). The conditions are asked all the same.",
                    customer=profile.display_name,
                    stage=profile.stage_id.name or self.env._("none"),
                )
            )
        elif profile.stage_id == self.to_stage_id._origin:
            notes.append(
                self.env._(
                    "%(customer)s is in the stage “%(stage)s” already.",
                    customer=profile.display_name,
                    stage=profile.stage_id.name,
                )
            )
        explanation = Explanation(profile, as_of)
        notes += explanation.get_notes()
        # sudo: the explanation is about a customer that the user may read.
        rules = explanation.explain_rules(self.sudo(), stage=stage)
        return {"notes": notes, "takes": None, "rules": rules}
