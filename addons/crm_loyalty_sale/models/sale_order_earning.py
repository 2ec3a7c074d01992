from dataclasses import replace

from odoo import models
from odoo.tools import float_round

from odoo.addons.crm_loyalty.engine import earning
from odoo.addons.crm_loyalty.engine.ledger import to_points, to_units

from .sale_order_payment import PAYMENT_PROGRAM_TYPES


class SaleOrder(models.Model):
    """What each line of an order earns, see `crm_loyalty.engine.earning`."""

    _inherit = "sale.order"

    def _get_points_rate(self, program):
        """Return the factor from amounts of the order to the program's currency.

        It is the one conversion of points: the order's rate into the currency of its
        company, and that of its day into the currency of the program.
        """
        self.ensure_one()
        currency = self.company_id.currency_id
        if self.currency_id == program.currency_id:
            return 1
        rate = 1 / (self.currency_rate or 1)
        if currency != program.currency_id:
            rate *= currency._get_conversion_rate(
                currency, program.currency_id, self.company_id, self.date_order.date()
            )
        return rate

    # ------------------------------------------------------------
    # Terms and lines
    # ------------------------------------------------------------

    def _get_earning_terms(self, program):
        """Return the `earning.Terms` of a program for this order today."""
        self.ensure_one()
        products = self.order_line.product_id
        valid = program._get_valid_products(products)
        cash_back = program._gives_cash_back() and program.crm_loyalty_cashback_percent
        return earning.Terms(
            rules=tuple(
                earning.RuleTerms(
                    id=rule.id,
                    mode=rule.reward_point_mode,
                    points=rule.reward_point_amount,
                    products=valid[rule]._ids,
                    minimum_quantity=rule.minimum_qty,
                    minimum_amount=rule._compute_amount(self.currency_id),
                    is_untaxed=rule.minimum_amount_tax_mode == "excl",
                )
                for rule in self._get_earning_rules(program)
                if rule in valid
            ),
            products=products._ids,
            rate=self._get_points_rate(program),
            on_paid=program.crm_loyalty_earn_base == "paid",
            cash_back=cash_back or 0,
        )

    def _get_earning_rules(self, program):
        """Return the rules of a program that Odoo applies to the order."""
        if program.program_type == "ewallet" and not program.trigger_product_ids:
            return program.rule_ids.browse()
        return program.rule_ids.filtered(
            lambda rule: rule.mode != "with_code" or rule in self.code_enabled_rule_ids
        )

    def _update_earning_terms(self, program, terms):
        """Return terms that also know the products that came to the order since.

        Whether these earn is decided by the rules of today, once.
        """
        new = self.order_line.product_id.filtered(lambda p: p.id not in terms.products)
        if not new:
            return terms
        valid = program._get_valid_products(new)
        products = {rule.id: found._ids for rule, found in valid.items()}
        return terms.add_products(new._ids, products)

    def _get_earning_lines(self, program):
        """Return the lines as `earning.EarningLine`, as Odoo's rules count them."""
        self.ensure_one()
        uncounted = self._get_no_effect_on_threshold_lines()
        goods = self._get_not_rewarded_order_lines()
        not_paid_by = ("ewallet", "gift_card", program.program_type)
        # Top-ups of an eWallet, and what pays the order, give no cash back.
        top_ups = program.trigger_product_ids if program.is_payment_program else ()
        lines = []
        for line in self.order_line:
            if not line.product_id or line.combo_item_id:
                continue
            # The user need not have access to the programs of rewards.
            reward = line.reward_id.sudo()
            by = reward.program_id
            is_discount = reward.reward_type == "discount" and (
                by.trigger == "auto" or by == program
            )
            total = self._get_order_line_price(line, "price_total")
            untaxed = self._get_order_line_price(line, "price_subtotal")
            tax = self._get_order_line_price(line, "price_tax")
            is_counted = line not in uncounted
            is_goods = line in goods
            is_cash = (
                by.program_type not in PAYMENT_PROGRAM_TYPES
                and line.product_id not in top_ups
            )
            lines.append(
                earning.EarningLine(
                    id=line.id,
                    product=line.product_id.id,
                    quantity=line.product_uom_qty if is_goods else 0,
                    amount=total
                    if is_counted and by.program_type not in not_paid_by
                    else 0,
                    minimum=untaxed + tax if is_counted and not is_discount else 0,
                    untaxed_minimum=untaxed if is_counted and not is_discount else 0,
                    cash=line.price_total if is_cash else 0,
                    is_goods=is_goods,
                )
            )
        return lines

    def _earn(self, program, terms):
        """Return the `earning.Earned` of the present lines."""
        share = 1
        if terms.on_paid or terms.cash_back:
            share = self._get_payment_parts(program).share
        return earning.earn(terms, self._get_earning_lines(program), share)

    def _get_points_in_currency(self, program, points):
        """Return the points that Odoo computed, with amounts in the right currency.

        Odoo counts the amounts of an order in its own currency as if they were in that
        of the program.
        """
        terms = self._get_earning_terms(program)
        if terms.rate == 1:
            return points
        lines = self._get_earning_lines(program)
        terms = replace(terms, on_paid=False, cash_back=0)
        odoo = earning.earn(replace(terms, rate=1), lines)
        right = earning.earn(terms, lines)
        first, *others = points
        split = program.rule_ids.filtered("reward_point_split")
        if set(split.mapped("reward_point_mode")) == {"money"}:
            return [first, *(_round_down(p * terms.rate) for p in others)]
        return [first + right.points - odoo.points, *others]

    # ------------------------------------------------------------
    # What an entry keeps
    # ------------------------------------------------------------

    def _get_earning(self, program, units, terms=None, before=()):
        """Return what an earn entry of some units keeps, see its field `earning`.

        :param units: the units that the program earns in the order, all its cards
        :param before: the `PostedPoints` of earlier entries of the program
        """
        self.ensure_one()
        is_first = not before
        terms = terms or self._get_earning_terms(program)
        earned = self._earn(program, terms)
        parts = earned.get_parts()
        lines = earning.share_out(units, parts)
        for points in before:
            for line, part in points.earning.get("lines", {}).items():
                lines[int(line)] = lines.get(int(line), 0) - to_units(part)
        kept = {
            "terms": terms.to_json(),
            "points": earned.points,
            "times": self._get_times(program, units, earned.points),
            "lines": {line: to_points(part) for line, part in lines.items() if part},
        }
        if is_first and program.program_type == "loyalty":
            kept["spend"] = self._get_spend(terms.rate)
        return kept

    def _get_times(self, program, units, points):
        """Return by how much the points of the rules were multiplied."""
        if not points:
            return 1
        times = 1
        if program.is_nominative and program._has_multiplier():
            cards = self._get_cards_of_customer(program)
            card = cards.get(program.sudo(False), cards[None])
            times = program._get_multiplier(card, self.partner_id)
        # Another addon may have given more, or less.
        is_known = abs(to_points(units) - points * times) < 0.01
        return times if is_known else to_points(units) / points

    def _get_spend(self, rate, returned=()):
        """Return the untaxed amount that counts for tiers, less what came back.

        Lines that pay with eWallets and gift cards don't lower it.

        :param returned: see `_get_returned_shares`
        """
        spend = 0
        for line in self.order_line:
            # The user need not have access to the programs of rewards.
            by = line.reward_id.sudo().program_id.program_type
            if by not in ("ewallet", "gift_card"):
                share = returned[line.id][0] if line.id in returned else 0
                spend += line.price_subtotal * (1 - share)
        return round(spend * rate, 4)


def _round_down(points):
    return float_round(points, precision_digits=2, rounding_method="DOWN")
