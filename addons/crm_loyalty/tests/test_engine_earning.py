"""What lines earn and what comes back, without a database."""

from unittest import TestCase

from ..engine.earning import EarningLine, RuleTerms, Terms, earn, share_out
from ..engine.returns import PostedPoints, get_targets

GOODS = EarningLine(1, product=7, quantity=10, amount=100, minimum=100)
OTHERS = EarningLine(2, product=8, quantity=5, amount=100, minimum=100)
SHIPPING = EarningLine(3, product=9, is_goods=False)
DISCOUNT = EarningLine(4, product=6, amount=-20, minimum=0, is_goods=False)


def _terms(mode, points=1, **vals):
    rule = RuleTerms(1, mode, points, products=(6, 7, 8, 9), **vals)
    return Terms(rules=(rule,), products=(6, 7, 8, 9))


class TestEarning(TestCase):
    def test_lines_earn_by_what_the_rule_counts(self):
        lines = [GOODS, OTHERS, SHIPPING, DISCOUNT]
        for mode, points, parts in (
            ("money", 180, {1: 100, 2: 100, 4: -20}),
            ("unit", 15, {1: 10, 2: 5}),
            ("order", 1, {1: 0.5, 2: 0.5}),
        ):
            earned = earn(_terms(mode), lines)
            self.assertEqual((earned.points, earned.get_parts()), (points, parts))

    def test_a_minimum_decides_whether_a_rule_gives_points(self):
        for vals, points in (
            ({"minimum_amount": 200}, 15),
            ({"minimum_amount": 201}, 0),
            ({"minimum_amount": 1, "is_untaxed": True}, 0),
            ({"minimum_quantity": 15}, 15),
            ({"minimum_quantity": 16}, 0),
        ):
            earned = earn(_terms("unit", **vals), [GOODS, OTHERS])
            self.assertEqual(earned.points, points, vals)

    def test_amounts_are_rounded_down_in_the_currency_of_the_program(self):
        line = EarningLine(1, product=7, quantity=1, amount=15099)
        terms = Terms(rules=_terms("money").rules, rate=1 / 150)
        self.assertEqual(earn(terms, [line]).points, 100.66)

    def test_what_is_not_paid_with_money_earns_nothing(self):
        terms = Terms(rules=_terms("money").rules, on_paid=True)
        earned = earn(terms, [GOODS, OTHERS], share=0.25)
        self.assertEqual((earned.points, earned.get_parts()), (50, {1: 25, 2: 25}))

    def test_a_return_takes_what_its_lines_earned(self):
        earned = earn(_terms("money"), [GOODS, OTHERS, SHIPPING, DISCOUNT])
        for returned, share in (
            ({3: (1, 1)}, 0),
            ({1: (0.9, 0.1)}, 0.5),
            ({1: (1, 1), 2: (1, 1)}, 1),
            ({1: (1, 1), 2: (1, 1), 4: (1, 1)}, 1),
        ):
            self.assertEqual(earned.get_returned_share(returned), share)
        earned = earn(_terms("unit"), [GOODS, OTHERS])
        self.assertEqual(earned.get_returned_share({1: (0.1, 0.75)}), 0.5)

    def test_the_parts_of_lines_add_up(self):
        shares = share_out(10000, {1: 1, 2: 1, 3: 1})
        self.assertEqual(sum(shares.values()), 10000)
        self.assertEqual(shares, {1: 3333, 2: 3334, 3: 3333})

    def test_terms_are_kept_as_json(self):
        terms = _terms("unit", minimum_amount=3).add_products((5,), {1: (5,)})
        self.assertEqual(Terms.from_json(terms.to_json()), terms)
        self.assertEqual(terms.rules[0].products, (6, 7, 8, 9, 5))


class TestTargets(TestCase):
    def _posted(self, *parts):
        """Return posted points of ``(units, returned, waived)``."""
        posted = []
        for number, (units, returned, waived) in enumerate(parts):
            points = PostedPoints(None, "earn", None, units, str(number))
            points.returned, points.waived = returned, waived
            posted.append(points)
        return posted

    def _targets(self, back, *parts):
        targets = get_targets(self._posted(*parts), back)
        return [(points.name, target) for points, target in targets]

    def test_the_latest_points_go_back_first_and_come_back_last(self):
        parts = ((10, 0, 0), (5, 0, 0))
        self.assertEqual(self._targets(3, *parts), [("1", 3)])
        self.assertEqual(self._targets(8, *parts), [("1", 5), ("0", 3)])
        parts = ((10, 3, 0), (5, 5, 0))
        self.assertEqual(self._targets(8, *parts), [])
        self.assertEqual(self._targets(4, *parts), [("0", 0), ("1", 4)])

    def test_what_was_waived_comes_back_first_and_gives_nothing(self):
        [points] = self._posted((10, 1, 3))
        for target, units, unwaived in (
            (4, 0, 0),
            (6, -2, 0),
            (2, 0, 2),
            (0, 1, 3),
        ):
            self.assertEqual(points.get_units_to_post(target), (units, unwaived))
