"""Documents that come back: how much of what they posted should be back by now.

Nothing is posted per return. What should be back is worked out from all returns so
far, what is back already is in the ledger, and the difference is posted. So what is
told twice is done once, and several returns add up exactly:

    earned 10, a third of it returned           target 3.33   post -3.33
    the same told again                         target 3.33   post nothing
    all of it returned                          target 10     post -6.67
    the last return was a mistake               target 3.33   post +6.67
"""

from .ledger import to_points, to_units


class PostedPoints:
    """What an order has posted on one card under one heading, and what of it is left.

    ``origin`` is the entry, empty for an order that was confirmed before there
    was a ledger. ``units`` are those of the order, ``back`` those that were taken
    or given back, ``waived`` those that could not be.
    """

    def __init__(self, card, kind, origin, units, name):
        self.card = card
        self.kind = kind
        self.origin = origin
        self.units = units
        self.name = name
        self.back = 0
        self.waived = 0
        self.count = 0

    def note(self, entry):
        """Count an entry that has taken some of it back."""
        sign = -1 if self.kind == "earn" else 1
        self.back += sign * to_units(entry.points)
        self.waived += to_units(entry.waived)
        self.count += 1

    def get_units_to(self, target):
        """Return the units to post for ``target`` of them to be back."""
        due = target - self.back - self.waived
        if due < 0:
            # What was waived was not taken, and can't be given back.
            due = min(target - self.back, 0)
        return -due if self.kind == "earn" else due

    def get_postings(self, target, *, prefix, source, reason):
        """Return postings for ``target`` units of it to be back; none where they are.

        :param prefix: what keys of the order begin with
        :param source: the document by which they come back
        """
        units = self.get_units_to(target)
        if not units:
            return []
        return [
            {
                "card": self.card,
                "points": to_points(units),
                "kind": "reverse",
                "key": f"{prefix}back:{self.name}:{self.count}",
                "source": source,
                "origin": self.origin,
                "reason": reason,
            }
        ]


def get_posted(entries):
    """Return `PostedPoints` of entries of an order, with what took them back."""
    posted = {
        entry.id: PostedPoints(
            entry.card_id,
            entry.kind,
            entry,
            abs(to_units(entry.points)),
            str(entry.id),
        )
        for entry in entries
    }
    for child in entries.search([("origin_id", "in", list(posted))]):
        posted[child.origin_id.id].note(child)
    return list(posted.values())


def get_target(units, share):
    """Return the units to be back for a share: to the cent, and all of all."""
    return units if share >= 1 else to_units(round(to_points(units) * share, 2))


def get_share(lines, returned, weight=lambda line: 1):
    """Return which share of lines came back, by amount; by quantity if free.

    ``returned`` tells ``(amount, quantity)`` of lines; ``weight`` tells what a line
    counts for its amount.
    """
    total = sum(weight(line) * abs(line.price_subtotal) for line in lines)
    if total:
        part = sum(
            weight(line) * returned[line][0] for line in lines if line in returned
        )
    else:
        total = sum(abs(_get_quantity(line)) for line in lines)
        part = sum(returned[line][1] for line in lines if line in returned)
    return min(part / total, 1) if total else 0


def get_cost_share(rewards, returned):
    """Return which share of what rewards cost came back, see `get_share`.

    :param rewards: the lines of an order that are rewards of one card; those of one
        reward have its code, and its cost may be on any of them
    """
    costs = sum(rewards.mapped("points_cost"))
    if not costs:
        return 0
    back = 0
    for lines in rewards.grouped("reward_identifier_code").values():
        back += sum(lines.mapped("points_cost")) * get_share(lines, returned)
    return back / costs


def _get_quantity(line):
    """Return the quantity of a line of a sales order, or of one of the till."""
    return line["product_uom_qty" if "product_uom_qty" in line._fields else "qty"]
