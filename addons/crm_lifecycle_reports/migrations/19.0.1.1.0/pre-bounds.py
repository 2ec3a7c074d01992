"""Bring stored numbers and dates within the new bounds of their fields."""

from datetime import date

from odoo.addons.crm_lifecycle.storage import clamp_columns

DATES = date(1900, 1, 1), date(2199, 12, 31)


def migrate(cr, version):
    clamp_columns(
        cr, "spreadsheet_dashboard", 0, 1_000_000, "lifecycle_refresh_seconds"
    )
    clamp_columns(cr, "crm_lifecycle_mailing", *DATES, "next_date")
    clamp_columns(cr, "crm_lifecycle_print", *DATES, "date_from", "date_to")
