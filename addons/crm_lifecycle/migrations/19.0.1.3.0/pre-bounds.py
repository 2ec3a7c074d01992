"""Limit numbers and dates to the new bounds of their fields.

A day after year 9999 would be unreadable, and so would every list with it.
"""

from datetime import date

from odoo.tools import SQL

from odoo.addons.crm_lifecycle.storage import keep_within

DATES = date(1900, 1, 1), date(2199, 12, 31)
NUMBERS = -1_000_000, 1_000_000
DAYS = 0, 36500


def migrate(cr, version):
    keep_within(cr, "crm_lifecycle", *NUMBERS, "sequence", "version")
    keep_within(cr, "crm_lifecycle", *DATES, "activation_date")
    stage = "crm_lifecycle_stage"
    keep_within(cr, stage, *NUMBERS, "sequence", "color")
    keep_within(cr, stage, *DAYS, "follow_up_days", "rotting_threshold_days")
    keep_within(cr, stage, 1, 36500, "reentry_days")
    keep_within(cr, stage, *DATES, "follow_up_since")
    keep_within(cr, "crm_lifecycle_rule", *NUMBERS, "sequence")
    keep_within(cr, "crm_lifecycle_rule", *DAYS, "min_days")
    keep_within(cr, "crm_lifecycle_tag", *NUMBERS, "sequence", "color")
    for table in ("res_partner", "crm_lead"):
        keep_within(cr, table, *DATES, "lifecycle_objection_date")
    keep_within(cr, "res_company", 0, 1200, "lifecycle_retention_months")
    keep_within(cr, "crm_lifecycle_profile", *NUMBERS, "color")
    keep_within(cr, "crm_lifecycle_profile", *DATES, "pinned_until")
    keep_within_wizards(cr)
    look_again(cr)


def keep_within_wizards(cr):
    for table, column in (
        ("crm_lifecycle_compare", "as_of"),
        ("crm_lifecycle_preview", "as_of"),
        ("crm_lifecycle_test", "as_of"),
        ("crm_lifecycle_profile_call", "next_date"),
        ("crm_lifecycle_profile_pin", "pinned_until"),
        ("crm_lifecycle_transfer", "pinned_until"),
    ):
        keep_within(cr, table, *DATES, column)
    keep_within(cr, "crm_lifecycle_start", 0, 120, "replay_months")
    keep_within(cr, "crm_lifecycle_start_line", *NUMBERS, "value")


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
