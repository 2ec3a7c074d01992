"""Common setup for tests of the ledger."""

from datetime import date, datetime, time, timedelta

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user

from ..engine.ledger import to_units

TODAY = date(2026, 3, 2)


class LedgerCase(TransactionCase):
    """A company with one points program, and a user for each role of the ledger.

    The time is noon of `TODAY`, unless a test changes it (`_on`).
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.company = cls.env["res.company"].create(
            {"name": "Points & Co", "crm_loyalty_tz": "UTC"}
        )
        cls.env.user.company_ids |= cls.company
        cls.env = cls.env(
            context={**cls.env.context, "allowed_company_ids": cls.company.ids}
        )
        cls.program = cls._program("Club")
        cls.seer = cls._user("sue", "crm_loyalty.group_points_user")
        cls.adjuster = cls._user("addy", "crm_loyalty.group_points_adjuster")
        cls.approver = cls._user("app", "crm_loyalty.group_points_approver")
        cls.manager = cls._user("max", "crm_loyalty.group_points_manager")
        cls.nobody = cls._user("norman", "base.group_user")

    def setUp(self):
        super().setUp()
        self._on(TODAY)

    def _on(self, day, moment=time(12)):
        """Set the current day and time."""
        if hasattr(self, "_frozen"):
            self._frozen.stop()
        else:
            self.addCleanup(lambda: self._frozen.stop())
        if isinstance(day, int):
            day = TODAY + timedelta(days=day)
        self._frozen = freeze_time(datetime.combine(day, moment))
        self._frozen.start()
        self.env.invalidate_all()

    @classmethod
    def _program(cls, name, **vals):
        return cls.env["loyalty.program"].create(
            {
                "name": name,
                "program_type": "loyalty",
                "applies_on": "both",
                "trigger": "auto",
                "company_id": cls.company.id,
                "portal_point_name": "points",
                "rule_ids": [
                    Command.create(
                        {
                            "reward_point_mode": "money",
                            "reward_point_amount": 1,
                            "minimum_qty": 0,
                        }
                    )
                ],
                "reward_ids": [
                    Command.create(
                        {
                            "reward_type": "discount",
                            "discount_mode": "per_point",
                            "discount": 1,
                            "required_points": 1,
                        }
                    )
                ],
                **vals,
            }
        )

    @classmethod
    def _user(cls, login, groups):
        return new_test_user(
            cls.env,
            login,
            groups=groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def _card(cls, points=0, program=None, **vals):
        partner = cls.env["res.partner"].create(
            {"name": "Ada", "email": "ada@example.com"}
        )
        return cls.env["loyalty.card"].create(
            {
                "program_id": (program or cls.program).id,
                "partner_id": partner.id,
                "points": points,
                **vals,
            }
        )

    def _lots(self, card):
        """Return the lots of a card: ``[(points, expires in days)]``, debts below 0."""
        return [
            (
                lot.remaining,
                lot.expiration_date and (lot.expiration_date - TODAY).days,
            )
            for lot in card.crm_loyalty_lot_ids.sorted(
                lambda lot: (lot.expiration_date or date.max, lot.id)
            )
        ]

    def _kinds(self, card):
        """Return the entries of a card, oldest first: ``[(kind, points)]``."""
        return [
            (entry.kind, entry.points)
            for entry in card.crm_loyalty_entry_ids.sorted("sequence")
        ]

    def _assert_sound(self):
        """Check the sums, lots and chains of the whole ledger."""
        self.env.flush_all()
        proof = self.env["crm.loyalty.check"]._check_ledger()
        self.assertEqual(
            [(f.card_id.id, f.kind, f.expected, f.found) for f in proof.fault_ids], []
        )
        for card in self.env["loyalty.card"].with_context(active_test=False).search([]):
            balance = sum(
                to_units(entry.points) for entry in card.crm_loyalty_entry_ids
            )
            self.assertEqual(balance, to_units(card.points))
