from odoo import api, fields, models

# The kinds of tasks of lifecycles, which go with this addon.
KINDS = ("run", "preview", "replay", "move")


class BackgroundTask(models.Model):
    _inherit = "background.task"

    kind = fields.Selection(
        selection_add=[
            ("run", "Run"),
            ("preview", "Preview"),
            ("replay", "Replay of the past"),
            ("move", "Move of customers"),
        ],
        ondelete=dict.fromkeys(KINDS, "cascade"),
    )

    @api.model
    def _is_task_manager(self):
        """Sales administrators manage the tasks of lifecycles that others started."""
        return super()._is_task_manager() or self.env.user.has_group(
            "sales_team.group_sale_manager"
        )
