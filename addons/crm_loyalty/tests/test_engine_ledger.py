"""Arithmetic of points, without a database."""

from datetime import date, timedelta
from unittest import TestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from ..engine.ledger import Account, InsufficientPoints, OpenEntry, to_points, to_units
from .thorough import rounds

DAY = date(2026, 3, 2)


def _in(days):
    return DAY + timedelta(days=days)


class TestAccount(TestCase):
    def _account(self, *rows):
        return Account({row.id: row for row in rows})

    def _open(self, account):
        return {row.id: row.open for row in account.rows.values() if row.open}

    def test_spending_takes_the_oldest_expiry_first(self):
        account = self._account(
            OpenEntry(1, 10, DAY, None),
            OpenEntry(2, 10, DAY, _in(9)),
            OpenEntry(3, 10, DAY, _in(5)),
        )
        account.spend(4, 12, DAY)
        self.assertEqual(account.consumptions, [(4, 3, 10), (4, 2, 2)])
        self.assertEqual(self._open(account), {1: 10, 2: 8})

    def test_what_is_pending_or_expired_is_not_spent(self):
        account = self._account(
            OpenEntry(1, 10, _in(1), None),
            OpenEntry(2, 10, None, None),
            OpenEntry(3, 10, DAY, _in(-1)),
        )
        self.assertEqual(account.get_spendable(DAY), 0)
        self.assertEqual(account.get_spendable(_in(1)), 10)
        with self.assertRaises(InsufficientPoints):
            account.spend(4, 1, DAY)

    def test_the_last_day_counts_and_the_first_too(self):
        account = self._account(OpenEntry(1, 10, DAY, DAY))
        for day, there in ((_in(-1), 0), (DAY, 10), (_in(1), 0)):
            self.assertEqual(account.get_spendable(day), there)

    def test_the_example_in_the_text(self):
        account = self._account()
        account.award(1, 10, DAY, DAY)
        account.award(2, 5, DAY, DAY)
        account.spend(3, 12, DAY)
        self.assertEqual(account.consumptions, [(3, 1, 10), (3, 2, 2)])
        lots = account.rows
        account.restore(4, 12, DAY, [(lots[1], 10), (lots[2], 2)])
        self.assertEqual(self._open(account), {1: 10, 2: 5})
        account.deduct(5, 20, DAY)
        self.assertEqual(self._open(account), {5: -5})
        account.award(6, 8, DAY, DAY)
        self.assertEqual(self._open(account), {6: 3})

    def test_what_is_owed_is_not_spendable(self):
        account = self._account(OpenEntry(1, -5), OpenEntry(2, 8, DAY))
        self.assertEqual(account.get_spendable(DAY), 3)

    def test_a_shortage_is_owed_waived_or_refused(self):
        for shortage, waived, balance in (("debt", 0, -2), ("floor", 2, 0)):
            account = self._account(OpenEntry(1, 3, DAY))
            self.assertEqual(account.deduct(2, 5, DAY, shortage=shortage), waived)
            self.assertEqual(account.balance, balance)
        account = self._account(OpenEntry(1, 3, DAY))
        with self.assertRaises(InsufficientPoints):
            account.deduct(2, 5, DAY, shortage="block")
        self.assertEqual(account.balance, 3)

    def test_preferred_lots_come_first_even_if_named_twice(self):
        account = self._account(
            OpenEntry(1, 5, DAY, _in(1)), OpenEntry(2, 5, DAY, _in(9))
        )
        account.deduct(3, 4, DAY, prefer=[2, 2])
        self.assertEqual(self._open(account), {1: 5, 2: 1})

    def test_other_lots_that_are_over_are_left_to_expire(self):
        for prefer, left in (((), {1: 5, 2: 1}), ((1,), {1: 1, 2: 5})):
            account = self._account(
                OpenEntry(1, 5, DAY, _in(-1)), OpenEntry(2, 5, DAY, _in(9))
            )
            account.deduct(3, 4, DAY, prefer=prefer)
            self.assertEqual(self._open(account), left)

    def test_a_part_comes_back_to_what_was_taken_last(self):
        account = self._account(
            OpenEntry(1, 0, DAY, _in(1)), OpenEntry(2, 0, DAY, _in(9))
        )
        lots = account.rows
        account.restore(4, 3, DAY, [(lots[1], 2), (lots[2], 2)])
        self.assertEqual(self._open(account), {1: 1, 2: 2})

    def test_activity_extends_lots_that_have_not_expired(self):
        account = self._account(
            OpenEntry(1, 5, DAY, _in(3)),
            OpenEntry(2, 5, DAY, _in(-1)),
            OpenEntry(3, 5, DAY, None),
        )
        account.extend_expiry(DAY, _in(30))
        self.assertEqual(
            [row.expires for row in account.rows.values()], [_in(30), _in(-1), None]
        )

    def test_units_are_exact(self):
        self.assertEqual(sum([to_units(0.1)] * 10), to_units(1))
        self.assertEqual(to_points(to_units(19.99)), 19.99)

    @settings(max_examples=rounds(300, 10000), deadline=None)
    @given(st.data())
    def test_open_points_are_always_the_sum_of_the_entries(self, data):
        """Σ open = Σ entries, no lot below zero, and flows add up."""
        account = self._account()
        posted, spent = {}, {}
        for entry in range(1, data.draw(st.integers(1, 15)) + 1):
            day = _in(data.draw(st.integers(0, 10)))
            units = data.draw(st.integers(1, 50))
            operation = data.draw(
                st.sampled_from(["award", "spend", "take", "expire", "restore"])
            )
            flows = len(account.consumptions)
            if operation == "award":
                expires = data.draw(st.one_of(st.none(), st.integers(0, 12)))
                available = day + timedelta(days=data.draw(st.integers(0, 3)))
                last = None if expires is None else day + timedelta(days=expires)
                account.award(entry, units, day, available, last)
                posted[entry] = units
            elif operation == "spend":
                try:
                    account.spend(entry, units, day)
                except InsufficientPoints:
                    continue
                posted[entry] = -units
                spent[entry] = account.consumptions[flows:]
            elif operation == "take":
                shortage = data.draw(st.sampled_from(["debt", "floor"]))
                posted[entry] = account.deduct(entry, units, day, (), shortage) - units
            elif operation == "expire":
                lots = [row.id for row in account.rows.values() if row.is_expired(day)]
                posted[entry] = -account.expire(entry, lots)
            elif spent:
                origin, consumed = spent.popitem()
                account.restore(
                    entry,
                    -posted[origin],
                    day,
                    [(account.rows[lot], part) for _id, lot, part in consumed],
                )
                posted[entry] = -posted[origin]
            self.assertEqual(account.balance, sum(posted.values()))
        for entry, units in posted.items():
            moved = sum(
                part
                for consumer, _lot, part in account.consumptions
                if consumer == entry
            )
            moved -= sum(
                part for _entry, lot, part in account.consumptions if lot == entry
            )
            self.assertEqual(account.rows[entry].open, units + moved)
            self.assertTrue(0 <= account.rows[entry].open <= units or units <= 0)
