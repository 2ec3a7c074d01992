from odoo import Command, fields, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class ProjectTask(models.Model):
    """Make tasks of service desks count as tickets of the customer lifecycle."""

    _name = "project.task"
    # The mixin comes first, so that its overrides run around those of tasks.
    _inherit = ["crm.lifecycle.ticket", "project.task"]

    _lifecycle_closing_fields = {"state", "stage_id", "active"}
    _lifecycle_owner_fields = frozenset(
        {
            "partner_id",
            "company_id",
            "project_id",
            "parent_id",
            "is_template",
            "has_template_ancestor",
        }
    )

    lifecycle_is_service_ticket = fields.Boolean(
        related="project_id.lifecycle_is_service_desk"
    )

    _lifecycle_written_idx = watermark_index("write_date, create_date")

    def _prepare_lifecycle_rule_values(self, rule):
        """Add the assignee."""
        values = super()._prepare_lifecycle_rule_values(rule)
        if rule.user_id:
            values["user_ids"] = [Command.set(rule.user_id.ids)]
        return values
