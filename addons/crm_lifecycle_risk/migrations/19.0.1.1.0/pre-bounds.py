"""Bring stored numbers and dates within the new bounds of their fields."""

from datetime import date

from odoo.addons.crm_lifecycle.storage import keep_within

DATES = date(1900, 1, 1), date(2199, 12, 31)
NUMBERS = -1_000_000, 1_000_000
DAYS = 0, 36500


def migrate(cr, version):
    keep_within(cr, "crm_lifecycle_stage", *DAYS, "risk_days")
    days = "date_opened", "date_due", "date_closed"
    keep_within(cr, "crm_lifecycle_risk_case", *DATES, *days)
    keep_within(cr, "crm_lifecycle_risk_case", -1e13, 1e13, "amount")
    keep_within(cr, "crm_lifecycle_risk_case", *NUMBERS, "days")
    keep_within(cr, "crm_lifecycle_risk_reason", *NUMBERS, "sequence")
