from odoo import api, fields, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class SaleOrder(models.Model):
    _inherit = "sale.order"

    _lifecycle_written_idx = watermark_index("write_date")
    _lifecycle_validity_idx = models.Index(
        "(company_id, validity_date) WHERE state IN ('draft', 'sent')"
    )

    lifecycle_profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        compute="_compute_lifecycle_profile_id",
        compute_sudo=False,
        groups="sales_team.group_sale_salesman",
    )
    lifecycle_stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage",
        compute="_compute_lifecycle_profile_id",
        compute_sudo=False,
        groups="sales_team.group_sale_salesman",
    )

    @api.depends("partner_id", "company_id")
    @api.depends_context("uid")
    def _compute_lifecycle_profile_id(self):
        """Find the customers in the orders' companies, those that the user sees."""
        # Whose contact it is tells which customer; nothing of the contact is shown.
        customers = {
            order: order.sudo().partner_id.commercial_partner_id for order in self
        }
        profiles = (
            self.env["crm.lifecycle.profile"]
            .with_context(active_test=False)
            .search_fetch(
                [
                    ("partner_id", "in", [c.id for c in customers.values()]),
                    ("company_id", "in", self.company_id.ids),
                ],
                ["partner_id", "company_id", "stage_id"],
            )
        )
        known = {
            (profile.partner_id.id, profile.company_id.id): profile
            for profile in profiles
        }
        for order, customer in customers.items():
            profile = known.get((customer.id, order.company_id.id))
            order.lifecycle_profile_id = profile
            order.lifecycle_stage_id = profile and profile.stage_id

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

    def action_open_lifecycle_profile(self):
        """Open the profile of the order's customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lifecycle.profile",
            "res_id": self.lifecycle_profile_id.id,
            "view_mode": "form",
        }
