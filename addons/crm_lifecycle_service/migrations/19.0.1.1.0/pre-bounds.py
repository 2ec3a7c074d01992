"""Bring stored numbers and dates within the new bounds of their fields."""

from odoo.addons.crm_lifecycle.storage import keep_within

NUMBERS = -1_000_000, 1_000_000


def migrate(cr, version):
    keep_within(cr, "crm_lifecycle_ticket_rule", *NUMBERS, "sequence")
