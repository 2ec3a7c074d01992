"""Suspension: released points become pending again, because a payment was undone.

Points that were spent meanwhile were not the customer's to spend. The spending is taken
from other lots instead; what they lack is owed by the spending, if the program lets
balances go below zero, or else stays with the lot and is done without. The balance
doesn't change, and neither does any entry.

    earned 10 (released), 4 spent    lot of 6                    available 6
    payment undone, debt             lot of 10 pending, owes 4   available 0
    payment undone, waived           lot of 6 pending            available 0
    paid again                       lot of 6                    available 6
"""

from .ledger import OpenEntry


def suspend(account, lots, spent, day, shortage):
    """Make lots pending, and take from other lots what was spent of them.

    :param account: the `ledger.Account` of the card
    :param lots: the lots as `OpenEntry`, including used-up ones
    :param spent: ``[(entry, lot id, units)]``: what entries spent of the lots
    :param shortage: ``debt``, or else the rest is done without
    """
    for lot in lots:
        row = account.rows.setdefault(lot.id, lot)
        row.available = None
        account.changed_ids.add(row.id)
    for entry, lot_id, units in spent:
        others = sorted(
            (row for row in account.rows.values() if row.is_spendable(day)),
            key=lambda row: row.order,
        )
        there = sum(row.open for row in others)
        units = units if shortage == "debt" else min(units, there)
        _give_back(account, entry, lot_id, units)
        _spend_elsewhere(account, entry, units, others)


def release(account, lots, day):
    """Make lots available on a day, and pay debts from them."""
    for lot in lots:
        account.rows.setdefault(lot.id, lot).available = day
        account.changed_ids.add(lot.id)
    account._pay_debts(day)


def _give_back(account, entry, lot_id, units):
    if units:
        account.rows[lot_id].open += units
        account.consumptions.append((entry, lot_id, -units))


def _spend_elsewhere(account, entry, units, lots):
    row = account.rows.setdefault(entry, OpenEntry(entry, 0))
    row.open -= account._consume(entry, units, lots)
    account.changed_ids.add(entry)
