"""Customers with dated moves, to test reports."""

from odoo.addons.crm_lifecycle.tests.common import LifecycleCase


class ReportCase(LifecycleCase):
    """Moves on given days, on top of `LifecycleCase`."""

    @classmethod
    def _traveller(cls, name="Ada", **vals):
        """Create a customer without a stage."""
        values = {key: vals.pop(key) for key in ("user_id",) if key in vals}
        partner = cls._partner(name, **vals)
        profile = cls.env["crm.lifecycle.profile"].create({"partner_id": partner.id})
        profile.write({"user_id": False, **values})
        # Their history starts with their first test move, not with today's entry.
        cls.env.flush_all()
        cls.env.cr.execute(
            "DELETE FROM crm_lifecycle_history WHERE profile_id = %s", [profile.id]
        )
        cls.env.cr.execute(
            "UPDATE crm_lifecycle_profile SET stage_id = NULL, stage_date = NULL "
            "WHERE id = %s",
            [profile.id],
        )
        cls.env.invalidate_all()
        return profile

    @classmethod
    def _walk(cls, profile, *steps):
        """Move a customer along ``(stage, date)``, oldest first, without playbooks."""
        for stage, date in steps:
            profile._lifecycle_move(stage, origin="rule", as_of=date, quiet=True)
        cls.env.flush_all()
        cls.env.invalidate_all()
        return profile
