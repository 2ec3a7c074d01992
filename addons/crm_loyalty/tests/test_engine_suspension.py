"""Released points become pending again, lot by lot."""

from datetime import date
from unittest import TestCase

from odoo.tests import tagged

from ..engine.ledger import Account, OpenEntry
from ..engine.suspension import release, suspend

DAY = date(2026, 3, 2)


@tagged("post_install", "-at_install")
class TestSuspension(TestCase):
    def _suspended(self, left, spent, other, shortage):
        """Return the lot, the other lot and the spending after a suspension."""
        rows = {1: OpenEntry(1, left, DAY), 2: OpenEntry(2, other, DAY)}
        account = Account({row.id: row for row in rows.values() if row.open})
        suspend(account, [rows[1]], [(9, 1, spent)] if spent else [], DAY, shortage)
        self.assertTrue(account.rows[1].is_pending(DAY))
        self.assertEqual(account.balance, left + other)
        return [
            account.rows[row].open if row in account.rows else 0 for row in (1, 2, 9)
        ]

    def test_what_was_spent_is_taken_from_other_lots_and_then_owed(self):
        for left, spent, other, shortage, expected in (
            (10, 0, 0, "debt", [10, 0, 0]),
            (6, 4, 0, "debt", [10, 0, -4]),
            (0, 10, 0, "debt", [10, 0, -10]),
            (6, 4, 3, "debt", [10, 0, -1]),
            (6, 4, 9, "debt", [10, 5, 0]),
            (6, 4, 0, "floor", [6, 0, 0]),
            (6, 4, 3, "floor", [9, 0, 0]),
            (6, 4, 9, "block", [10, 5, 0]),
        ):
            with self.subTest(left=left, other=other, shortage=shortage):
                self.assertEqual(
                    self._suspended(left, spent, other, shortage), expected
                )

    def test_a_release_pays_what_was_owed(self):
        lot = OpenEntry(1, 10)
        account = Account({1: lot, 9: OpenEntry(9, -4)})
        release(account, [lot], DAY)
        self.assertEqual((account.rows[1].open, account.rows[9].open), (6, 0))
        self.assertEqual(account.get_spendable(DAY), 6)
