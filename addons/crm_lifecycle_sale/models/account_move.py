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
        """Refresh the customers of deleted credit notes, which leave no row to find."""
        # `sudo()` also queues customers of orders that the user may not read.
        orders = (
            self.sudo()
            .filtered(lambda move: move.move_type == "out_refund")
            .line_ids.sale_line_ids.order_id
        )
        orders._mark_lifecycle_pending()
        return super().unlink()
