from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import float_round
from odoo.tools.misc import clean_context


class SaleOrder(models.Model):
    """Cards and coupons of quotations: who may redeem them, and for how much."""

    _inherit = "sale.order"

    # ------------------------------------------------------------
    # Enough points
    # ------------------------------------------------------------

    def _round_spendable(self, coupon, points):
        """Round points that can be spent down to the rounding of the program.

        Odoo rounds to the nearest, so that a reward of 10 is offered for 9.996 points.

        :param points: the points, computed from those that Odoo has rounded
        """
        earned = sum(
            # The user need not have access to coupon points.
            self.sudo()
            .coupon_point_ids.filtered(lambda point: point.coupon_id == coupon)
            .mapped("points")
        )
        rounding = coupon.currency_id.rounding
        exact = coupon.points
        if self.state not in ("sale", "done"):
            if coupon.program_id.applies_on != "future":
                exact += earned
            exact -= sum(
                self.order_line.filtered(lambda line: line.coupon_id == coupon).mapped(
                    "points_cost"
                )
            )
        points += exact - coupon.currency_id.round(exact)
        method = "DOWN" if points >= 0 else "UP"
        return float_round(points, precision_rounding=rounding, rounding_method=method)

    def _get_reward_line_values(self, reward, coupon, **kwargs):
        """Limit the cost to the points, which rounding in two currencies may exceed."""
        values_list = super()._get_reward_line_values(reward, coupon, **kwargs)
        if reward.discount_mode == "per_point":
            points = max(self._get_real_points_for_coupon(coupon), 0)
            for values in values_list:
                values["points_cost"] = min(values.get("points_cost", 0), points)
        return values_list

    # ------------------------------------------------------------
    # Owners
    # ------------------------------------------------------------

    def _try_apply_code(self, code):
        """Refuse a personal coupon of another customer."""
        # Only the owner is compared; the user need not have access to the coupon.
        coupon = self.env["loyalty.card"].sudo().search([("code", "=", code)])
        if coupon and not coupon._filter_redeemable_by(self.partner_id):
            return {"error": self._get_foreign_card_text(coupon)}
        return super()._try_apply_code(code)

    def _apply_program_reward(self, reward, coupon, **kwargs):
        """Refuse a reward from a personal coupon or card of another customer."""
        if coupon and not coupon._filter_redeemable_by(self.partner_id):
            return {"error": self._get_foreign_card_text(coupon)}
        return super()._apply_program_reward(reward, coupon, **kwargs)

    def _get_claimable_rewards(self, forced_coupons=None):
        """Leave out rewards from personal coupons and cards of other customers."""
        rewards = super()._get_claimable_rewards(forced_coupons=forced_coupons)
        cards = self.env["loyalty.card"].union(*rewards)
        for card in cards - cards._filter_redeemable_by(self.partner_id):
            del rewards[card]
        return rewards

    def _check_card_owners(self):
        """Raise ValidationError for rewards from cards of other customers."""
        for order in self:
            foreign = order._get_foreign_cards()
            if foreign:
                raise ValidationError(
                    self.env._(
                        "“%(card)s” is personal, and %(order)s is for another customer "
                        "than its owner. Remove its reward from %(order)s, or choose "
                        "the owner as the customer.",
                        card=foreign[0].display_name,
                        order=order.name,
                    )
                )

    def _get_foreign_cards(self):
        """Return the cards of rewards that the customer may not redeem."""
        self.ensure_one()
        cards = self.order_line.coupon_id
        return cards and cards - cards._filter_redeemable_by(self.partner_id)

    @api.model
    def _get_foreign_card_text(self, card):
        return self.env._(
            "“%(card)s” is personal: only its owner can redeem it. Sign in as the "
            "owner, choose the owner as the customer of the order, or use another "
            "coupon.",
            # The name is that of a program with a code that the user has entered.
            card=card.sudo().display_name,
        )

    # ------------------------------------------------------------
    # Changes of the customer
    # ------------------------------------------------------------

    def _get_customers_before(self, vals):
        """Return ``{quotation: customer}`` of quotations that may change hands."""
        if "partner_id" not in vals:
            return {}
        return {
            order: order.partner_id
            for order in self
            if order.state in ("draft", "sent")
            and order.partner_id.id != vals["partner_id"]
        }

    def _update_cards_of_customer(self, before):
        """Replace the cards of former customers on quotations.

        Rewards from their cards leave the quotation, and the new customer earns.
        """
        for order, partner in before.items():
            if order.partner_id == partner:
                continue
            # Users who change a customer need not have access to the cards.
            context = clean_context(self.env.context)
            quotation = order.with_env(self.env(su=True, context=context))
            if (
                quotation.coupon_point_ids
                or quotation.applied_coupon_ids
                or quotation.order_line.coupon_id
            ):
                quotation._remove_foreign_cards()
                quotation._update_programs_and_rewards()

    def _remove_foreign_cards(self):
        """Remove what the cards of other customers pay and earn on a quotation."""
        self.ensure_one()
        earned = self.coupon_point_ids.filtered(
            lambda point: (
                point.coupon_id.partner_id
                and not point.coupon_id.partner_id.is_public
                and point.coupon_id.partner_id != self.partner_id
            )
        )
        earned |= self._get_points_of_guest()
        # Coupons for the next order were made for whoever places this one.
        future = earned.filtered(
            lambda point: (
                point.coupon_id.order_id == self
                and not point.coupon_id.program_id.is_nominative
            )
        )
        future.coupon_id.partner_id = self.partner_id
        (earned - future).unlink()
        applied = self.applied_coupon_ids
        self.applied_coupon_ids = applied._filter_redeemable_by(self.partner_id)
        foreign = self._get_foreign_cards()
        if foreign:
            lines = self.order_line.filtered(lambda line: line.coupon_id in foreign)
            body = self._get_removed_rewards_text(lines)
            lines.unlink()
            self._message_log(body=body)

    def _get_points_of_guest(self):
        """Return points of the public user for which the customer has another card.

        Odoo gives the other cards of the public user to the customer.
        """
        points = self.coupon_point_ids.filtered(
            lambda point: (
                point.coupon_id.partner_id.is_public
                and point.coupon_id.program_id.is_nominative
            )
        )
        cards = points and self.env["loyalty.card"].search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("program_id", "in", points.coupon_id.program_id.ids),
            ]
        )
        return points.filtered(
            lambda point: point.coupon_id.program_id in cards.program_id
        )

    def _get_removed_rewards_text(self, lines):
        return self.env._(
            "Rewards that left the quotation with its former customer: %(rewards)s.",
            rewards=", ".join(
                self.env._(
                    "%(reward)s (paid by “%(card)s”)",
                    reward=line.reward_id.description or line.name,
                    card=line.coupon_id.display_name,
                )
                for line in lines.filtered("points_cost") or lines
            ),
        )

    # ------------------------------------------------------------
    # Merges
    # ------------------------------------------------------------

    @api.model
    def _search_open_orders(self, cards):
        """Return the quotations with rewards, points or codes of cards."""
        return self.search(
            Domain("state", "in", ("draft", "sent"))
            & (
                Domain("order_line.coupon_id", "in", cards.ids)
                | Domain("coupon_point_ids.coupon_id", "in", cards.ids)
                | Domain("applied_coupon_ids", "in", cards.ids)
            )
        )

    def _replace_cards(self, cards, kept):
        """Replace merged cards by the card that is kept."""
        self.order_line.filtered(lambda line: line.coupon_id in cards).coupon_id = kept
        for order in self:
            if order.applied_coupon_ids & cards:
                order.applied_coupon_ids = order.applied_coupon_ids - cards | kept
            points = order.coupon_point_ids.filtered(
                lambda point: point.coupon_id in cards
            )
            # An order has one row for each card.
            others = points if kept in order.coupon_point_ids.coupon_id else points[1:]
            (points - others).coupon_id = kept
            others.unlink()
