from odoo import api, models


class CrmLifecycleTask(models.AbstractModel):
    """Former name of `background.task`, for calls of other systems.

    It has the calls that docs/API.md of version 19.0.1 names, and goes with 19.0.3.
    """

    _name = "crm.lifecycle.task"
    _description = "Background Task (Former Name)"

    def _get_tasks(self):
        return self.env["background.task"].browse(self._ids)

    # pylint: disable-next=method-required-super
    def read(self, fields=None, load="_classic_read"):
        return self._get_tasks().read(fields, load)

    @api.model
    def search_read(
        self, domain=None, fields=None, offset=0, limit=None, order=None, **read_kwargs
    ):
        return self.env["background.task"].search_read(
            domain, fields, offset, limit, order, **read_kwargs
        )

    def action_cancel(self):
        return self._get_tasks().action_cancel()
