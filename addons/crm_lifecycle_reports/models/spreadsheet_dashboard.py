from odoo import models

from odoo.addons.crm_lifecycle.fields import Integer


class SpreadsheetDashboard(models.Model):
    """Let dashboards refresh automatically, for screens on a wall."""

    _inherit = "spreadsheet.dashboard"

    lifecycle_refresh_seconds = Integer(
        minimum=0,
        string="Refresh every (seconds)",
        help="An open dashboard fetches its figures again after so many seconds, and "
        "leaves the width of the screen to them. 0: only when it is opened.",
    )
