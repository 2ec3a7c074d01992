from odoo import api, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index

from .crm_lifecycle_purchase_channel_pos import COUNTED_STATES


class PosOrder(models.Model):
    """Show the stage of the customer on till orders, and update it on payment."""

    _name = "pos.order"
    _inherit = ["crm.lifecycle.customer.mixin", "pos.order"]

    _lifecycle_written_idx = watermark_index("write_date")

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders._filter_counted()._mark_lifecycle_pending()
        return orders

    def write(self, vals):
        """Evaluate the customer of a paid order within a minute.

        Closing a session writes orders that are paid already: it costs no more.
        """
        paid = self.browse()
        if vals.get("state") in COUNTED_STATES:
            paid = self - self._filter_counted()
        result = super().write(vals)
        paid._mark_lifecycle_pending()
        return result

    def unlink(self):
        """Read deleted orders again, and what they refunded: they leave no row."""
        # sudo: the ledger follows the orders, regardless of the user's access.
        refunded = self.sudo().lines.refunded_orderline_id.order_id
        self.env["crm.lifecycle.purchase.pending"]._mark_pending(
            "pos", (self | refunded).ids
        )
        return super().unlink()

    def _filter_counted(self):
        """Return the orders that are paid."""
        return self.filtered(lambda order: order.state in COUNTED_STATES)

    def _mark_lifecycle_pending(self):
        """Add the customers of the orders to the work list, and trigger a run.

        The run finds the orders by their dates of writing, with the customers of other
        orders that they refund.
        """
        Pending = self.env["crm.lifecycle.pending"]
        # `sudo()` also queues customers that the user may not read.
        for company, orders in self.sudo().grouped("company_id").items():
            Pending._mark_pending(company, partners=orders.partner_id)
        if self:
            Pending._trigger_run()
