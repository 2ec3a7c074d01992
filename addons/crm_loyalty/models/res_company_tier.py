from datetime import UTC

import pytz

from odoo import models


class ResCompany(models.Model):
    _inherit = "res.company"

    def _get_loyalty_day(self, moment):
        """Return the day of a naive UTC datetime in the company's time zone."""
        zone = pytz.timezone(self.crm_loyalty_tz or "UTC") if self else pytz.utc
        return moment.replace(tzinfo=UTC).astimezone(zone).date()
