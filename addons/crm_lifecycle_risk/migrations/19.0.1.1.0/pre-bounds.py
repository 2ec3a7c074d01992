"""Bring stored numbers and dates within the new bounds of their fields."""

from datetime import date

from odoo.addons.crm_lifecycle.storage import clamp_columns

DATES = date(1900, 1, 1), date(2199, 12, 31)
NUMBERS = -1_000_000, 1_000_000
DAYS = 0, 36500


def migrate(cr, version):
    clamp_columns(cr, "crm_lifecycle_stage", *DAYS, "risk_days")
    days = "date_opened", "date_due", "date_closed"
    clamp_columns(cr, "crm_lifecycle_risk_case", *DATES, *days)
    clamp_columns(cr, "crm_lifecycle_risk_case", -1e13, 1e13, "amount")
    clamp_columns(cr, "crm_lifecycle_risk_case", *NUMBERS, "days")
    clamp_columns(cr, "crm_lifecycle_risk_reason", *NUMBERS, "sequence")
