from dateutil.relativedelta import relativedelta

from odoo import models

from odoo.addons.crm_lifecycle.engine.bounds import MAX_MONTHS
from odoo.addons.crm_lifecycle.fields import Integer


class ResCompany(models.Model):
    _inherit = "res.company"

    lifecycle_retention_months = Integer(
        minimum=0,
        maximum=MAX_MONTHS,
        string="Keep Customers Who Are Gone",
        groups="base.group_user",
        help="Months after which a customer who is lost or has ended is erased, if "
        "nothing happened since. 0: never.",
    )

    def _get_lifecycle_restore_limit(self):
        """Restore what was planned with customers only within the retention time."""
        limit = super()._get_lifecycle_restore_limit()
        # sudo: the retention time of a company is not confidential.
        months = self.sudo().lifecycle_retention_months
        if not months:
            return limit
        return self._lifecycle_today() - relativedelta(months=months)
