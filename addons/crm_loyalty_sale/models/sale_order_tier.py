from odoo import models
from odoo.tools import float_round


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _multiply_by_tier(self, programs, result):
        """Multiply what members earn by their tier, in the points of an order.

        Where Odoo works out the points of an order, so that the preview on a
        quotation and what confirming it posts are the same number.

        :param result: what `_program_check_compute_points` returns; changed in place
        """
        multiplied = programs.filtered(
            lambda program: program.is_nominative and program._has_multiplier()
        )
        if not multiplied:
            return
        cards = self._get_cards_of_customer(multiplied)
        for program in multiplied:
            points = result.get(program, {}).get("points")
            if points and points[0]:
                times = program._get_multiplier(
                    cards.get(program, cards[None]), self.partner_id
                )
                points[0] = float_round(points[0] * times, precision_digits=2)

    def _get_cards_of_customer(self, programs):
        """Return the card of the customer in each program: the order's, if any."""
        # The tier of a member decides, whoever enters the order.
        Card = self.env["loyalty.card"].sudo()
        cards = self.sudo().coupon_point_ids.coupon_id.filtered(
            lambda card: card.active and card.partner_id == self.partner_id
        )
        others = programs - cards.program_id
        if others:
            cards |= Card.search(
                [
                    ("partner_id", "=", self.partner_id.id),
                    ("program_id", "in", others.ids),
                ]
            )
        return {None: Card} | {card.program_id.sudo(False): card for card in cards}
