from datetime import timedelta

from odoo.fields import Command
from odoo.tests import freeze_time

from odoo.addons.crm_lifecycle.tests.common import TODAY, LifecycleCase


class LoyaltyLifecycleCase(LifecycleCase):
    """A programme with tiers in the world of `LifecycleCase`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.crm_loyalty_tz = "UTC"
        cls.program = cls._program()
        cls.basic, cls.gold = cls.program.crm_loyalty_tier_ids.sorted("threshold")

    @classmethod
    def _program(cls, **vals):
        return cls.env["loyalty.program"].create(
            {
                "name": "Club",
                "program_type": "loyalty",
                "applies_on": "both",
                "trigger": "auto",
                "company_id": cls.company.id,
                "crm_loyalty_tier_ids": [
                    Command.create({"name": "Basic", "threshold": 0}),
                    Command.create({"name": "Gold", "threshold": 1000}),
                ],
                **vals,
            }
        )

    @classmethod
    def _card(cls, partner, program=None, days_ago=400):
        return cls.env["loyalty.card"].create(
            {
                "partner_id": partner.id,
                "program_id": (program or cls.program).id,
                "crm_loyalty_member_since": TODAY - timedelta(days=days_ago),
            }
        )

    @classmethod
    def _points(cls, card, points, days_ago=0, kind="earn"):
        """Post points some days before `TODAY`, at noon."""
        with freeze_time(f"{TODAY - timedelta(days=days_ago)} 12:00"):
            return card._post_points(points, kind)
