from odoo import api, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class SaleOrder(models.Model):
    """Show the stage of the customer on orders, and update it on confirmation."""

    _name = "sale.order"
    _inherit = ["crm.lifecycle.customer.mixin", "sale.order"]

    _lifecycle_written_idx = watermark_index("write_date")
    _lifecycle_validity_idx = models.Index(
        "(company_id, validity_date) WHERE state IN ('draft', 'sent')"
    )
    # First contact, and open quotations, of a customer.
    _lifecycle_created_idx = models.Index("(partner_id, company_id, create_date)")
    _lifecycle_open_idx = models.Index("(partner_id) WHERE state IN ('draft', 'sent')")

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders._mark_lifecycle_pending()
        return orders

    def unlink(self):
        """Remove the purchases of deleted orders, which leave no row to find."""
        self._mark_lifecycle_pending()
        Pending = self.env["crm.lifecycle.purchase.pending"]
        Pending._mark_pending("sale", self.ids)
        # sudo: their invoices no longer belong to an order, even ones that the user may
        # not read.
        invoices = self.sudo().order_line.invoice_lines.move_id
        Pending._mark_pending("invoice", invoices.ids)
        return super().unlink()

    def _action_confirm(self):
        """Evaluate the customer within a minute."""
        result = super()._action_confirm()
        self._mark_lifecycle_pending()
        return result

    def _action_cancel(self):
        result = super()._action_cancel()
        self._mark_lifecycle_pending()
        return result

    def _mark_lifecycle_pending(self):
        """Add the customers of the orders to the work list, and trigger a run."""
        Pending = self.env["crm.lifecycle.pending"]
        # `sudo()` also queues customers that the user may not read.
        for company, orders in self.sudo().grouped("company_id").items():
            Pending._mark_pending(company, partners=orders.partner_id)
        if self:
            Pending._trigger_run()
