from odoo import api, fields, models


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    state = fields.Selection(
        selection_add=[("lifecycle_move", "Move to lifecycle stage"), ("code",)],
        ondelete={"lifecycle_move": "cascade"},
    )
    lifecycle_stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage",
        ondelete="cascade",
        help="The stage that the customer moves to.",
    )

    _LIFECYCLE_MODELS = ("crm.lifecycle.profile", "res.partner", "crm.lead")

    @api.onchange("lifecycle_stage_id")
    def _onchange_lifecycle_stage_id(self):
        """Update the name and the warning for the stage.

        Dependencies on this field would be removed with it on uninstall: Odoo then
        forgets the fields of scheduled jobs that inherit what depends on it.
        """
        self._compute_name()
        self._compute_warning()

    def _generate_action_name(self):
        self.ensure_one()
        if self.state == "lifecycle_move" and self.lifecycle_stage_id:
            return self.env._(
                "Move to %(stage)s", stage=self.lifecycle_stage_id.display_name
            )
        return super()._generate_action_name()

    @api.depends("state")
    def _compute_available_model_ids(self):
        moving = self.filtered(lambda action: action.state == "lifecycle_move")
        if moving:
            moving.available_model_ids = self.env["ir.model"].search(
                [("model", "in", self._LIFECYCLE_MODELS)]
            )
        return super(IrActionsServer, self - moving)._compute_available_model_ids()

    def _get_warning_messages(self):
        self.ensure_one()
        warnings = super()._get_warning_messages()
        if self.state == "lifecycle_move":
            if self.model_name not in self._LIFECYCLE_MODELS:
                warnings.append(
                    self.env._(
                        "Only customer profiles, contacts and leads can be moved to a "
                        "lifecycle stage."
                    )
                )
            if not self.lifecycle_stage_id:
                warnings.append(self.env._("Choose the lifecycle stage to move to."))
        return warnings

    def _run_action_lifecycle_move_multi(self, eval_context=None):
        """Move the customers of the records to the stage of the action."""
        records = eval_context.get("records") or eval_context.get("record")
        if not records:
            return False
        if records._name == "crm.lifecycle.profile":
            profiles = records
        else:
            profiles = records.lifecycle_profile_id
        stage = self.lifecycle_stage_id
        # sudo: access was checked on the records that the action runs on.
        profiles.sudo().filtered(
            lambda profile: profile.lifecycle_id == stage.lifecycle_id
        )._lifecycle_move(stage, origin="manual", reason=self.name)
        return False
