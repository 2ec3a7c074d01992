"""Uninstalling removes all references to the activity type."""

from odoo.tests import tagged

from ..hooks import uninstall_hook
from .common import VisitCase


@tagged("post_install", "-at_install")
class TestHooks(VisitCase):
    def test_uninstalling_lets_the_type_of_activities_go(self):
        """Regression: planned or past visits kept the type from being deleted."""
        visits = self._visit(result="reached", satisfaction="4")
        visits.action_record()
        visits |= self._visit()
        activities = visits.with_context(active_test=False).activity_id
        self.assertEqual(len(activities), 2)
        visit = self.env.ref("crm_lifecycle_visit.mail_activity_type_visit")
        own = self.profile.activity_schedule(
            activity_type_id=visit.id, user_id=self.salesperson.id
        )
        uninstall_hook(self.env)
        self.assertFalse(activities.exists())
        todo = self.env.ref("mail.mail_activity_data_todo")
        self.assertEqual(own.activity_type_id, todo)
        visit.unlink()
        self.assertFalse(visit.exists())
