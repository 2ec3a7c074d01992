from odoo import api, models

# Origins of moves that merge one profile into another.
MERGE_ORIGINS = ("merge", "convert")
# Condition for rows that enter a stage. Queries must repeat it exactly as in the index,
# or the planner does not use the index.
IS_ENTRY = (
    "profile_id IS NOT NULL AND from_stage_id IS DISTINCT FROM to_stage_id "
    f"AND origin NOT IN {MERGE_ORIGINS} AND is_voided IS NOT TRUE "
    "AND is_baseline IS NOT TRUE"
)


class CrmLifecycleHistory(models.Model):
    """Add indexes for reports, which read a few columns of millions of moves.

    Cohorts by stage need who entered it and when. Playbook reports need the move by
    which a customer left a stage.
    """

    _inherit = "crm.lifecycle.history"

    _entry_idx = models.Index(
        f"(to_stage_id, profile_id, date) INCLUDE (company_id) WHERE {IS_ENTRY}"
    )
    _next_idx = models.Index(
        "(profile_id, id) INCLUDE (from_stage_id, to_stage_id, date)"
    )

    @api.model
    def _after_rebuild(self, profile_ids):
        """Have the growth of customers with a rebuilt past computed again."""
        result = super()._after_rebuild(profile_ids)
        self.env["crm.lifecycle.growth.event"]._mark_stale(profile_ids)
        return result
