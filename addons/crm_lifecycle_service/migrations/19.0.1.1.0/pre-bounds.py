"""Bring stored numbers and dates within the new bounds of their fields."""

from odoo.addons.crm_lifecycle.storage import clamp_columns

NUMBERS = -1_000_000, 1_000_000


def migrate(cr, version):
    clamp_columns(cr, "crm_lifecycle_ticket_rule", *NUMBERS, "sequence")
