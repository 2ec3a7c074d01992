from odoo import models

from ..access import is_readable


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    def session_info(self):
        """Add the number of open tasks: without any, the client doesn't poll them."""
        info = super().session_info()
        Task = self.env["crm.lifecycle.task"]
        if self.env.user._is_internal() and is_readable(Task):
            info["lifecycle_task_count"] = Task.search_count(
                [
                    ("user_id", "=", self.env.uid),
                    ("state", "in", ("waiting", "running")),
                ]
            )
        return info
