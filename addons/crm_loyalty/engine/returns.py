"""Returns: how many points of an order are to be taken or given back.

Points are not posted per return. The target is computed from all returns so far, the
ledger has what is back already, and the difference is posted. So a return that is
processed twice is posted once, and several returns add up exactly:

    earned 10, a third of it returned           target 3.33   post -3.33
    the same return processed again             target 3.33   post nothing
    all of it returned                          target 10     post -6.67
    the last return was a mistake               target 3.33   post +6.67

Points that are waived, since they expired or were spent, count as back: they are not
taken again, and nothing is given for them.
"""

from .ledger import to_points, to_units


class PostedPoints:
    """Points that an order posted on one card, and how many of them are back.

    ``origin`` is the entry, empty for an order confirmed before the ledger existed.
    ``units`` are those of the order, ``returned`` those that were taken or given back,
    ``waived`` those that could not be taken back; below zero: that were given back, and
    could not be taken again.
    """

    def __init__(self, card, kind, origin, units, name):
        self.card = card
        self.kind = kind
        self.origin = origin
        self.units = units
        self.name = name
        self.returned = 0
        self.waived = 0
        self.count = 0
        self.earning = origin.earning or {} if origin else {}
        self.spend = get_spend(origin) if origin else None

    def add_reversal(self, entry):
        """Count an entry that reverses part of the points."""
        sign = -1 if self.kind == "earn" else 1
        self.returned += sign * to_units(entry.points)
        self.waived -= sign * to_units(entry.waived)
        if self.spend is not None:
            self.spend += get_spend(entry) or 0
        self.count += 1

    @property
    def back(self):
        """The units that are back, waived ones included."""
        return self.returned + self.waived

    def get_units_to_post(self, target):
        """Return the signed units to post so that ``target`` units are back.

        And those that are no longer waived: they were never taken, so they can't be
        given back.
        """
        sign = -1 if self.kind == "earn" else 1
        due = sign * (target - self.back)
        unwaived = min(max(due, 0), max(-sign * self.waived, 0))
        return due - unwaived, unwaived

    def get_postings(self, target, *, prefix, source, reason, earning=None):
        """Return the postings so that ``target`` units are back; none if they are.

        :param prefix: the prefix of the order's keys
        :param source: the document of the return
        :param earning: what else the entry keeps; it is posted even without points
        """
        units, unwaived = self.get_units_to_post(target)
        if not units and not unwaived and not earning:
            return []
        return [
            {
                "card": self.card,
                "points": to_points(units),
                "unwaived": to_points(unwaived),
                "kind": "reverse",
                "key": f"{prefix}back:{self.name}:{self.count}",
                "source": source,
                "origin": self.origin,
                "reason": reason,
                "earning": earning,
            }
        ]


def get_targets(posted, back):
    """Return the `PostedPoints` that change, each with its target.

    :param posted: the points of one program in an order, oldest first. The latest go
        back first, and come back last.
    :param back: the units that are to be back of all of them
    """
    missing = back - sum(points.back for points in posted)
    targets = []
    for points in reversed(posted) if missing > 0 else posted:
        target = min(max(points.back + missing, 0), points.units)
        if target != points.back and missing:
            targets.append((points, target))
            missing -= target - points.back
    return targets


def get_posted_points(entries):
    """Return the `PostedPoints` of an order's entries, with their reversals."""
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
        posted[child.origin_id.id].add_reversal(child)
    return list(posted.values())


def get_spend(entry):
    """Return the spend that an entry counts for tiers; None if it is not known."""
    spend = (entry.earning or {}).get("spend")
    if spend is None and entry.qualifying_date:
        return entry.qualifying_spend
    return spend


def get_target_units(units, share):
    """Return the units of a share, rounded to 0.01 points; all units if it is 1."""
    return units if share >= 1 else to_units(round(to_points(units) * share, 2))


def get_returned_share(lines, returned, weight=lambda line: 1):
    """Return the share (0 to 1) of lines that came back.

    The share is by amount, or by quantity if the lines are free. ``returned`` maps
    lines to ``(amount, quantity)``; ``weight`` returns the factor of a line's amount.
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


def get_returned_cost_share(rewards, returned):
    """Return the share of the points spent on rewards that came back.

    :param rewards: the reward lines of one card in an order. The lines of one reward
        have the same code, and any of them may have its cost.
    :param returned: the returned lines, as in `get_returned_share`
    """
    costs = sum(rewards.mapped("points_cost"))
    if not costs:
        return 0
    back = 0
    for lines in rewards.grouped("reward_identifier_code").values():
        back += sum(lines.mapped("points_cost")) * get_returned_share(lines, returned)
    return back / costs


def _get_quantity(line):
    """Return the quantity of a line of a sales order or PoS order."""
    return line["product_uom_qty" if "product_uom_qty" in line._fields else "qty"]
