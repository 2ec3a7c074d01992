from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_health import HealthSign


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    sla_missed_count = fields.Integer(
        string="SLAs missed", readonly=True, fact="only", aggregator="sum"
    )
    sla_missed_date = fields.Date(
        string="Last SLA missed",
        readonly=True,
        fact="only",
        help="Day of the deadline that was missed last.",
    )

    @api.model
    def _get_overview_fact_names(self, short=False):
        facts = super()._get_overview_fact_names(short)
        return facts if short else {**facts, "sla_missed_count": None}

    @api.model
    def _get_health_signs(self):
        return [
            *super()._get_health_signs(),
            HealthSign(
                "watch",
                lambda days: Domain("sla_missed_date", ">", f"today -{days}d"),
                lambda days: self.env._(
                    "An SLA was missed in the last %(days)s days", days=days
                ),
                code="sla",
                name=self.env._("SLA missed within"),
                threshold=30,
            ),
        ]
