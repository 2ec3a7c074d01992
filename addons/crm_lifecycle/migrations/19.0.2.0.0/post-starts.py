"""Mark moves of the past that only said where customers were.

Before, a customer who entered a lifecycle got a move by rule for each stage on the way,
in activations and switches too, and reports counted them.
"""

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL
from odoo.tools.sql import table_exists

# The placement, and the origin that it has from now on.
PLACED = """
    CREATE TEMPORARY TABLE lifecycle_migrated ON COMMIT DROP AS
    SELECT h.id, h.profile_id, h.date, h.run_id, h.is_quiet,
           CASE WHEN h.from_stage_id IS NULL THEN 'start' ELSE 'switch' END AS origin
      FROM crm_lifecycle_history AS h
 LEFT JOIN crm_lifecycle_stage AS f ON f.id = h.from_stage_id
     WHERE h.origin = 'rule'
       AND (h.from_stage_id IS NULL OR f.lifecycle_id <> h.lifecycle_id)
"""
MARK_PLACED = """
    UPDATE crm_lifecycle_history AS h
       SET origin = m.origin,
           is_baseline = m.origin = 'switch' OR m.is_quiet IS TRUE
      FROM lifecycle_migrated AS m
     WHERE m.id = h.id
"""
# The quiet moves through further stages in the same run.
MARK_FURTHER = """
    UPDATE crm_lifecycle_history AS h
       SET origin = m.origin, is_baseline = TRUE
      FROM lifecycle_migrated AS m
     WHERE m.profile_id = h.profile_id AND m.date = h.date AND m.id < h.id
       AND m.run_id IS NOT DISTINCT FROM h.run_id
       AND m.is_quiet AND h.is_quiet AND h.origin = 'rule'
"""
MARK_TRANSFERS = """
    UPDATE crm_lifecycle_history AS h
       SET is_baseline = TRUE
      FROM crm_lifecycle_stage AS f
     WHERE f.id = h.from_stage_id AND f.lifecycle_id <> h.lifecycle_id
       AND h.origin = 'manual'
"""


def migrate(cr, version):
    for query in (PLACED, MARK_PLACED, MARK_FURTHER, MARK_TRANSFERS):
        cr.execute(query)
    Profile = api.Environment(cr, SUPERUSER_ID, {})["crm.lifecycle.profile"]
    cr.execute(
        SQL(
            """
            UPDATE crm_lifecycle_history AS h
               SET customer_date = %(day)s
              FROM crm_lifecycle_profile AS p
             WHERE p.id = h.profile_id AND h.is_baseline AND %(day)s <= h.date
            """,
            day=Profile._get_customer_date_sql(),
        )
    )
    if table_exists(cr, "crm_lifecycle_growth_watermark"):
        # The reports count all moves again.
        cr.execute("UPDATE crm_lifecycle_growth_watermark SET upto = 0, next_id = 0")
