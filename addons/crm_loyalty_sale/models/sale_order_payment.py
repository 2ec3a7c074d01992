from dataclasses import dataclass

from odoo import models

# Types of programs with rewards that pay an order instead of money.
PAYMENT_PROGRAM_TYPES = ("loyalty", "ewallet", "gift_card")


@dataclass(frozen=True)
class PaymentParts:
    """The payment of an order: total of the goods, and share paid with money."""

    goods: float
    share: float


class SaleOrder(models.Model):
    """When an order is paid, and points for what is paid with money."""

    _name = "sale.order"
    _inherit = ["sale.order", "crm.loyalty.paid.mixin"]

    # ------------------------------------------------------------
    # Paid
    # ------------------------------------------------------------

    def _filter_paid_for_points(self):
        return self.filtered(lambda order: order._is_paid_for_points())

    def _is_paid_for_points(self):
        """Extension point: return whether the order is paid, so points are released.

        All posted invoices are paid, and either the order is invoiced or its payment
        transactions cover it, as in the shop. An order is not paid if transactions
        refunded all that was paid.
        """
        self.ensure_one()
        # The user need not have access to invoices and transactions.
        order = self.sudo()
        invoices = order.invoice_ids.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_invoice"
        )
        if not all(invoice._is_paid_for_points() for invoice in invoices):
            return False
        paid, refunded = order._get_transaction_amounts()
        if refunded and order.currency_id.compare_amounts(paid, refunded) <= 0:
            return False
        return (
            order._is_invoiced_for_points(invoices)
            or order.currency_id.compare_amounts(paid - refunded, order.amount_total)
            >= 0
        )

    def _is_invoiced_for_points(self, invoices):
        """Return whether invoices cover more than a down payment, and nothing waits."""
        lines = invoices.invoice_line_ids.sale_line_ids & self.order_line
        return self.invoice_status != "to invoice" and not all(
            line.is_downpayment for line in lines
        )

    def _get_transaction_amounts(self):
        """Return the amounts that payment transactions paid and refunded.

        A transaction with a payment that was cancelled or reset has paid nothing.
        """
        done = self.transaction_ids | self.transaction_ids.child_transaction_ids
        done = done.filtered(
            lambda tx: (
                tx.state == "done"
                and tx.operation != "validation"
                and tx.payment_id.state not in ("draft", "canceled", "rejected")
            )
        )
        refunds = done.filtered(lambda tx: tx.operation == "refund")
        return (
            sum((done - refunds).mapped("amount")),
            -sum(refunds.mapped("amount")),
        )

    # ------------------------------------------------------------
    # Paid with money
    # ------------------------------------------------------------

    def _get_payment_parts(self, program):
        """Return the `PaymentParts` of the order; top-ups of the program are not goods.

        Discounts of other programs lower the total of the goods. Example: 100 of coffee
        less 10 by a promotion is 90; 30 of them paid with points leave a share of
        two thirds.
        """
        self.ensure_one()
        lines = self.order_line.filtered(lambda line: not line.display_type)
        # The user need not have access to the programs of rewards.
        paying = lines.filtered(
            lambda line: (
                line.reward_id.sudo().program_id.program_type in PAYMENT_PROGRAM_TYPES
            )
        )
        total = sum((lines - paying).mapped("price_total"))
        by_points = -sum(paying.mapped("price_total"))
        share = max(total - by_points, 0) / total if total > 0 else 0
        top_ups = self.env["sale.order.line"]
        if program.is_payment_program:
            top_ups = lines.filtered(
                lambda line: line.product_id in program.trigger_product_ids
            )
        goods = sum((lines - paying - top_ups).mapped("price_total"))
        return PaymentParts(max(goods, 0), min(share, 1))

    def _program_check_compute_points(self, programs):
        """Convert amounts, subtract what is paid with points, multiply by tiers."""
        result = super()._program_check_compute_points(programs)
        for program in programs:
            points = result.get(program, {}).get("points")
            if points and program.currency_id != self.currency_id:
                points[:] = self._get_points_in_currency(program, points)
            if points and program._earns_on_payment():
                points[0] = program._get_points_on_paid_share(self, points[0])
        self._multiply_by_tier(programs, result)
        return result

    def _update_programs_and_rewards(self):
        """Compute the points again after the rewards were updated.

        Odoo computes them before, with the former rewards of the order.
        """
        result = super()._update_programs_and_rewards()
        # The user need not have access to coupon points.
        earned = self.sudo().coupon_point_ids.filtered(
            lambda point: point.coupon_id.program_id._earns_on_payment()
        )
        programs = earned.coupon_id.program_id.sudo(False)
        status = programs and self._program_check_compute_points(programs)
        for point in earned:
            program = point.coupon_id.program_id.sudo(False)
            points = status[program].get("points")
            if program.is_nominative and points and point.points != points[0]:
                point.points = points[0]
        return result
