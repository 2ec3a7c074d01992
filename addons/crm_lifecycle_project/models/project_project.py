from odoo import fields, models


class ProjectProject(models.Model):
    _inherit = "project.project"

    lifecycle_is_service_desk = fields.Boolean(
        string="Service desk",
        help="The tasks of this project are service tickets: they count for their "
        "customers in the lifecycle, and show in which stage these are.",
    )

    def write(self, vals):
        """Refresh the customers of the tickets that a project gains or loses."""
        if "lifecycle_is_service_desk" not in vals:
            return super().write(vals)
        # `sudo()` also queues customers of tasks that the user may not read.
        tasks = self.sudo().with_context(active_test=False).task_ids
        tasks._mark_lifecycle_pending()
        result = super().write(vals)
        self.env["crm.lifecycle.ticket.log"]._log_changes(
            tasks._get_lifecycle_ticket_kind(), tasks
        )
        return result
