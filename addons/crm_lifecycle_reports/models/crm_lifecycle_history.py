from odoo import models

# Moves by which one profile became part of another.
MERGES = ("merge", "convert")
# What makes a row of history an entry of a customer into a stage. Queries say it as
# the index does, to the letter: the planner compares.
IS_ENTRY = (
    "profile_id IS NOT NULL AND from_stage_id IS DISTINCT FROM to_stage_id "
    f"AND origin NOT IN {MERGES} AND is_voided IS NOT TRUE"
)


class CrmLifecycleHistory(models.Model):
    """Of millions of moves, reports read a few columns from indexes alone.

    Cohorts by stage ask who entered it and when; playbooks, by which move a customer
    left a stage.
    """

    _inherit = "crm.lifecycle.history"

    _entry_idx = models.Index(
        f"(to_stage_id, profile_id, date) INCLUDE (company_id) WHERE {IS_ENTRY}"
    )
    _next_idx = models.Index(
        "(profile_id, id) INCLUDE (from_stage_id, to_stage_id, date)"
    )
