from odoo.addons.crm_lifecycle.tests.test_playbook import PlaybookCase


class RiskCase(PlaybookCase):
    """A customer of a salesperson, on top of `PlaybookCase`.

    The stage “Risk” opens cases because of its category.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reason = cls.env["crm.lifecycle.risk.reason"].create({"name": "Too dear"})
        cls.profile._lifecycle_move(cls.customer, origin="rule")

    def _go(self, *stages, profile=None, **kwargs):
        """Run rules and playbook until no customer moves. Return the steps."""
        steps = self.env["crm.lifecycle.playbook.log"]
        for stage in stages:
            self._move(profile or self.profile, stage, **kwargs)
            steps |= self._work()
        return steps

    def _cases(self, profile=None):
        """Return the customer's cases, newest first."""
        return self.env["crm.lifecycle.risk.case"].search(
            [("profile_id", "=", (profile or self.profile).id)], order="id desc"
        )

    def _case(self, **vals):
        return self.env["crm.lifecycle.risk.case"].create(
            {"profile_id": self.profile.id, **vals}
        )
