from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from ..models import crm_lifecycle_background as work
from .common import LifecycleCase


@tagged("post_install", "-at_install")
class TestBackgroundTour(LifecycleCase, HttpCase):
    """Background work in a browser; no scheduled job runs during a test."""

    def test_a_manager_leaves_a_run_comes_back_and_stops_it(self):
        self._lead(partner_id=self._partner("Ada").id)
        self.env.flush_all()
        with patch.object(work, "SMALL_RUN", 0):
            self.start_tour(
                f"/odoo/action-crm_lifecycle.crm_lifecycle_action/{self.lifecycle.id}",
                "crm_lifecycle_background_work",
                login=self.manager.login,
            )
        self.env.invalidate_all()
        task = self.env["background.task"].search([])
        self.assertEqual(task.user_id, self.manager)
        self.assertEqual(task.state, "cancelled")
