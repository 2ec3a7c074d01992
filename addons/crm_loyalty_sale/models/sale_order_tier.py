from odoo import models
from odoo.tools import float_round


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _multiply_by_tier(self, programs, result):
        """Multiply the points of an order by the tier of the customer.

        This is part of Odoo's computation of points, so that a quotation shows the
        same points that its confirmation posts.

        :param result: the result of `_program_check_compute_points`, changed in place
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
        """Return ``{program: card}`` of the customer, preferring cards of the order.

        The key None has an empty card.
        """
        # The user need not have access to the card.
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
