from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from odoo.addons.crm_loyalty.engine.ledger import to_points, to_units


class SaleOrder(models.Model):
    """Ledger entries for the points that an order earns and spends.

    Odoo computes the points and writes the balance. The entries list earned and spent
    points separately, with the order as their source.
    """

    _inherit = "sale.order"

    crm_loyalty_points_round = fields.Integer(
        string="Points Round",
        copy=False,
        readonly=True,
        help="How often the order was cancelled after it had been confirmed.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            # Override defaults, which the client may send.
            vals_list = [{**vals, "crm_loyalty_points_round": 0} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        if "crm_loyalty_points_round" in vals and not self.env.su:
            raise AccessError(
                self.env._("How often an order was cancelled is counted by the order.")
            )
        customers = self._get_customers_before(vals)
        if "order_line" in vals:
            with self._sync_changed_points() as orders:
                result = super(SaleOrder, orders).write(vals)
        else:
            result = super().write(vals)
        self._update_cards_of_customer(customers)
        return result

    def _get_entry_key_prefix(self):
        """Return the prefix of the posting keys of this confirmation."""
        self.ensure_one()
        return f"sale.order:{self.id}:{self.crm_loyalty_points_round}:"

    # ------------------------------------------------------------
    # Confirmation
    # ------------------------------------------------------------

    def action_confirm(self):
        """Post the points that orders earn and spend, as one set.

        The cards are locked and read before the checks, so that they can't change
        until the points are posted, and each card is read once.
        """
        orders = self.filtered(lambda order: order.state != "sale")
        # A user who confirms an order need not have access to its coupon points.
        cards = orders.sudo().coupon_point_ids.coupon_id | orders.order_line.coupon_id
        with self.env["loyalty.card"]._collect_points(
            orders._get_confirmation_postings,
            cards=cards,
            keys=[
                f"{order._get_entry_key_prefix()}{kind}"
                for order in orders
                for kind in ("earn", "burn")
            ],
        ):
            orders._check_card_owners()
            orders._check_points_available()
            return super().action_confirm()

    def _check_points_available(self):
        """Raise ValidationError if a card lacks points for its reward."""
        for order in self:
            for coupon in order.order_line.coupon_id:
                if order._get_real_points_for_coupon(coupon) >= 0:
                    continue
                raise ValidationError(
                    self.env._(
                        "The reward from “%(card)s” needs more points than can be "
                        "spent: the balance was spent meanwhile, or points are still "
                        "pending. Take the reward off %(order)s, or choose a smaller "
                        "one.",
                        card=coupon.display_name,
                        order=order.name,
                    )
                )

    def _get_confirmation_postings(self, changes):
        """Return the postings for points that the confirmed orders earn and spend."""
        left = dict(changes)
        earned, spent = [], []
        for order in self.filtered(lambda order: order.state == "sale"):
            base = {"source": order, "reason": order.name}
            prefix = order._get_entry_key_prefix()
            units_earned = order._get_units_earned()
            for card, units in units_earned.items():
                if units and card in left:
                    values = {
                        "card": card,
                        "points": to_points(units),
                        "kind": "earn",
                        "key": f"{prefix}earn",
                        "earning": order._get_card_earning(card, units_earned),
                    }
                    earned.append(values | base)
                    left[card] -= units
            for card, units in order._get_units_spent().items():
                if units and card in left:
                    key, points = f"{prefix}burn", to_points(-units)
                    spent.append(
                        {"card": card, "points": points, "kind": "burn", "key": key}
                        | base
                    )
                    left[card] += units
        return earned + spent + self._get_other_postings(left)

    def _get_other_postings(self, changes):
        """Return the postings for points that other code changed meanwhile."""
        changes = {card: units for card, units in changes.items() if units}
        if not changes:
            return []
        order = self if len(self) == 1 else None
        return [
            {
                "card": card,
                "points": to_points(units),
                "kind": "earn" if units > 0 else "burn",
                "key": order and order._get_change_key(),
                "source": order,
                "reason": order and order.name,
                "unchecked": True,
                "earning": {"other": True} if order else None,
            }
            for card, units in changes.items()
        ]

    def _get_added_postings(self, changes):
        """Return the postings for points of a program added to a confirmed order."""
        values_list = self._get_other_postings(changes)
        for values in values_list:
            if values["kind"] == "earn":
                card = values["card"]
                kept = self._get_card_earning(card, {card: changes[card]})
                if kept:
                    kept["base"] = round(values["points"] / kept["times"], 2)
                values["earning"] = kept
        return values_list

    def _get_card_earning(self, card, units):
        """Return what the earn entry of a card keeps, of ``{card: units}``.

        Points of a program that only applies to this order end with it.
        """
        # The user need not have access to the program.
        program = card.sudo().program_id
        if program.applies_on == "current":
            return None
        mine = sum(u for c, u in units.items() if c.sudo().program_id == program)
        kept = self._get_earning(program, mine)
        if mine != units[card]:
            kept["lines"] = {
                line: to_points(round(to_units(points) * units[card] / mine))
                for line, points in kept["lines"].items()
            }
        return kept

    def _get_units_earned(self):
        """Return ``{card: units}`` that the order earns."""
        self.ensure_one()
        units = {}
        # A user who confirms an order need not have access to its coupon points.
        for point in self.sudo().coupon_point_ids:
            card = point.coupon_id
            units[card] = units.get(card, 0) + to_units(point.points)
        return units

    def _get_units_spent(self):
        """Return ``{card: units}`` that the rewards of the order cost."""
        self.ensure_one()
        units = {}
        for line in self.order_line:
            if line.reward_id and line.coupon_id:
                card = line.coupon_id
                units[card] = units.get(card, 0) + to_units(line.points_cost)
        return units

    # ------------------------------------------------------------
    # Spendable points
    # ------------------------------------------------------------

    def _get_real_points_for_coupon(self, coupon, post_confirm=False):
        """Subtract pending points, including those of this order.

        Customers with a debt can still order: without a reward, the result is at
        least 0.
        """
        points = super()._get_real_points_for_coupon(coupon, post_confirm=post_confirm)
        # The user need not have access to the card.
        coupon = coupon.sudo()
        program = coupon.program_id
        points -= coupon.crm_loyalty_points_locked
        if self.state not in ("sale", "done"):
            if (
                program.crm_loyalty_pending_policy != "none"
                and program.applies_on != "future"
            ):
                # The user need not have access to coupon points.
                points -= sum(
                    point.points
                    for point in self.sudo().coupon_point_ids
                    if point.coupon_id == coupon
                )
            if not self._get_units_spent().get(coupon):
                points = max(points, 0)
        return self._round_spendable(coupon, points)

    def _add_points_for_coupon(self, coupon_points):
        """Post the additional points of a confirmed order."""
        if self.state != "sale":
            return super()._add_points_for_coupon(coupon_points)
        with self.env["loyalty.card"]._collect_points(self._get_added_postings):
            return super()._add_points_for_coupon(coupon_points)
