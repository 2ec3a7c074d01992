from odoo import fields, models


class SpreadsheetDashboard(models.Model):
    """A dashboard may hang on a wall, where nobody reloads it."""

    _inherit = "spreadsheet.dashboard"

    refresh_seconds = fields.Integer(
        string="Refresh every (seconds)",
        help="An open dashboard fetches its figures again after so many seconds, and "
        "leaves the width of the screen to them. 0: only when it is opened.",
    )

    _refresh_check = models.Constraint(
        "CHECK (refresh_seconds >= 0)", "A dashboard can't be refreshed in the past."
    )
