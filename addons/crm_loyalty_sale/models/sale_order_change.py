from collections import defaultdict
from contextlib import contextmanager

from odoo import models
from odoo.fields import Command

from odoo.addons.crm_loyalty.engine import earning
from odoo.addons.crm_loyalty.engine.ledger import to_points, to_units
from odoo.addons.crm_loyalty.engine.returns import (
    get_returned_cost_share,
    get_target_units,
    get_targets,
)

# Context key of the `ChangedOrders` of a change of several lines.
CHANGED_ORDERS = "crm_loyalty_changed_orders"
# Less spend than this is rounding.
LEAST_SPEND = 0.005


class ChangedOrders:
    """Orders to update at the end of a change. A client can't send it as context."""

    def __init__(self):
        self.ids = set()


class SaleOrder(models.Model):
    """Points follow every change and return of a confirmed order.

    What the order earns and costs now is computed from the terms that its entries keep,
    its present lines, and what came back of them. The difference to the ledger is
    posted: points that it earns in addition, or a part taken back or given back.
    """

    _inherit = "sale.order"

    # ------------------------------------------------------------
    # Changes
    # ------------------------------------------------------------

    @contextmanager
    def _sync_changed_points(self):
        """Update the points of confirmed orders of which the block changes lines.

        Yield the orders, with a context by which changes of several lines are one.
        """
        changed = self.env.context.get(CHANGED_ORDERS)
        is_inner = isinstance(changed, ChangedOrders)
        orders = self.filtered(lambda order: order.state == "sale")
        # The end of a block that collects points posts them.
        if not orders or self.env["loyalty.card"]._get_points_collector():
            yield self
            return
        if not is_inner:
            changed = ChangedOrders()
        orders.browse(set(orders.ids) - changed.ids)._store_missing_earnings()
        changed.ids.update(orders.ids)
        if is_inner:
            yield self
            return
        yield self.with_context(**{CHANGED_ORDERS: changed})
        orders.browse(changed.ids)._sync_points(is_change=True)

    def _sync_points_later(self):
        """Update the points of these orders at the end of the transaction."""
        precommit = self.env.cr.precommit
        ids = precommit.data.setdefault("crm_loyalty_sale.orders", set())
        if not ids:
            precommit.add(self.browse()._sync_later)
        ids.update(self.ids)

    def _sync_later(self):
        ids = self.env.cr.precommit.data.pop("crm_loyalty_sale.orders", ())
        # The user who changes a delivery or an invoice need not have access to orders.
        self.browse(ids).exists().sudo()._sync_points()

    def _sync_returned_points(self, move):
        """Update the points of confirmed orders after invoices and credit notes."""
        self.filtered(
            lambda order: order.state == "sale" and order._may_have_returns()
        )._sync_points(move)

    def _sync_points(self, source=None, is_change=False):
        """Post what confirmed orders earn and cost now, less what is posted.

        :param source: the document of a return
        :param is_change: whether lines changed, so programs may give their first points
        """
        values_list = []
        for order in self.filtered(lambda order: order.state == "sale"):
            order = order.with_company(order.company_id)
            posted = order._get_posted_points()
            for points in order._group_posted(posted):
                if points[0].kind == "earn":
                    values_list += order._get_earned_postings(points, source)
                else:
                    values_list += order._get_spent_postings(points, source)
            if is_change:
                values_list += order._get_first_postings(posted)
        self.env["loyalty.card"]._post_many(self._sort_postings(values_list))

    def _group_posted(self, posted):
        """Return lists of `PostedPoints`: earned by program, spent by card."""
        groups = defaultdict(list)
        for points in posted:
            # The user need not have access to the program.
            program = points.card.sudo().program_id
            is_other = bool(points.earning.get("other"))
            # Points of such a program end with the order.
            if program.applies_on == "current" or is_other and points.kind == "burn":
                continue
            owner = program if points.kind == "earn" else points.card
            groups[points.kind, owner, is_other].append(points)
        return list(groups.values())

    # ------------------------------------------------------------
    # Earned points
    # ------------------------------------------------------------

    def _get_earned_postings(self, posted, source):
        """Return the postings so that the order has earned what it earns now.

        :param posted: the points that it earned in one program, oldest first
        """
        # The user need not have access to the program.
        program = posted[0].card.sudo().program_id
        total = sum(points.units for points in posted)
        terms, earned, units = self._get_earned_now(program, posted, total)
        returned = self._get_returned_shares()
        share = earned.get_returned_share(returned)
        kept = units - get_target_units(units, share)
        values_list = []
        if units > total and program.is_nominative and terms:
            values_list.append(
                self._prepare_further_values(program, posted, units - total, terms)
            )
            total = units
        for points, target in get_targets(posted, total - min(kept, total)):
            values_list += self._get_reversal_postings(points, target, source)
        self._store_coupon_points(posted[0].card, units)
        if posted[0].spend is not None:
            rate = terms.rate if terms else 1
            spend = self._get_spend(rate, returned)
            self._add_spend(values_list, posted, spend, source)
        return values_list

    def _get_earned_now(self, program, posted, total):
        """Return terms, what lines earn by them, and the units that they earn."""
        kept = next((p.earning for p in reversed(posted) if "terms" in p.earning), None)
        if kept:
            known = earning.Terms.from_json(kept["terms"])
            terms = self._update_earning_terms(program, known)
            if terms != known:
                self._store_terms(posted, terms)
            earned = self._earn(program, terms)
            if kept["points"] > 0:
                if earned.points == kept["points"]:
                    return terms, earned, total
                points = round(max(earned.points, 0) * kept["times"], 2)
                return terms, earned, to_units(points)
        elif posted[0].earning.get("other"):
            terms, earned = None, earning.Earned()
        else:
            terms = self._get_earning_terms(program)
            earned = self._earn(program, terms)
        if earned.points <= 0:
            # Rules no longer say why the order earned these points.
            earned = earning.split_by_amount(self._get_earning_lines(program))
        return terms, earned, total

    def _prepare_further_values(self, program, posted, units, terms):
        """Return the posting of points that a changed order earns in addition."""
        first = posted[0]
        total = units + sum(points.units for points in posted)
        kept = self._get_earning(program, total, terms, posted)
        times = first.earning.get("times") or 1
        return {
            "card": first.card,
            "points": to_points(units),
            "kind": "earn",
            "key": f"{self._get_entry_key_prefix()}earn:{len(posted)}",
            "source": self,
            "reason": self.name,
            "earning": kept
            | {
                "times": times,
                "base": round(to_points(units) / times, 2) if times else 0,
            },
        }

    def _add_spend(self, values_list, posted, spend, source):
        """Add the difference of spend that counts for tiers to the postings."""
        difference = round(spend - sum(points.spend for points in posted), 4)
        if abs(difference) < LEAST_SPEND:
            difference = 0
        for values in values_list:
            values["earning"] = (values["earning"] or {}) | {"spend": difference}
            difference = 0
        if difference and self._counts_spend(posted[0]):
            last = posted[-1]
            values_list += self._get_reversal_postings(
                last, last.back, source, {"spend": difference}
            )

    def _counts_spend(self, points):
        """Return whether tiers depend on the spend of points."""
        # The user need not have access to the program.
        program = points.card.sudo().program_id
        return (
            program.crm_loyalty_tier_basis == "spend"
            and program.id in program._get_tier_program_ids()
        )

    def _get_first_postings(self, posted):
        """Return the postings of programs that only the changed order earns points in.

        They existed when the order was made.
        """
        # The user need not have access to the programs.
        known = {points.card.sudo().program_id for points in posted}
        # The user need not have access to coupon points.
        applied = self.sudo().coupon_point_ids.coupon_id.program_id
        values_list = []
        for program, points in self._get_applicable_program_points().items():
            if (
                points <= 0
                or program in known
                or not program.is_nominative
                or program not in applied
                and program.create_date > self.create_date
            ):
                continue
            card = self._get_card_of_program(program)
            self._store_coupon_points(card, to_units(points))
            values_list.append(
                {
                    "card": card,
                    "points": points,
                    "kind": "earn",
                    "key": f"{self._get_entry_key_prefix()}earn",
                    "source": self,
                    "reason": self.name,
                    "earning": self._get_earning(program, to_units(points)),
                }
            )
        return values_list

    def _get_card_of_program(self, program):
        """Return the customer's card of a program, a new one if there is none."""
        cards = self._get_cards_of_customer(program)
        # The user need not have the right to create cards.
        return cards.get(program) or cards[None].with_context(
            loyalty_no_mail=True, tracking_disable=True
        ).create(
            {
                "program_id": program.id,
                "partner_id": self.partner_id.id,
                "points": 0,
                "order_id": self.id,
            }
        )

    # ------------------------------------------------------------
    # Spent points
    # ------------------------------------------------------------

    def _get_spent_postings(self, posted, source):
        """Return the postings so that the order has spent what its rewards cost now.

        :param posted: the points that it spent of one card, oldest first
        """
        card = posted[0].card
        rewards = self.order_line.filtered(lambda line: line.coupon_id == card)
        cost = to_units(sum(rewards.mapped("points_cost")))
        share = get_returned_cost_share(rewards, self._get_returned_lines())
        kept = cost - get_target_units(cost, share)
        total = sum(points.units for points in posted)
        values_list = []
        for points, target in get_targets(posted, total - min(kept, total)):
            values_list += self._get_reversal_postings(points, target, source)
        return values_list

    # ------------------------------------------------------------
    # Returned lines
    # ------------------------------------------------------------

    def _may_have_returns(self):
        """Return whether a line was credited, or will not be delivered in full."""
        self.ensure_one()
        return any(
            line._is_short()
            or any(
                billed.move_type == "out_refund" or billed.quantity < 0
                for billed in line.invoice_lines
            )
            for line in self.order_line
        )

    def _get_returned_shares(self):
        """Return the returned shares of lines: ``{line id: (amount, quantity)}``."""
        shares = {}
        for line, (amount, quantity) in self._get_returned_lines().items():
            by_quantity = quantity / abs(line.product_uom_qty or 1)
            by_amount = by_quantity
            if line.price_subtotal:
                by_amount = amount / abs(line.price_subtotal)
            shares[line.id] = (min(by_amount, 1), min(by_quantity, 1))
        return shares

    def _get_returned_lines(self):
        """Return the returned part of the lines: ``{line: (amount, quantity)}``.

        It is the sum of posted credit notes and negative invoice lines, less what was
        invoiced again, and what will never be delivered.
        """
        returned = {}
        for line in self.order_line:
            parts = line._get_returned_parts()
            if any(parts):
                returned[line] = parts
        return returned

    # ------------------------------------------------------------
    # What entries and orders keep
    # ------------------------------------------------------------

    def _store_missing_earnings(self):
        """Store what earned the points of entries that were posted without it.

        These are entries of a former version. The order shows it until it is changed.
        """
        for order in self:
            posted = order._get_posted_points()
            for points in order._group_posted(posted):
                if points[0].kind == "earn" and not any(p.earning for p in points):
                    order._store_earning(points)

    def _store_earning(self, posted):
        # The user need not have access to the program.
        program = posted[0].card.sudo().program_id
        order = self.with_company(self.company_id)
        kept = order._get_earning(program, sum(points.units for points in posted))
        kept.pop("spend", None)
        last = posted[-1]
        if last.origin:
            last.origin._store_earning(kept)

    def _store_terms(self, posted, terms):
        """Store terms with products that came to the order since."""
        for points in posted:
            if "terms" in points.earning:
                points.earning = points.earning | {"terms": terms.to_json()}
                points.origin._store_earning(points.earning)

    def _store_coupon_points(self, card, units):
        """Write what the order earns now where Odoo keeps it.

        Odoo gives the points of an order again if it finds none there.
        """
        # The user need not have access to the program or to coupon points.
        if not card.sudo().program_id.is_nominative:
            return
        order, points = self.sudo(), to_points(units)
        known = order.coupon_point_ids.filtered(lambda p: p.coupon_id == card)
        if not known:
            order.coupon_point_ids = [
                Command.create({"coupon_id": card.id, "points": points})
            ]
        elif known.points != points:
            known.points = points
            order._store_issued_points(card, points)

    def _store_issued_points(self, card, points):
        """Write the points where Odoo shows what the order issued."""
        domain = [
            ("card_id", "=", card.id),
            ("order_model", "=", self._name),
            ("order_id", "=", self.id),
        ]
        self.env["loyalty.history"].search(domain, limit=1).issued = points
