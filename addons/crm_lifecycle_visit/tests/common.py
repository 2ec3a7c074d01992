from datetime import timedelta

from odoo.addons.crm_lifecycle.tests.common import TODAY
from odoo.addons.crm_lifecycle.tests.test_playbook import PlaybookCase


def day(number):
    return TODAY + timedelta(days=number)


class VisitCase(PlaybookCase):
    """Customers get a visit every 30 days."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write({"visit_days": 30, "visit_since": TODAY})
        cls.profile._lifecycle_move(cls.customer, origin="rule", as_of=TODAY)

    def _tick(self, number):
        """Execute the run of the day, then the worker. Return the new steps."""
        self._run(day(number))
        return self._work()

    def _visits(self, profile=None):
        return self.env["crm.lifecycle.visit"].search(
            [("profile_id", "=", (profile or self.profile).id)], order="id"
        )

    def _visit(self, profile=None, **vals):
        return self.env["crm.lifecycle.visit"].create(
            {
                "profile_id": (profile or self.profile).id,
                "user_id": self.salesperson.id,
                **vals,
            }
        )
