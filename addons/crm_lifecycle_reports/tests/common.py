"""Customers with a dated past, for tests of what reports make of it."""

from odoo.addons.crm_lifecycle.tests.common import LifecycleCase


class ReportCase(LifecycleCase):
    """Moves on given days in the world of `LifecycleCase`."""

    @classmethod
    def _walk(cls, profile, *steps):
        """Move a customer along ``(stage, date)``, oldest first, without playbooks."""
        for stage, date in steps:
            profile._lifecycle_move(stage, origin="rule", as_of=date, quiet=True)
        cls.env.flush_all()
        cls.env.invalidate_all()
        return profile
