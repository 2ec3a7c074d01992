"""What each line of an order earns, by the rules as they were on the day.

An entry keeps the terms of an order: what the rules of the program said when it was
confirmed, as plain values. So what the order earns is computed from these terms and
its present lines, whatever has become of rules, products and currencies since. Each
rule's points are split between the lines that it counts, by what it counts of them:

    by amount    by the amount with tax; a discount has a negative part
    by unit      by the quantity
    by order     by the amount of the goods

A return takes back the parts of what came back:

    goods of 100 earn 100, shipping of 20 earns none; the goods are returned      0
                                                      the shipping is refunded  100
"""

from dataclasses import asdict, dataclass, field, replace

from odoo.tools import float_round


@dataclass(frozen=True)
class EarningLine:
    """A line of an order or of the till, as rules count it.

    ``amount`` is what rules by amount count of it, ``minimum`` and
    ``untaxed_minimum`` what counts for the least amount, ``quantity`` the units;
    ``cash`` is the amount on which cash back is given. ``is_goods``: not a reward.
    """

    id: int
    product: int
    quantity: float = 0
    amount: float = 0
    minimum: float = 0
    untaxed_minimum: float = 0
    cash: float = 0
    is_goods: bool = True


@dataclass(frozen=True)
class RuleTerms:
    """What a rule said: ``mode`` is order, money or unit.

    ``minimum_amount`` is in the currency of the order.
    """

    id: int
    mode: str
    points: float
    products: tuple[int, ...]
    minimum_quantity: float = 0
    minimum_amount: float = 0
    is_untaxed: bool = False


@dataclass(frozen=True)
class Terms:
    """What a program said when an order was confirmed.

    ``products`` are those of which the rules say whether they earn. ``rate`` converts
    amounts of the order into the program's currency. ``on_paid``: only the part that
    is paid with money earns. ``cash_back`` is a percentage.
    """

    rules: tuple[RuleTerms, ...] = ()
    products: tuple[int, ...] = ()
    rate: float = 1
    on_paid: bool = False
    cash_back: float = 0

    def to_json(self):
        return asdict(self)

    @classmethod
    def from_json(cls, values):
        rules = [
            RuleTerms(**{**rule, "products": tuple(rule["products"])})
            for rule in values["rules"]
        ]
        return cls(
            **{**values, "rules": tuple(rules), "products": tuple(values["products"])}
        )

    def add_products(self, products, by_rule):
        """Return terms that also know other products.

        ``by_rule`` maps ids of rules to those of them that earn.
        """
        rules = tuple(
            replace(rule, products=rule.products + tuple(by_rule.get(rule.id, ())))
            for rule in self.rules
        )
        return replace(self, rules=rules, products=self.products + tuple(products))


@dataclass
class Earned:
    """The points that an order earns, and the parts of its lines by id.

    The parts are those of amounts, and those of units.
    """

    points: float = 0
    by_amount: dict[int, float] = field(default_factory=dict)
    by_unit: dict[int, float] = field(default_factory=dict)

    def get_parts(self):
        """Return ``{line id: points}``."""
        return {
            line: self.by_amount.get(line, 0) + self.by_unit.get(line, 0)
            for line in {**self.by_amount, **self.by_unit}
        }

    def get_returned_share(self, returned):
        """Return the share (0 to 1) of the points that came back.

        ``returned`` maps ids of lines to the shares of their amount and quantity.
        """
        back = total = 0
        for parts, index in ((self.by_amount, 0), (self.by_unit, 1)):
            total += sum(parts.values())
            back += sum(
                part * returned[line][index]
                for line, part in parts.items()
                if line in returned
            )
        return min(max(back / total, 0), 1) if total > 0 else 0


def earn(terms, lines, share=1):
    """Return what lines earn.

    :param share: the share of the order that is paid with money
    """
    earned = Earned()
    for rule in terms.rules:
        _add_rule(earned, terms, rule, lines)
    if not terms.on_paid and not terms.cash_back:
        return earned
    if terms.on_paid:
        earned.points *= share
        for parts in (earned.by_amount, earned.by_unit):
            parts.update({line: part * share for line, part in parts.items()})
    if terms.cash_back:
        cash = sum(line.cash for line in lines)
        points = max(cash, 0) * terms.rate * share * terms.cash_back / 100
        earned.points += points
        _split(earned.by_amount, points, {line.id: line.cash for line in lines})
    earned.points = float_round(
        earned.points, precision_digits=2, rounding_method="DOWN"
    )
    return earned


def share_out(units, parts):
    """Return ``{line: units}`` by the parts of lines, with exactly this sum."""
    total = sum(parts.values())
    if not total:
        return {}
    shares, given, passed = {}, 0, 0
    for line, part in parts.items():
        passed += part
        shares[line] = round(units * passed / total) - given
        given += shares[line]
    return shares


def split_by_amount(lines):
    """Return parts of points that no known rule gave: by the amounts of the goods."""
    goods = [line for line in lines if line.is_goods]
    earned = Earned(1)
    _split(earned.by_amount, 1, _get_goods_weights(goods))
    return earned


def _add_rule(earned, terms, rule, lines):
    """Add the points of a rule as Odoo counts them, and split them."""
    mine = [line for line in lines if line.product in rule.products]
    goods = [line for line in mine if line.is_goods]
    least = sum(
        line.untaxed_minimum if rule.is_untaxed else line.minimum for line in mine
    )
    quantity = sum(line.quantity for line in goods)
    if (
        not any(line.quantity for line in goods)
        or least < rule.minimum_amount
        or quantity < rule.minimum_quantity
    ):
        return
    if rule.mode == "unit":
        points = rule.points * quantity
        _split(earned.by_unit, points, {line.id: line.quantity for line in goods})
    elif rule.mode == "money":
        points = float_round(
            rule.points * terms.rate * sum(line.amount for line in mine),
            precision_digits=2,
            rounding_method="DOWN",
        )
        _split(earned.by_amount, points, {line.id: line.amount for line in mine})
    else:
        points = rule.points
        _split(earned.by_amount, points, _get_goods_weights(goods))
    earned.points += points


def _get_goods_weights(goods):
    """Return ``{line id: amount}``, or quantities if the goods are free."""
    weights = {line.id: max(line.amount, 0) for line in goods}
    if any(weights.values()):
        return weights
    return {line.id: max(line.quantity, 0) for line in goods}


def _split(parts, points, weights):
    """Add points to the parts of lines, by their weights."""
    total = sum(weights.values())
    if not total:
        return
    for line, weight in weights.items():
        if weight:
            parts[line] = parts.get(line, 0) + points * weight / total
