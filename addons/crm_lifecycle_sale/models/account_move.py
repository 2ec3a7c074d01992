from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    _lifecycle_refund_idx = models.Index(
        "(company_id, invoice_date) WHERE move_type = 'out_refund'"
    )
    _lifecycle_refund_written_idx = models.Index(
        "(company_id, write_date) WHERE move_type = 'out_refund'"
    )

    def unlink(self):
        """A credit note that goes away leaves no row for the next run to find."""
        # Which orders they credit is noted for the runs, not shown.
        orders = (
            self.sudo()
            .filtered(lambda move: move.move_type == "out_refund")
            .line_ids.sale_line_ids.order_id
        )
        orders._touch_lifecycle()
        return super().unlink()
