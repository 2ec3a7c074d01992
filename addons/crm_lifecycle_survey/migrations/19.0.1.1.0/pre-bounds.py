"""Bring stored numbers and dates within the new bounds of their fields."""

from datetime import date

from odoo.addons.crm_lifecycle.storage import clamp_columns

DATES = date(1900, 1, 1), date(2199, 12, 31)
NUMBERS = -1_000_000, 1_000_000
DAYS = 0, 36500


def migrate(cr, version):
    clamp_columns(cr, "res_company", *DAYS, "lifecycle_survey_days")
    clamp_columns(cr, "crm_lifecycle_stage", *DAYS, "survey_after_days")
    clamp_columns(cr, "crm_lifecycle_stage", *DATES, "survey_since")
    scores = "nps_last", "ces_last", "csat_last"
    clamp_columns(cr, "crm_lifecycle_profile", *NUMBERS, *scores)
