"""The arithmetic of points: lots, consumption and debts.

An entry that awards points is a lot; what is left of it is *open*. An entry that
takes points consumes lots, earliest expiry first. If the lots are not enough, the rest
is a debt: open points below zero. So both the open points of a card and the points of
its entries always add up to its balance.

    earn 10, earn 5     lots 10 + 5                             balance 15
    burn 12             consumes 10 of the first, 2 of the next balance  3
    burn taken back     gives 10 and 2 back to the same lots    balance 15
    take 20 (debt)      consumes 15 and owes 5                  balance -5
    earn 8              pays the 5 and leaves a lot of 3        balance  3

Points are computed in whole units of a ten-thousandth, so sums are exact.
"""

from dataclasses import dataclass, field
from datetime import date

SCALE = 4
UNIT = 10**SCALE

# The most points of one posting, and of a balance. Odoo stores a balance as a float,
# which is exact to 15 digits: 11 before the decimal point and 4 after it.
MAX_POINTS = 10**9
MAX_BALANCE = 10**10


def to_units(points):
    """Return points as whole units, rounded."""
    return round((points or 0) * UNIT)


def to_points(units):
    """Return units as points, the number that a field stores."""
    return units / UNIT


class InsufficientPoints(Exception):
    """The card has fewer points than are to be taken."""

    def __init__(self, units, available):
        super().__init__(f"{to_points(units)} of {to_points(available)}")
        self.units = units
        self.available = available


@dataclass
class OpenEntry:
    """An entry with open points: a lot if they are above zero, a debt if below.

    ``available`` is the first day on which a lot may be spent (empty: not known
    yet), ``expires`` the last one (empty: it never expires).
    """

    id: int
    open: int
    available: date | None = None
    expires: date | None = None

    def is_pending(self, day):
        return self.available is None or self.available > day

    def is_expired(self, day):
        return self.expires is not None and self.expires < day

    def is_spendable(self, day):
        return self.open > 0 and not self.is_pending(day) and not self.is_expired(day)

    @property
    def order(self):
        """Sort key: earliest expiry first, then oldest award first."""
        return (self.expires or date.max, self.id)


@dataclass
class Account:
    """The open rows of one card, and the changes of the postings so far.

    ``flows`` lists ``(entry, lot, units)``: the units that an entry consumed of a lot,
    negative if it gave them back. ``touched`` has the ids of the changed rows.
    """

    rows: dict[int, OpenEntry]
    consumptions: list[tuple[int, int, int]] = field(default_factory=list)
    changed_ids: set[int] = field(default_factory=set)

    @property
    def balance(self):
        return sum(row.open for row in self.rows.values())

    def get_spendable(self, day):
        """Return the units that may be spent on a day, less the debts."""
        spendable = sum(r.open for r in self.rows.values() if r.is_spendable(day))
        owed = sum(r.open for r in self.rows.values() if r.open < 0)
        return max(spendable + owed, 0)

    # Postings

    def award(self, entry, units, day, available=None, expires=None):
        """Open a lot, and pay debts from it at once."""
        self._add(OpenEntry(entry, units, available, expires))
        self._pay_debts(day)

    def spend(self, entry, units, day):
        """Consume spendable lots, earliest expiry first.

        :raises InsufficientPoints: if they are not enough; then nothing is consumed
        """
        available = self.get_spendable(day)
        if available < units:
            raise InsufficientPoints(units, available)
        lots = [row for row in self.rows.values() if row.is_spendable(day)]
        self._add(OpenEntry(entry, 0))
        self._consume(entry, units, sorted(lots, key=lambda row: row.order))

    def deduct(self, entry, units, day, prefer=(), shortage="debt"):
        """Take units back, and return the units that are waived.

        Consume the lots of ``prefer`` first, then spendable lots, then pending ones.
        Other lots that are over are left to expire, as if they had already.
        ``shortage`` says what happens to the rest: ``debt`` records a debt, ``floor``
        waives it, ``block`` raises InsufficientPoints.
        """
        rank = {lot: index for index, lot in enumerate(dict.fromkeys(prefer))}
        lots = sorted(
            (
                row
                for row in self.rows.values()
                if row.open > 0 and (row.id in rank or not row.is_expired(day))
            ),
            key=lambda row: (
                rank.get(row.id, len(rank)),
                row.is_pending(day),
                row.order,
            ),
        )
        there = sum(row.open for row in lots)
        if there < units and shortage == "block":
            raise InsufficientPoints(units, there)
        self._add(OpenEntry(entry, 0))
        rest = self._consume(entry, units, lots)
        if shortage == "floor":
            return rest
        self.rows[entry].open = -rest
        return 0

    def add_empty(self, entry):
        """Add an entry that changes no points."""
        self._add(OpenEntry(entry, 0))

    def expire(self, entry, lots):
        """Consume the rest of lots, and return its units."""
        rows = [self.rows[lot] for lot in lots if lot in self.rows]
        units = sum(row.open for row in rows if row.open > 0)
        self._add(OpenEntry(entry, 0))
        self._consume(entry, units, [row for row in rows if row.open > 0])
        return units

    def restore(self, entry, units, day, consumed):
        """Give units back to the lots that they were taken from.

        ``consumed`` lists ``(row, units)``: what the reversed posting consumed and
        has not given back yet. The last lot consumed gets its units back first. The
        rest, such as a debt, becomes a lot of its own.
        """
        self._add(OpenEntry(entry, units, available=day))
        for row, given in reversed(consumed):
            back = min(given, self.rows[entry].open)
            if not back:
                continue
            lot = self.rows.setdefault(row.id, row)
            lot.open += back
            self.rows[entry].open -= back
            self.consumptions.append((entry, lot.id, -back))
            self.changed_ids.add(lot.id)
        self._pay_debts(day)

    def extend_expiry(self, day, until):
        """Postpone the expiry of open lots to ``until``."""
        for row in self.rows.values():
            if row.open <= 0 or row.expires is None or row.is_expired(day):
                continue
            if row.expires < until:
                row.expires = until
                self.changed_ids.add(row.id)

    # Helpers

    def _add(self, row):
        self.rows[row.id] = row

    def _consume(self, entry, units, lots):
        """Consume units from lots in their order; return the units still missing."""
        for lot in lots:
            if not units:
                break
            part = min(units, lot.open)
            lot.open -= part
            units -= part
            self.consumptions.append((entry, lot.id, part))
            self.changed_ids.add(lot.id)
        return units

    def _pay_debts(self, day):
        """Pay debts, oldest first, from unexpired lots, pending ones last."""
        debts = sorted((r for r in self.rows.values() if r.open < 0), key=_by_id)
        for debt in debts:
            lots = sorted(
                (r for r in self.rows.values() if r.open > 0 and not r.is_expired(day)),
                key=lambda row: (row.is_pending(day), row.order),
            )
            rest = self._consume(debt.id, -debt.open, lots)
            if debt.open != -rest:
                debt.open = -rest
                self.changed_ids.add(debt.id)


def _by_id(row):
    return row.id
