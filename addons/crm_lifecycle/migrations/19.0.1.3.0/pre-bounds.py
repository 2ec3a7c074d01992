"""Limit numbers and dates to the new bounds of their fields.

A day after year 9999 would be unreadable, and so would every list with it.
"""

from datetime import date

from odoo.tools import SQL

from odoo.addons.crm_lifecycle.storage import clamp_columns

DATES = date(1900, 1, 1), date(2199, 12, 31)
NUMBERS = -1_000_000, 1_000_000
DAYS = 0, 36500


def migrate(cr, version):
    clamp_columns(cr, "crm_lifecycle", *NUMBERS, "sequence", "version")
    clamp_columns(cr, "crm_lifecycle", *DATES, "activation_date")
    stage = "crm_lifecycle_stage"
    clamp_columns(cr, stage, *NUMBERS, "sequence", "color")
    clamp_columns(cr, stage, *DAYS, "follow_up_days", "rotting_threshold_days")
    clamp_columns(cr, stage, 1, 36500, "reentry_days")
    clamp_columns(cr, stage, *DATES, "follow_up_since")
    clamp_columns(cr, "crm_lifecycle_rule", *NUMBERS, "sequence")
    clamp_columns(cr, "crm_lifecycle_rule", *DAYS, "min_days")
    clamp_columns(cr, "crm_lifecycle_tag", *NUMBERS, "sequence", "color")
    for table in ("res_partner", "crm_lead"):
        clamp_columns(cr, table, *DATES, "lifecycle_objection_date")
    clamp_columns(cr, "res_company", 0, 1200, "lifecycle_retention_months")
    # Of the purchases by month, of an addon that is renamed later.
    days = "lifecycle_purchase_watermark", "lifecycle_purchase_as_of"
    clamp_columns(cr, "res_company", *DATES, *days)
    clamp_columns(cr, "crm_lifecycle_profile", *NUMBERS, "color")
    clamp_columns(cr, "crm_lifecycle_profile", *DATES, "pinned_until")
    clamp_columns_wizards(cr)
    look_again(cr)


def clamp_columns_wizards(cr):
    for table, column in (
        ("crm_lifecycle_compare", "as_of"),
        ("crm_lifecycle_preview", "as_of"),
        ("crm_lifecycle_test", "as_of"),
        ("crm_lifecycle_profile_call", "next_date"),
        ("crm_lifecycle_profile_pin", "pinned_until"),
        ("crm_lifecycle_transfer", "pinned_until"),
    ):
        clamp_columns(cr, table, *DATES, column)
    clamp_columns(cr, "crm_lifecycle_start", 0, 120, "replay_months")
    clamp_columns(cr, "crm_lifecycle_rebuild_start", 1, 120, "months")
    clamp_columns(cr, "crm_lifecycle_start_line", *NUMBERS, "value")


def look_again(cr):
    """Have the next run review customers with days computed from others."""
    cr.execute(
        SQL(
            """
            UPDATE crm_lifecycle_profile AS p
               SET review_date = CURRENT_DATE,
                   follow_up_date = CASE WHEN s.follow_up_days > 0 THEN LEAST(
                       GREATEST(p.stage_date, p.last_contact_date)
                       + s.follow_up_days, '9999-12-31') END
              FROM crm_lifecycle_profile AS q
         LEFT JOIN crm_lifecycle_stage AS s ON s.id = q.stage_id
             WHERE q.id = p.id
               AND GREATEST(p.review_date, p.follow_up_date) > %s
            """,
            DATES[1],
        )
    )
