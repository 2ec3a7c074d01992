"""Purchases of a customer together with those of its subsidiaries."""

from odoo import api, fields, models


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    group_order_count = fields.Integer(
        string="Orders of the Group",
        compute="_compute_group_purchases",
        compute_sudo=False,
        help="Of the customer and its subsidiaries, as far as you may see them.",
    )
    group_order_total = fields.Monetary(
        string="Ordered by the Group",
        compute="_compute_group_purchases",
        compute_sudo=False,
        help="Of the customer and its subsidiaries, as far as you may see them.",
    )
    group_order_total_12m = fields.Monetary(
        string="Ordered by the Group in 12 Months",
        compute="_compute_group_purchases",
        compute_sudo=False,
        help="Of the customer and its subsidiaries, as far as you may see them.",
    )
    group_last_order_date = fields.Date(
        string="Last Order of the Group",
        compute="_compute_group_purchases",
        compute_sudo=False,
        help="Of the customer and its subsidiaries, as far as you may see them.",
    )

    @api.depends("order_count", "order_total", "order_total_12m", "last_order_date")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_group_purchases(self):
        """Add up the facts of the subsidiaries, which are in the same currency."""
        subsidiaries = self._get_subsidiaries()
        for profile in self:
            group = profile | subsidiaries.get(profile._origin.id, self.browse())
            profile.group_order_count = sum(group.mapped("order_count"))
            profile.group_order_total = sum(group.mapped("order_total"))
            profile.group_order_total_12m = sum(group.mapped("order_total_12m"))
            dates = [date for date in group.mapped("last_order_date") if date]
            profile.group_last_order_date = max(dates, default=False)
