from odoo import models


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    def session_info(self):
        """Add the number of the user's open tasks: without any, the client never asks
        for progress."""
        info = super().session_info()
        if self.env.user._is_internal():
            info["background_task_count"] = self.env["background.task"].search_count(
                [
                    ("user_id", "=", self.env.uid),
                    ("state", "in", ("waiting", "running")),
                ]
            )
        return info
