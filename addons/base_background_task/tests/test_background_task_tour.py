from odoo.tests import HttpCase, tagged

from .common import BackgroundTaskCase


@tagged("post_install", "-at_install")
class TestBackgroundTaskTour(BackgroundTaskCase, HttpCase):
    """A task in a browser; no scheduled job runs during a test."""

    def test_a_user_finds_a_task_in_the_systray_and_cancels_it(self):
        task = self._enqueue()
        self.env.flush_all()
        self.start_tour("/odoo", "base_background_task_cancel", login=self.user.login)
        self.env.invalidate_all()
        self.assertEqual(task.state, "cancelled")
