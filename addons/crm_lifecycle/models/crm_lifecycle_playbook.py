from odoo import fields, models


class CrmLifecycle(models.Model):
    _inherit = "crm.lifecycle"

    failed_step_count = fields.Integer(
        string="Failed Steps", compute="_compute_failed_step_count"
    )

    def _compute_failed_step_count(self):
        for lifecycle in self:
            stages = lifecycle.stage_ids
            lifecycle.failed_step_count = sum(stages.mapped("failed_step_count"))

    def action_open_failed_steps(self):
        """Open the failed steps of the lifecycle's playbooks."""
        return self.env["crm.lifecycle.playbook.log"]._open_failed(
            [("stage_id.lifecycle_id", "in", self.ids)]
        )
