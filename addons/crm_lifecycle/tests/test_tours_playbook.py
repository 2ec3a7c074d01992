from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .test_playbook import STEP_LOGGER, PlaybookCase


@tagged("post_install", "-at_install")
class TestToursPlaybook(PlaybookCase, HttpCase):
    """Tours of the playbook screens, as a manager of Sales."""

    def _tour(self, name, url):
        self.env.flush_all()
        self.start_tour(url, name, login=self.manager.login)
        self.env.invalidate_all()

    def test_a_manager_finds_a_failed_step_and_tries_it_again(self):
        action = self._action("raise UserError('Not on a Sunday')", name="Greet")
        self.engaged.enter_action_ids = action
        self._move(self.profile, self.engaged)
        with mute_logger(STEP_LOGGER):
            step = self._work()
        self.assertEqual(step.state, "failed")
        action.code = "record.write({'color': 7})"
        self._tour("crm_lifecycle_playbook_retry", f"/odoo/lifecycle/{self.profile.id}")
        self.assertEqual(step.state, "done")
        self.assertEqual(step.retry_user_id, self.manager)
        self.assertEqual(self.profile.color, 7)

    def test_a_manager_sets_when_a_playbook_is_done_again(self):
        self.engaged.follow_up_days = 3
        self._tour(
            "crm_lifecycle_playbook_stage",
            f"/odoo/action-crm_lifecycle.crm_lifecycle_stage_action/{self.engaged.id}",
        )
        self.assertRecordValues(
            self.engaged,
            [
                {
                    "reentry_mode": "after_days",
                    "reentry_days": 90,
                    "follow_up_responsible": "lifecycle_leader",
                }
            ],
        )
