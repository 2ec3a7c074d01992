"""Expected points of an order, in plain Python.

An independent computation for the tests: it gets an order as a list of items, shares no
code with the addons, and knows no ledger. What an order has earned is what it would
earn without what came back; points by order stay as long as goods do, by their share.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

# What rules by amount count: neither shipping nor what pays the order.
COUNTED = ("goods", "discount")


@dataclass(frozen=True)
class Item:
    """A line: what is ordered now, the price of one with tax, and what came back.

    ``kind``: goods, shipping, discount, reward (paid with points) or gift card.
    """

    name: str
    ordered: int
    price: Fraction
    kind: str = "goods"
    back: int = 0

    @property
    def kept(self):
        return self.ordered - self.back

    @property
    def is_goods(self):
        return self.kind == "goods"


def change(items, ordered=(), back=()):
    """Return items with other ordered or returned numbers, by name."""
    return [
        replace(
            item,
            ordered=dict(ordered).get(item.name, item.ordered),
            back=dict(back).get(item.name, item.back),
        )
        for item in items
    ]


def return_all(items):
    return [replace(item, back=item.ordered) for item in items]


def by_amount(items):
    """A point for each unit of the currency."""
    return sum(item.kept * item.price for item in items if item.kind in COUNTED)


def by_product(items):
    """A point for each unit of the currency spent on coffee."""
    return sum(item.kept * item.price for item in items if item.name == "Coffee")


def by_unit(items):
    """Three points for each of the goods."""
    return 3 * sum(item.kept for item in items if item.is_goods)


def by_order(items):
    """Fifty points for an order."""
    goods = [item for item in items if item.is_goods]
    ordered = sum(item.ordered * item.price for item in goods)
    kept = sum(item.kept * item.price for item in goods)
    return Fraction(50 * kept, ordered) if ordered else 0


MODES = {
    "amount": by_amount,
    "product": by_product,
    "unit": by_unit,
    "order": by_order,
}


def get_points(mode, items):
    return round(float(max(MODES[mode](items), 0)), 2)
