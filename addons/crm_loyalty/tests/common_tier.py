"""Common setup for tests of tiers and bonuses, with fixed days."""

from datetime import date

from odoo.fields import Command
from odoo.tests import TransactionCase, freeze_time, new_test_user


class TierCase(TransactionCase):
    """A company in Shanghai with a program: basic, silver from 500, gold from 1000.

    Members joined on 2024-05-09. Each posting has its day as a parameter.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.company = cls.env["res.company"].create(
            {"name": "Points & Co", "crm_loyalty_tz": "Asia/Shanghai"}
        )
        cls.env.user.company_ids |= cls.company
        cls.env = cls.env(
            context={**cls.env.context, "allowed_company_ids": cls.company.ids}
        )
        cls.reader = cls._user("rita", "crm_loyalty.group_points_user")
        cls.adjuster = cls._user("adam", "crm_loyalty.group_points_adjuster")
        cls.configurator = cls._user("mona", "crm_loyalty.group_points_manager")
        cls.program = cls._program()
        cls.basic, cls.silver, cls.gold = cls.program.crm_loyalty_tier_ids.sorted(
            "threshold"
        )
        cls.ada = cls.env["res.partner"].create({"name": "Ada"})
        cls.card = cls._card(cls.ada)

    @classmethod
    def _user(cls, login, groups, company=None):
        company = company or cls.company
        return new_test_user(
            cls.env,
            login,
            groups=groups,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    @classmethod
    def _program(cls, **vals):
        return cls.env["loyalty.program"].create(
            {
                "name": "Club",
                "program_type": "loyalty",
                "company_id": cls.company.id,
                "applies_on": "both",
                "trigger": "auto",
                "crm_loyalty_tier_ids": [
                    Command.create({"name": name, "threshold": threshold})
                    for name, threshold in [
                        ("Basic", 0),
                        ("Silver", 500),
                        ("Gold", 1000),
                    ]
                ],
                **vals,
            }
        )

    @classmethod
    def _card(cls, partner, since=date(2024, 5, 9), program=None):
        return cls.env["loyalty.card"].create(
            {
                "partner_id": partner.id,
                "program_id": (program or cls.program).id,
                "crm_loyalty_member_since": since,
            }
        )

    @classmethod
    def _post(cls, card, points, kind, day, **vals):
        """Post on a day at noon in Shanghai, which is also the day of the tiers."""
        with freeze_time(f"{day} 04:00"):
            return cls.env["loyalty.card"]._post_many(
                [{"card": card, "points": points, "kind": kind, **vals}]
            )

    @classmethod
    def _earn(cls, points, day, card=None, **vals):
        """Post points of an order on a day."""
        return cls._post(card or cls.card, points, "earn", day, **vals)

    @classmethod
    def _take_back(cls, entry, points, day):
        """Post the return of points of an order on a day."""
        return cls._post(entry.card_id, -points, "reverse", day, origin=entry)

    @classmethod
    def _evaluate(cls, day, card=None):
        """Evaluate tiers as of a day, like the nightly job."""
        program = (card or cls.card).program_id
        return program._evaluate_tiers(day, card)
