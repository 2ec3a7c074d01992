from odoo import models


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _lifecycle_timeline_sources(self, limit=None):
        """Add the results of return visits."""
        sources = super()._lifecycle_timeline_sources(limit)
        reached = self.env._("Return visit")
        missed = self.env._("Return visit: not reached")
        for result, label in (("reached", reached), ("not_reached", missed)):
            sources.append(
                self._get_events_sql(
                    "crm.lifecycle.visit",
                    [("profile_id", "=", self.id), ("result", "=", result)],
                    kind="service",
                    label=label,
                    date="date_done",
                    title="note",
                    detail="next_step",
                    limit=limit,
                )
            )
        return [source for source in sources if source]
