from odoo import models

from ..models.crm_lifecycle_task_work import SMALL_MOVE


class CrmLifecycleProfileMove(models.TransientModel):
    _inherit = "crm.lifecycle.profile.move"

    def action_move(self):
        """Move many customers in the background.

        Whether they can move is asked before, unless those who can't are left out.
        """
        self.ensure_one()
        if len(self.profile_ids) <= SMALL_MOVE:
            return super().action_move()
        leaves_out = "is_refused_left_out" in self._fields and self.is_refused_left_out
        if not leaves_out:
            self.profile_ids._check_move(self.stage_id)
        return self.profile_ids._start_move(self.stage_id, self.reason)
