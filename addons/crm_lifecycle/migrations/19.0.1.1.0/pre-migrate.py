"""Drop superfluous foreign keys and indexes of the first version."""

from odoo.tools import SQL, sql

SHARED = {
    "crm_lifecycle_profile": ["company_id", "lifecycle_id", "stage_id"],
    "crm_lifecycle_history": [
        "partner_id",
        "lead_id",
        "company_id",
        "lifecycle_id",
        "from_stage_id",
        "to_stage_id",
        "rule_id",
    ],
    "crm_lifecycle_touch": ["company_id"],
    "crm_lifecycle_run": ["company_id"],
}
INDEXES = {
    "crm_lifecycle_profile": ["company_id", "partner_id", "lead_id", "lifecycle_id"],
    "crm_lifecycle_history": ["profile_id", "lifecycle_id", "rule_id"],
    "crm_lifecycle_touch": ["company_id"],
    "crm_lifecycle_run": ["company_id"],
}


def migrate(cr, version):
    for table, columns in SHARED.items():
        for column in columns:
            cr.execute(
                SQL(
                    "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s",
                    SQL.identifier(table),
                    SQL.identifier(f"{table}_{column}_fkey"),
                )
            )
    for table, columns in INDEXES.items():
        for column in columns:
            sql.drop_index(cr, f"{table}__{column}_index", table)
