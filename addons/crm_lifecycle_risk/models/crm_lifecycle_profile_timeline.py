from odoo import models


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _lifecycle_timeline_sources(self, limit=None):
        """Add the opening and the outcome of cases."""
        sources = super()._lifecycle_timeline_sources(limit)
        mine = ("profile_id", "=", self.id)
        common = {
            "model": "crm.lifecycle.risk.case",
            "kind": "service",
            "title": "reason_id.name",
            "limit": limit,
        }
        closed = {
            **common,
            "date": "date_closed",
            "detail": "lesson",
            "amount": "amount",
        }
        sources += [
            self._get_events_sql(
                domain=[mine],
                label=self.env._("Risk case opened"),
                date="date_opened",
                **common,
            ),
            self._get_events_sql(
                domain=[mine, ("state", "=", "saved")],
                label=self.env._("Customer saved"),
                **closed,
            ),
            self._get_events_sql(
                domain=[mine, ("state", "=", "lost")],
                label=self.env._("Customer lost"),
                **closed,
            ),
        ]
        return [source for source in sources if source]
