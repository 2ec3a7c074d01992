"""Bring stored numbers and dates within the new bounds of their fields."""

from datetime import date

from odoo.addons.crm_lifecycle.storage import clamp_columns

DATES = date(1900, 1, 1), date(2199, 12, 31)
NUMBERS = -1_000_000, 1_000_000
DAYS = 0, 36500


def migrate(cr, version):
    clamp_columns(cr, "crm_lifecycle_stage", *DAYS, "visit_days")
    clamp_columns(cr, "crm_lifecycle_stage", *DATES, "visit_since")
    days = "date_due", "date_done", "next_date"
    clamp_columns(cr, "crm_lifecycle_visit", *DATES, *days)
    clamp_columns(cr, "crm_lifecycle_visit", *NUMBERS, "satisfaction_score")
    clamp_columns(cr, "crm_lifecycle_profile", *NUMBERS, "visit_satisfaction")
