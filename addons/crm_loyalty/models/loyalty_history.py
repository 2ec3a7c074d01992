from odoo import api, models
from odoo.exceptions import AccessError


class LoyaltyHistory(models.Model):
    """Odoo's own history of orders, which users can't write."""

    _inherit = "loyalty.history"

    @api.model_create_multi
    def create(self, vals_list):
        self._check_may_write()
        return super().create(vals_list)

    def write(self, vals):
        self._check_may_write()
        return super().write(vals)

    def unlink(self):
        self._check_may_write()
        return super().unlink()

    def _check_may_write(self):
        """Allow only code to write, such as that of orders and wizards."""
        if self.env.su or self.env["loyalty.card"]._get_points_collector():
            return
        raise AccessError(
            self.env._(
                "The history of points is written by orders and adjustments. Adjust "
                "the points of the card instead."
            )
        )
