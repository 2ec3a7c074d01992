"""Bring stored numbers and dates within the new bounds of their fields."""

from datetime import date

from odoo.addons.crm_lifecycle.storage import clamp_columns

DATES = date(1900, 1, 1), date(2199, 12, 31)


def migrate(cr, version):
    days = "lifecycle_purchase_watermark", "lifecycle_purchase_as_of"
    clamp_columns(cr, "res_company", *DATES, *days)
