from odoo import api, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class SaleOrder(models.Model):
    """An order shows where its customer stands, and may move them."""

    _name = "sale.order"
    _inherit = ["crm.lifecycle.document", "sale.order"]

    _lifecycle_written_idx = watermark_index("write_date")
    _lifecycle_validity_idx = models.Index(
        "(company_id, validity_date) WHERE state IN ('draft', 'sent')"
    )

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders._touch_lifecycle()
        return orders

    def write(self, vals):
        """What an order leaves (a customer, a company) has no row to find."""
        if vals.keys() & {"partner_id", "company_id"}:
            self._touch_lifecycle()
            result = super().write(vals)
            self._touch_lifecycle()
            return result
        return super().write(vals)

    def unlink(self):
        self._touch_lifecycle()
        return super().unlink()

    def _action_confirm(self):
        """Let the order move its customer within a minute."""
        result = super()._action_confirm()
        self._touch_lifecycle()
        return result

    def _action_cancel(self):
        result = super()._action_cancel()
        self._touch_lifecycle()
        return result

    def _touch_lifecycle(self):
        """Put the customers of the orders on the work list, and have it looked at."""
        Touch = self.env["crm.lifecycle.touch"]
        # Which customer an order belongs to is noted for the runs, not shown.
        for company, orders in self.sudo().grouped("company_id").items():
            Touch._touch(company, partners=orders.partner_id)
        if self:
            Touch._trigger_run()
